import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, it } from 'node:test'
import { descriptorSetOf } from '../support/descriptor-set.ts'
import { stepsOf, walk } from '../support/walk.ts'

const guide = 'docs/guides/register-a-grpc-service.md'

describe(guide, () => {
  it('does what it says', async (t) => {
    const cwd = await mkdtemp(join(tmpdir(), 'portico-'))
    t.after(() => rm(cwd, { recursive: true, force: true }))
    const proto = await readFile('examples/register-by-proto/library.proto', 'utf8')
    await writeFile(join(cwd, 'library.proto'), proto)
    await writeFile(join(cwd, 'library.binpb'), await descriptorSetOf('library.proto', proto))
    const steps = stepsOf(await readFile(guide, 'utf8'))
    assert.ok(steps.length >= 4, 'the guide has its steps')
    const program = { command: `portico() { node ${resolve('src/main.ts')} "$@"; }`, output: '' }
    await walk([program, ...steps], { cwd, ports: {} })
  })
})
