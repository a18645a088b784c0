import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type DetailName, detailNames, statusDetails } from '../../../../src/services/grpc/client/details.ts'
import { statusDetails as written } from '../fixtures/details.ts'

const type = (name: string): string => `type.googleapis.com/google.rpc.${name}`
const read = (text: string, shown: readonly DetailName[] = detailNames) =>
  statusDetails([['grpc-status-details-bin', text]], shown)

describe('details of a failure', () => {
  for (const { name, sent, seen } of [
    {
      name: 'ErrorInfo',
      sent: { reason: 'OUT', domain: 'shop.example', metadata: { sku: '7' } },
      seen: { reason: 'OUT', domain: 'shop.example', metadata: { sku: '7' } },
    },
    {
      name: 'BadRequest',
      sent: { fieldViolations: [{ field: 'a', reason: 'B', localizedMessage: { locale: 'de', message: 'fehlt' } }] },
      seen: { fieldViolations: [{ field: 'a', reason: 'B', localizedMessage: { locale: 'de', message: 'fehlt' } }] },
    },
    {
      name: 'QuotaFailure',
      sent: { violations: [{ subject: 'u', quotaDimensions: { region: 'eu' }, quotaValue: '9007199254740993' }] },
      seen: { violations: [{ subject: 'u', quotaDimensions: { region: 'eu' }, quotaValue: '9007199254740993' }] },
    },
    {
      name: 'PreconditionFailure',
      sent: { violations: [{ type: 'TOS', subject: 'u', description: 'sign' }] },
      seen: { violations: [{ type: 'TOS', subject: 'u', description: 'sign' }] },
    },
    { name: 'RequestInfo', sent: { requestId: 'r' }, seen: { requestId: 'r' } },
    {
      name: 'ResourceInfo',
      sent: { resourceType: 'Product', resourceName: 'p-1' },
      seen: { resourceType: 'Product', resourceName: 'p-1' },
    },
    {
      name: 'Help',
      sent: { links: [{ description: 'd', url: 'https://docs.example' }] },
      seen: { links: [{ description: 'd', url: 'https://docs.example' }] },
    },
    {
      name: 'LocalizedMessage',
      sent: { locale: 'de-AT', message: 'Ausverkauft' },
      seen: { locale: 'de-AT', message: 'Ausverkauft' },
    },
    { name: 'RetryInfo', sent: { retryDelay: { seconds: 3 } }, seen: { retryDelay: '3s' } },
  ])
    it(`reads ${name}`, () => {
      assert.deepEqual(read(written([[name, sent]])).details, [{ '@type': type(name), ...seen }])
    })

  it('shows only what it may, and DebugInfo never', () => {
    const text = written()
    assert.deepEqual(
      read(text, ['Help']).details.map((detail) => detail['@type']),
      [type('Help')],
    )
    assert.deepEqual(read(text, []).details, [])
    assert.deepEqual(
      read(text).details.map((detail) => detail['@type']),
      [type('BadRequest'), type('Help'), type('RetryInfo')],
    )
  })

  for (const { delay, header, shown } of [
    { delay: { seconds: 2, nanos: 1 }, header: 3, shown: '2.000000001s' },
    { delay: { nanos: 250_000_000 }, header: 1, shown: '0.250s' },
    { delay: {}, header: 0, shown: '0s' },
    { delay: { seconds: -5 }, header: 0, shown: '-5s' },
    { delay: { seconds: 10_000_000 }, header: 86_400, shown: '10000000s' },
  ])
    it(`says ${header} s to come back for a delay of ${shown}`, () => {
      const { details, retryAfterSeconds } = read(written([['RetryInfo', { retryDelay: delay }]]))
      assert.equal(retryAfterSeconds, header)
      assert.deepEqual(details, [{ '@type': type('RetryInfo'), retryDelay: shown }])
    })

  it('leaves out what cannot be read, and what is too much', () => {
    for (const text of ['', '!!!', '////', written().slice(0, 40), 'A'.repeat(20_000)])
      assert.deepEqual(read(text), { details: [] })
    const many = Array.from({ length: 20 }, () => ['RequestInfo', { requestId: 'r' }] as const)
    assert.equal(read(written(many)).details.length, 16)
    assert.deepEqual(statusDetails([], detailNames), { details: [] })
  })

  it('takes a hostile name as a name', () => {
    const sent = JSON.parse('{"reason": "R", "metadata": {"__proto__": "x", "constructor": "y"}}') as object
    const [detail] = read(written([['ErrorInfo', sent]])).details
    assert.equal(Object.getPrototypeOf(detail?.['metadata']), Object.prototype)
    assert.equal(({} as Record<string, unknown>)['x'], undefined)
  })
})
