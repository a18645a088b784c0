import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { it } from 'node:test'
import { compileWorkspace } from '../../src/compile/compile.ts'
import { patterns } from '../../src/kernel/mask/patterns.ts'
import { layWorkspace } from '../support/gateway.ts'
import { told } from '../support/told.ts'

const guide = 'docs/guides/securing/data-protection.md'

it(`${guide} shows settings that work, and every pattern there is`, async (t) => {
  const page = await readFile(guide, 'utf8')
  const yaml = /^```yaml\n([^]*?)^```$/m.exec(page)?.[1] ?? ''
  const services = ['users', 'images'].map((name) => `  ${name}: { rest: "http://10.0.0.1:1", identity: none }\n`)
  const { dir, remove } = await layWorkspace({ 'portico.yaml': `services:\n${services.join('')}${yaml}` })
  t.after(remove)
  const { plan, diagnostics } = await compileWorkspace(dir, { MASK_SECRET: 'sixteen characters' })
  assert.equal(told(diagnostics), '')
  assert.equal(plan?.masks?.personal, true)
  const named = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name)
  assert.deepEqual(named, [...Object.keys(patterns), 'like'])
})
