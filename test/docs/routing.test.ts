import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it, type TestContext } from 'node:test'
import { portico } from '../support/command.ts'
import { layWorkspace } from '../support/gateway.ts'

const guide = 'docs/guides/routing.md'

describe(guide, () => {
  it('shows routes that check, and explains a request as it says', async (t) => {
    const dir = await workspaceOf(t, (blocks) => `${services}${blocks[0]}`)
    const checked = await portico(['check', dir])
    assert.match(checked.out, /6 routes: no mistakes\n$/)
    const [, method, ...headers] =
      /--explain '([^']+)' -H '([^']+)' -H '([^']+)'/.exec(await readFile(guide, 'utf8')) ?? []
    assert.equal(headers.length, 2)
    const { out } = await portico(['routes', dir, '--explain', method ?? '', ...headers.flatMap((one) => ['-H', one])])
    assert.match(out, /^→ \*\.blue\.example,blue\.example\/\* {2}proxy to blue$/m)
  })

  it('shows versions that check', async (t) => {
    const dir = await workspaceOf(t, (blocks) => `${services}routes:\n${blocks[1]}`)
    assert.match((await portico(['check', dir])).out, /4 routes: no mistakes\n$/)
  })
})

const services = `services:\n${['users', 'images', 'users-next', 'blue', 'users-v1', 'users-v2']
  .map((name) => `  ${name}: { rest: http://127.0.0.1:1, identity: none }\n`)
  .join('')}`

const workspaceOf = async (t: TestContext, write: (blocks: readonly string[]) => string): Promise<string> => {
  const page = await readFile(guide, 'utf8')
  const blocks = [...page.matchAll(/^```yaml\n([^]*?)^```$/gm)].map(([, text = '']) => text)
  const { dir, remove } = await layWorkspace({ 'portico.yaml': write(blocks) })
  t.after(remove)
  return dir
}
