import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { cp, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { watchWorkspace } from '../../src/runtime/watch.ts'
import { type Files, layWorkspace } from '../support/gateway.ts'
import { until } from '../support/until.ts'

describe('watchWorkspace', () => {
  it('tells once of a file that is written in pieces', async (t) => {
    const { dir, changes, quiet } = await watching(t)
    for (const part of ['li', 'listen: ', 'listen: 127.0.0.1:0\n']) writeFileSync(join(dir, 'portico.yaml'), part)
    await changes(1)
    await quiet()
  })

  it('does not wait for ever for a file that is written without a pause', async (t) => {
    const { dir, changes } = await watching(t)
    const writing = setInterval(() => writeFileSync(join(dir, 'portico.yaml'), `# ${Date.now()}`), 20)
    await changes(1).finally(() => clearInterval(writing))
  })

  it('tells of a folder that was removed, and of it and its files when they are back', async (t) => {
    const { dir, write, changes } = await watching(t)
    await rm(join(dir, 'schema'), { recursive: true })
    await changes(1)
    await write('schema/app.graphql', 'type Query { a: Int }')
    await changes(2)
    await write('schema/app.graphql', 'type Query { b: Int }')
    await changes(3)
    await write('schema/operations/word.graphql', 'query A { b }')
    await changes(4)
  })

  it('tells of a named file that was removed and is back, time and again', async (t) => {
    const { dir, write, changes } = await watching(t)
    for (let turn = 0; turn < 3; turn += 1) {
      await rm(join(dir, 'keys/ca.pem'))
      await changes(2 * turn + 1)
      await write('keys/ca.pem', `again ${turn}`)
      await changes(2 * turn + 2)
    }
  })

  it('tells of the whole workspace that was moved away, and of another in its place', async (t) => {
    const { dir, write, changes } = await watching(t)
    await cp(dir, `${dir}-next`, { recursive: true })
    await rename(dir, `${dir}-before`)
    t.after(() => rm(`${dir}-before`, { recursive: true }))
    await changes(1)
    await rename(`${dir}-next`, dir)
    await changes(2)
    await write('portico.yaml', 'listen: 127.0.0.1:1\n')
    await changes(3)
    await write('schema/app.graphql', 'type Query { b: Int }')
    await changes(4)
  })

  it('tells of a link to the workspace that is set anew, and watches where it leads', async (t) => {
    const other = await layWorkspace(files)
    const { dir, changes } = await watching(t, { linked: true })
    await symlink(other.dir, `${dir}.tmp`)
    t.after(other.remove)
    await rename(`${dir}.tmp`, dir)
    await changes(1)
    await writeFile(join(other.dir, 'schema/app.graphql'), 'type Query { b: Int }')
    await changes(2)
  })

  it('tells of secrets and certificates of another volume that is swapped by its links', async (t) => {
    const volume = await layWorkspace({ '..1/ca.pem': 'one', '..1/token': 'one' })
    t.after(volume.remove)
    await symlink('..1', join(volume.dir, '..data'))
    for (const file of ['ca.pem', 'token']) await symlink(`..data/${file}`, join(volume.dir, file))
    const { changes } = await watching(t, { more: [join(volume.dir, 'ca.pem'), join(volume.dir, 'token')] })
    for (let turn = 2; turn < 5; turn += 1) {
      await mkdir(join(volume.dir, `..${turn}`))
      for (const file of ['ca.pem', 'token']) await writeFile(join(volume.dir, `..${turn}/${file}`), `${turn}`)
      await symlink(`..${turn}`, join(volume.dir, '..data_tmp'))
      await rename(join(volume.dir, '..data_tmp'), join(volume.dir, '..data'))
      await rm(join(volume.dir, `..${turn - 1}`), { recursive: true })
      await changes(turn - 1)
    }
  })

  it('goes on after a reload that failed, and tells of the failure', async (t) => {
    const { write, changes, failures, fail } = await watching(t)
    fail(new Error('not today'))
    await write('portico.yaml', 'a')
    await changes(1)
    await write('portico.yaml', 'b')
    await changes(2)
    assert.deepEqual(failures, [new Error('not today')])
  })
})

const files: Files = {
  'portico.yaml': 'listen: 127.0.0.1:0\n',
  'schema/app.graphql': 'type Query { a: Int }',
  'schema/operations/word.graphql': 'query A { a }',
  'protos/word.proto': '',
  'keys/ca.pem': 'one',
}

type Watched = { readonly more?: readonly string[]; readonly linked?: boolean }

const watching = async (t: TestContext, { more = [], linked = false }: Watched = {}) => {
  const laid = await layWorkspace(files)
  const dir = linked ? `${laid.dir}-link` : laid.dir
  if (linked) await symlink(laid.dir, dir)
  const failures: unknown[] = []
  let count = 0
  let failing: Error | undefined
  const watcher = await watchWorkspace(dir, {
    gateway: { files: () => ['portico.yaml', 'schema/app.graphql', 'keys/ca.pem', ...more] },
    changed: async () => {
      count += 1
      const error = failing
      failing = undefined
      if (error !== undefined) throw error
    },
    failed: (error) => failures.push(error),
  })
  t.after(async () => {
    await watcher.close()
    await laid.remove()
    await rm(dir, { recursive: true, force: true })
  })
  return {
    dir,
    failures,
    fail: (error: Error) => (failing = error),
    write: async (file: string, text: string): Promise<void> => {
      await mkdir(dirname(join(dir, file)), { recursive: true })
      await writeFile(join(dir, file), text)
    },
    /** Until there was a change more than those seen so far. */
    changes: (least: number): Promise<void> => until(() => count >= least),
    quiet: async (): Promise<void> => {
      const before = count
      await delay(400)
      assert.equal(count, before)
    },
  }
}
