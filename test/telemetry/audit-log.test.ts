import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { createAuditLog } from '../../src/telemetry/audit-log.ts'
import { until } from '../support/until.ts'

describe('the audit log', () => {
  it('writes a line of JSON for each event, in order, to a file for its user alone', async (t) => {
    const { path, log, lines } = await kept(t)
    log.write('gateway.started', { listen: '127.0.0.1:1', nothing: undefined })
    log.write('authentication.failed', { reason: 'expired' })
    await log.close()
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    const told = await lines()
    assert.deepEqual(
      told.map(({ time: _time, ...rest }) => rest),
      [
        { v: 1, event: 'gateway.started', pid: process.pid, listen: '127.0.0.1:1' },
        { v: 1, event: 'authentication.failed', pid: process.pid, reason: 'expired' },
      ],
    )
    for (const { time } of told) assert.match(String(time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  })

  it('goes on under its name where the file was renamed or removed, without a signal', async (t) => {
    const { path, log, lines } = await kept(t)
    const count = async (): Promise<number> => (await lines().catch(() => [])).length
    log.write('gateway.started', {})
    await until(async () => (await count()) === 1)
    await rename(path, `${path}.1`)
    log.write('workspace.changed', {})
    await until(async () => (await count()) === 1)
    await rm(path)
    log.write('gateway.stopped', {})
    await log.close()
    assert.deepEqual(
      (await lines()).map(({ event }) => event),
      ['gateway.stopped'],
    )
    assert.match(await readFile(`${path}.1`, 'utf8'), /gateway\.started/)
  })

  it('takes events at once where nobody reads them, loses what is past its bound, counts that and says so later', async (t) => {
    const { path, log, lost, warned } = await kept(t)
    execFileSync('mkfifo', [path])
    const facts = { subject: 'x'.repeat(10_000) }
    for (let n = 0; n < 1_000; n += 1) log.write('access.denied', facts)
    assert.ok(lost() > 500, `${lost()} lost`)
    await until(() => warned.length === 1)
    const told = readFile(path, 'utf8')
    // The reader opens a file that the writer may have to try for again.
    await until(() => warned.length === 2)
    await log.close()
    const events = (await told)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string; count: number })
    assert.deepEqual(
      events.filter(({ event }) => event === 'audit.lost').map(({ count }) => count),
      [lost()],
    )
  })

  it('has whole lines of several writers of one file', async (t) => {
    const { path, log, lines } = await kept(t)
    const other = createAuditLog(path, { lost: () => undefined, warn: () => undefined })
    for (let n = 0; n < 2_000; n += 1) {
      log.write('access.denied', { n, subject: 'a'.repeat(n % 300) })
      other.write('access.denied', { n, subject: 'b'.repeat(n % 300) })
    }
    await Promise.all([log.close(), other.close()])
    assert.equal((await lines()).length, 4_000)
  })

  it('holds up nobody who ends', async (t) => {
    const { path, log } = await kept(t)
    execFileSync('mkfifo', [path])
    log.write('gateway.stopped', {})
    await log.close()
    log.write('gateway.stopped', {})
  })
})

const kept = async (t: TestContext) => {
  const dir = await mkdtemp(join(tmpdir(), 'portico-'))
  t.after(() => rm(dir, { recursive: true }))
  const path = join(dir, 'audit.log')
  let lost = 0
  const warned: string[] = []
  const log = createAuditLog(path, { lost: () => (lost += 1), warn: (message) => warned.push(message) })
  const lines = async () =>
    (await readFile(path, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
  return { path, log, lines, lost: () => lost, warned }
}
