import assert from 'node:assert/strict'
import { cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { freePort } from '../support/free-port.ts'
import { stepsOf, walk } from '../support/walk.ts'

const example = 'examples/register-by-proto'

describe(example, () => {
  it('does what its README says, from a bare proto to a curl and a GraphQL query', async (t) => {
    const { cwd, ports } = await copyOf(t)
    const steps = stepsOf(await readFile(join(example, 'README.md'), 'utf8'))
    assert.ok(steps.length >= 8, 'the README has its steps')
    const [service, gateway] = [ports['50051'] ?? 0, ports['8080'] ?? 0]
    await walk(steps, { cwd, ports, env: { PORT: String(service), PORTICO_LISTEN: `127.0.0.1:${gateway}` } })
    const made = await readFile(join(cwd, 'my-gateway/portico.yaml'), 'utf8')
    assert.equal(
      made.replaceAll(String(service), '50051'),
      await readFile(join(example, 'gateway/portico.yaml'), 'utf8'),
    )
  })

  it('keeps the proto in its workspace as the team has it', async () => {
    const [own, kept] = await Promise.all(
      ['library.proto', 'gateway/protos/library.proto'].map((file) => readFile(join(example, file), 'utf8')),
    )
    assert.equal(kept, own)
  })
})

/** The example at its own path below a temporary folder, so that nothing in the repository changes. */
const copyOf = async (t: TestContext) => {
  const ground = await mkdtemp(join(tmpdir(), 'portico-'))
  t.after(() => rm(ground, { recursive: true, force: true }))
  const cwd = join(ground, example)
  const walked = (file: string): boolean => !file.startsWith(join(example, 'gateway'))
  await cp(example, cwd, { recursive: true, filter: walked })
  for (const name of ['src', 'node_modules', 'package.json']) await symlink(resolve(name), join(ground, name))
  return { cwd, ports: { 50051: await freePort(), 8080: await freePort() } as Record<string, number> }
}
