import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { it } from 'node:test'
import { compileWorkspace } from '../../src/compile/compile.ts'
import { layWorkspace } from '../support/gateway.ts'
import { told } from '../support/told.ts'

const guide = 'docs/guides/securing/audit-log.md'

it(`${guide} shows settings that work, and names every event there is`, async (t) => {
  const page = await readFile(guide, 'utf8')
  const yaml = /^```yaml\n([^]*?)^```$/m.exec(page)?.[1] ?? ''
  const { dir, remove } = await layWorkspace({ 'portico.yaml': `services: {}\n${yaml}` })
  t.after(remove)
  const { plan, diagnostics } = await compileWorkspace(dir, {})
  assert.equal(told(diagnostics), '')
  assert.equal(plan?.audit, `${dir}/audit.log`)
  const source = await readFile('src/telemetry/audit-log.ts', 'utf8')
  const union = /type AuditEvent =\n((?: {2}\| '[a-z.]+'\n)+)/.exec(source)?.[1] ?? ''
  const events = [...union.matchAll(/'([a-z.]+)'/g)].map(([, name]) => name)
  const rows = page.split('\n').filter((line) => line.startsWith('| `'))
  const named = rows.flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`([a-z.]+)`/g)].map(([, name]) => name))
  assert.ok(events.length > 5)
  assert.deepEqual(new Set(named), new Set(events))
  const line = /^```json\n(.*)$/m.exec(page)?.[1] ?? ''
  assert.deepEqual(Object.keys(JSON.parse(line) as object).slice(0, 4), ['v', 'time', 'event', 'pid'])
})
