import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { z } from 'zod'
import { clientConfig } from '../../../../src/services/grpc/client/config.ts'

const read = (settings: object) => z.strictObject(clientConfig).safeParse(settings)

describe('the way to a gRPC service, as it is written', () => {
  it('is one address or several', () => {
    assert.deepEqual(read({ grpc: 'catalog:5003' }).data?.grpc, [{ address: { host: 'catalog', port: 5_003 } }])
    assert.deepEqual(read({ grpc: ['10.0.0.1:1', '[::1]:2'] }).data?.grpc, [
      { address: { host: '10.0.0.1', port: 1 } },
      { address: { host: '::1', port: 2 } },
    ])
    assert.deepEqual(read({ grpc: [{ address: 'catalog:5003', weight: 2, zone: 'a' }] }).data?.grpc, [
      { address: { host: 'catalog', port: 5_003 }, weight: 2, priority: 0, zone: 'a' },
    ])
    assert.equal(read({ grpc: [] }).success, false)
  })

  it('has defaults for the rest', () => {
    const { grpc: _, ...rest } = read({ grpc: 'a:1' }).data ?? {}
    assert.deepEqual(rest, {
      maxRequest: 4_194_304,
      errorDetails: ['BadRequest', 'ErrorInfo', 'LocalizedMessage', 'RetryInfo'],
    })
  })

  it('asks for the health of the server, or of one service', () => {
    assert.deepEqual(read({ grpc: 'a:1', health: true }).data?.health, { service: '', required: false })
    assert.deepEqual(read({ grpc: 'a:1', health: { service: 'a.B' } }).data?.health, {
      service: 'a.B',
      required: false,
    })
    assert.equal(read({ grpc: 'a:1', health: false }).success, false)
  })

  it('never shows DebugInfo', () => {
    assert.equal(read({ grpc: 'a:1', errorDetails: ['DebugInfo'] }).success, false)
    assert.deepEqual(read({ grpc: 'a:1', errorDetails: [] }).data?.errorDetails, [])
  })
})
