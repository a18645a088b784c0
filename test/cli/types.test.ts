import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { portico } from '../support/command.ts'
import { temporaryShop } from '../support/workspace.ts'

describe('portico types', () => {
  it('writes the types of each BFF with resolvers beside their module, and says by --check whether they are right', async (t) => {
    const { dir, remove } = await temporaryShop()
    t.after(remove)
    const file = join(dir, 'schema/web.types.ts')
    const unwritten = await portico(['types', dir, '--check'])
    assert.equal(unwritten.status, 1)
    assert.match(unwritten.err, /^schema\/web\.types\.ts is not what the schema says; run portico types\.$/m)
    assert.equal(existsSync(file), false)
    const written = await portico(['types', dir])
    assert.deepEqual([written.status, written.err], [0, ''])
    assert.match(written.out, /^wrote schema\/web\.types\.ts$/m)
    assert.match(
      await readFile(file, 'utf8'),
      /readonly displayName: \{\n {6}readonly parent: \{\n {8}readonly name: string\n/,
    )
    assert.deepEqual(await portico(['types', dir, '--check']), { status: 0, out: '', err: '' })
    assert.equal((await portico(['types', dir])).out, '', 'what is right is not written again')
  })

  it('writes nothing for a workspace that does not check', async (t) => {
    const { dir, remove } = await temporaryShop()
    t.after(remove)
    await rm(join(dir, 'schema/shop.graphql'))
    const { status, err } = await portico(['types', dir])
    assert.equal(status, 1)
    assert.match(err, /schema\/shop\.graphql/)
  })
})
