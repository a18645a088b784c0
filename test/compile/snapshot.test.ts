import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { deserialize, serialize } from 'node:v8'
import { compileWorkspace } from '../../src/compile/compile.ts'
import { readingBy, type Snapshot } from '../../src/kernel/snapshot.ts'
import { layWorkspace } from '../support/gateway.ts'
import { temporaryShop } from '../support/workspace.ts'
import { guardedWorkspace, openWorkspace } from './review/bad-workspace.ts'

describe('a workspace that was read once', () => {
  const kinds = {
    'the shop': () => temporaryShop(),
    'one with keys and users': () => open(),
    'one with certificates': () => guarded(),
  }
  for (const [name, lay] of Object.entries(kinds))
    it(`compiles the same when nothing of it is there any more: ${name}`, async () => {
      const { dir, remove } = await lay()
      const snapshot: Snapshot = new Map()
      const before = await readingBy(snapshot, () => compileWorkspace(dir, env))
      assert.notEqual(before.plan, undefined)
      await remove()
      const copy = deserialize(serialize(snapshot)) as Snapshot
      const after = await readingBy(copy, () => compileWorkspace(dir, env))
      assert.deepEqual(after.diagnostics, before.diagnostics)
      assert.deepEqual(after.files, before.files)
      assert.deepEqual(routesOf(after), routesOf(before))
      assert.equal(copy.size, snapshot.size, 'it asked for something else')
    })

  it('is another one for who reads it anew', async () => {
    const { dir, remove } = await open()
    const snapshot: Snapshot = new Map()
    await readingBy(snapshot, () => compileWorkspace(dir, env))
    await writeFile(join(dir, 'portico.yaml'), 'listen: nowhere\n')
    assert.equal((await compileWorkspace(dir, env)).plan, undefined)
    assert.notEqual((await readingBy(snapshot, () => compileWorkspace(dir, env))).plan, undefined)
    await remove()
  })
})

const env = { SECRET: 'swordfish' }
const open = () => layWorkspace(openWorkspace)
const guarded = () =>
  layWorkspace({
    ...guardedWorkspace,
    'portico.yaml': `${guardedWorkspace['portico.yaml']}ipLists: { bad: bad.txt }\nipRules: { deny: [bad] }\n`,
    'bad.txt': '203.0.113.0/24\n',
  })

const routesOf = ({ plan }: Awaited<ReturnType<typeof compileWorkspace>>) => plan?.routes.map(({ match }) => match)
