import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { compileWorkspace } from '../../src/compile/compile.ts'
import { layWorkspace } from '../support/gateway.ts'
import { told } from '../support/told.ts'

const guide = 'docs/guides/releases.md'

describe(guide, async () => {
  const page = await readFile(guide, 'utf8')
  const examples = [...page.matchAll(/^## (.+)$|^```yaml\n([^]*?)^```$/gm)]
  const [first = ''] = examples.flatMap(([, , yaml]) => yaml ?? [])
  const services = first.slice(0, first.indexOf('routes:'))
  let title = 'the beginning'
  for (const [, heading, yaml] of examples) {
    title = heading ?? title
    if (yaml === undefined) continue
    it(`shows settings that exist: ${title}`, async (t) => {
      const own = yaml.startsWith('services:') ? yaml : services + yaml
      const { dir, remove } = await layWorkspace({ 'portico.yaml': own })
      t.after(remove)
      const { plan, diagnostics } = await compileWorkspace(dir, {})
      assert.equal(told(diagnostics), '')
      assert.ok((plan?.routes.length ?? 0) > 0)
    })
  }
})
