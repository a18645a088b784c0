import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { compileWorkspace } from '../../src/compile/compile.ts'
import { layWorkspace } from '../support/gateway.ts'
import { told } from '../support/told.ts'

const guide = 'docs/guides/securing/shields.md'

describe(guide, async () => {
  const page = await readFile(guide, 'utf8')
  let title = ''
  for (const [, heading, yaml] of page.matchAll(/^##+ (.+)$|^```yaml\n([^]*?)^```$/gm)) {
    title = heading ?? title
    if (yaml === undefined) continue
    it(`shows settings that work: ${title}`, async (t) => {
      const { dir, remove } = await layWorkspace({ 'portico.yaml': yaml, 'lists/scanners.txt': '192.0.2.0/24\n' })
      t.after(remove)
      const { plan, diagnostics } = await compileWorkspace(dir, {})
      assert.equal(told(diagnostics), '')
      assert.ok(plan !== undefined)
    })
  }
})
