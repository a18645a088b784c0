import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { compileWorkspace } from '../../src/compile/compile.ts'
import { layWorkspace } from '../support/gateway.ts'
import { told } from '../support/told.ts'

const guide = 'docs/guides/securing.md'

describe(guide, async () => {
  const page = await readFile(guide, 'utf8')
  const examples = [...page.matchAll(/^##+ (.+)$|^```yaml\n([^]*?)^```$/gm)]
  let title = 'the beginning'
  for (const [, heading, yaml] of examples) {
    title = heading ?? title
    if (yaml === undefined) continue
    it(`shows settings that exist: ${title}`, async (t) => {
      const services = yaml.startsWith('services:')
        ? ''
        : 'services: { users: { rest: "http://10.0.0.1:1", identity: none } }\n'
      const { dir, remove } = await layWorkspace({
        'portico.yaml': services + yaml,
        'keys/partners.json': '{ "keys": [] }',
      })
      t.after(remove)
      const { plan, diagnostics } = await compileWorkspace(dir, {})
      assert.equal(told(diagnostics), '')
      assert.ok((plan?.providers.size ?? 0) > 0)
    })
  }
})
