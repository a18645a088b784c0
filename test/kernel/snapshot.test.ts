import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { deserialize, serialize } from 'node:v8'
import {
  askedOnce,
  entryAt,
  mayRead,
  pathsLike,
  readBytes,
  readingBy,
  readText,
  realPath,
  type Snapshot,
} from '../../src/kernel/snapshot.ts'

describe('a snapshot', () => {
  it('says what files said, in another process too, whatever has become of them', async (t) => {
    const dir = await folder(t)
    await writeFile(join(dir, 'a.txt'), 'before')
    const look = () => ({
      text: readText(join(dir, 'a.txt')),
      bytes: [...readBytes(join(dir, 'a.txt'))],
      entries: [entryAt(join(dir, 'a.txt')), entryAt(dir)?.kind, entryAt(join(dir, 'none'))],
      readable: [mayRead(join(dir, 'a.txt')), mayRead(join(dir, 'none'))],
      path: realPath(join(dir, '.', 'a.txt')),
      paths: pathsLike('*.txt', dir),
    })
    const snapshot: Snapshot = new Map()
    const before = readingBy(snapshot, look)
    assert.equal(before.text, 'before')
    await rm(dir, { recursive: true })
    assert.deepEqual(readingBy(deserialize(serialize(snapshot)) as Snapshot, look), before)
    assert.throws(look, { code: 'ENOENT' })
  })

  it('keeps that a file could not be read, and why', async (t) => {
    const dir = await folder(t)
    const snapshot: Snapshot = new Map()
    const file = join(dir, 'later.txt')
    assert.throws(() => readingBy(snapshot, () => readText(file)), { code: 'ENOENT' })
    await writeFile(file, 'there')
    assert.throws(() => readingBy(snapshot, () => readText(file)), { code: 'ENOENT' })
    assert.equal(readText(file), 'there')
  })

  it('asks a service once, and again where it did not answer', async () => {
    const snapshot: Snapshot = new Map()
    let asked = 0
    const ask = () =>
      readingBy(snapshot, () =>
        askedOnce('how many', async () => {
          asked += 1
          if (asked === 1) throw new Error('not there')
          return asked
        }),
      )
    await assert.rejects(ask(), /not there/)
    assert.deepEqual([await ask(), await ask()], [2, 2])
    assert.equal(await askedOnce('how many', () => Promise.resolve(0)), 0)
  })

  it('is of one reading: others meanwhile see the files', async (t) => {
    const dir = await folder(t)
    const file = join(dir, 'a.txt')
    await writeFile(file, 'before')
    const snapshot: Snapshot = new Map()
    await readingBy(snapshot, async () => {
      assert.equal(readText(file), 'before')
      await writeFile(file, 'after')
      assert.equal(readText(file), 'before')
    })
    assert.equal(readText(file), 'after')
  })
})

const folder = async (t: TestContext): Promise<string> => {
  const dir = await mkdtemp(join(tmpdir(), 'portico-snapshot-'))
  await mkdir(dir, { recursive: true })
  t.after(() => rm(dir, { recursive: true, force: true }))
  return dir
}
