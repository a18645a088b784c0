import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createMasks } from '../../src/kernel/mask/masks.ts'
import { parsePath } from '../../src/kernel/mask/path.ts'
import { patterns } from '../../src/kernel/mask/patterns.ts'
import { becoming } from '../../src/kernel/mask/rule.ts'
import { createLog, maskLog } from '../../src/telemetry/log.ts'

describe('createLog', () => {
  it('writes JSON with an RFC 3339 time, the name of the level and that of the service', () => {
    const { log, line } = captured()
    log.info({ route: '/users/*' }, 'hello')
    const { time, ...rest } = JSON.parse(line()) as Record<string, unknown>
    assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    assert.deepEqual(rest, { level: 'info', service: 'portico', route: '/users/*', msg: 'hello' })
  })

  it('removes secret headers at any depth, whatever their case and form', () => {
    const { log, line } = captured()
    log.info({
      headers: { Authorization: 'Bearer s3cret-token', 'x-api-key': 's3cret"quoted', accept: 'text/html' },
      deep: { er: { res: { 'set-cookie': ['sid=s3cret; Path=/', 'b=s3cret]'], cookie: 's3cret' } } },
      raw: ['authorization', 'Basic czNjcmV0OnB3', 'proxy-authorization', 'Bearer s3cret-raw'],
      'proxy-authorization': 's3cret',
    })
    assert.doesNotMatch(line(), /s3cret|czNjcmV0/)
    const logged = JSON.parse(line()) as { headers: object; raw: readonly string[] }
    assert.deepEqual(logged.headers, { Authorization: '[removed]', 'x-api-key': '[removed]', accept: 'text/html' })
  })

  it('removes secret parameters from URLs, in members, messages and errors alike', () => {
    const { log, line } = captured()
    const url = '/a?page=2&access_token=s3cret&token=s3cret%20x&api_key=s3cret&secret=s3cret&q=kept'
    log.error({ url, err: new Error(`GET ${url} failed`, { cause: new Error(url) }) }, `could not get ${url}`)
    assert.doesNotMatch(line(), /s3cret/)
    assert.match(line(), /page=2&access_token=\[removed\]&token=\[removed\]/)
    assert.equal((JSON.parse(line()) as { url: string }).url.endsWith('&q=kept'), true)
  })

  it('masks values by path and pattern, also in texts that are JSON and however long a line is', () => {
    const { log, line } = captured()
    const last4 = becoming('last4', undefined)
    const given = { in: ['logs'], except: undefined } as const
    const rules = [
      { path: parsePath('user.password'), find: undefined, become: undefined, ...given },
      { path: undefined, find: patterns.card, become: last4, ...given },
    ]
    maskLog(log, createMasks(rules).logs)
    const big = `${'x'.repeat(2_000_000)} 4111 1111 1111 1111`
    const body = JSON.stringify({ of: [{ user: { password: 'hunter2', kept: 'kept' } }], card: 4111111111111111 })
    log.warn(
      { big, body, cut: body.slice(0, 40), err: new Error('of 4111111111111111', { cause: new Error(body) }) },
      'told',
    )
    const leaked = line().match(/.{0,80}(?:hunter2|4111.?1111).{0,20}/)
    assert.equal(leaked?.[0], undefined)
    const { msg, body: shown } = JSON.parse(line()) as { msg: string; body: string }
    assert.deepEqual([msg, shown], ['told', '{"of":[{"user":{"kept":"kept"}}],"card":"****1111"}'])
    maskLog(log, undefined)
    log.warn('4111111111111111')
    assert.ok(line().includes('4111111111111111'))
  })

  it('is silent below its level', () => {
    const { log, line } = captured()
    log.debug('nothing')
    assert.equal(line(), '')
  })
})

const captured = () => {
  const lines: string[] = []
  const log = createLog({ level: 'info', destination: { write: (line) => void lines.push(line) } })
  return { log, line: () => lines.join('') }
}
