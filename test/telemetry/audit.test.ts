import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createAudit } from '../../src/telemetry/audit.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'

describe('the audit of who comes in', () => {
  it('counts every decision by provider and reason, and logs those that kept somebody out', async () => {
    const lines: string[] = []
    const log = createLog({ level: 'info', destination: { write: (line: string) => void lines.push(line) } })
    const metrics = createMetrics()
    const audit = createAudit(log, metrics)
    const failure = { scope: 'bffs.web', provider: 'a,b', reason: 'expired', address: '192.0.2.1', requestId: 'r-1' }
    audit.granted('bffs.web', 'a')
    audit.granted('bffs.web', 'a')
    audit.failed(failure)
    audit.denied({ ...failure, provider: 'a', reason: 'rule', subject: 'ada' })
    const { body } = await metrics.render()
    assert.deepEqual(body.match(/^portico_auth_total\{.*$/gm), [
      'portico_auth_total{scope="bffs.web",provider="a",outcome="granted",reason=""} 2',
      'portico_auth_total{scope="bffs.web",provider="a,b",outcome="failed",reason="expired"} 1',
      'portico_auth_total{scope="bffs.web",provider="a",outcome="denied",reason="rule"} 1',
    ])
    const told = lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
    assert.deepEqual(
      told.map(({ audit: outcome, reason, subject, address }) => ({ outcome, reason, subject, address })),
      [
        { outcome: 'failed', reason: 'expired', subject: undefined, address: '192.0.2.1' },
        { outcome: 'denied', reason: 'rule', subject: 'ada', address: '192.0.2.1' },
      ],
    )
  })
})
