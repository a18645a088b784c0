import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { compileWorkspace } from '../../src/compile/compile.ts'
import { layWorkspace } from '../support/gateway.ts'
import { told } from '../support/told.ts'

const guide = 'docs/guides/upstreams.md'

describe(guide, () => {
  it('shows a workspace that is sound, and settings that exist', async (t) => {
    const page = await readFile(guide, 'utf8')
    const [, yaml = ''] = /^```yaml\n([^]*?)^```$/m.exec(page) ?? []
    const forms = [...page.matchAll(/`(?:discovery: )?(\{ (?:kind|path)[^`]*\})`/g)].map(([, form]) => form as string)
    assert.equal(forms.length, 2)
    const [srv, health] = forms as [string, string]
    const more = `  more: { rest: http://users.test, identity: none, discovery: ${srv}, health: ${health.replace(' path,', ' path: /healthz,')}, balance: { hash: { header: x-user } }, panic: 50%, slowStart: 30s }\n`
    const { dir, remove } = await layWorkspace({ 'portico.yaml': yaml + more })
    t.after(remove)
    const { plan, diagnostics } = await compileWorkspace(dir, {})
    assert.equal(told(diagnostics), '')
    assert.deepEqual(
      [...(plan?.services.values() ?? [])].map(({ name }) => name),
      ['users', 'more'],
    )
  })
})
