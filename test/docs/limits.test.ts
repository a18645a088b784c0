import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { compileWorkspace } from '../../src/compile/compile.ts'
import { layWorkspace } from '../support/gateway.ts'

const guide = readFileSync('docs/guides/limits.md', 'utf8')

describe('the guide on limits', () => {
  it('shows a workspace that checks', async (t) => {
    const text = /```yaml portico\.yaml\n([^]*?)```/.exec(guide)?.[1] ?? ''
    const { dir, remove } = await layWorkspace({ 'portico.yaml': text })
    t.after(remove)
    const { diagnostics, plan } = await compileWorkspace(dir, {})
    assert.deepEqual(
      diagnostics.filter(({ severity }) => severity === 'error'),
      [],
    )
    assert.equal(plan?.routes.length, 2)
  })
})
