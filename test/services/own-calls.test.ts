import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { findOwnCalls } from '../../src/services/own-calls.ts'

describe('settings of some calls', () => {
  const found = (entries: readonly string[], call: string): string | undefined =>
    findOwnCalls(entries.map((calls) => ({ calls, timeoutMs: 1, resilience: {}, breaker: undefined })))(call)?.calls

  it('are those of the most exact entry, whatever the order', () => {
    const entries = ['* /*', 'GET /users/*', 'GET /users/{id}', 'GET /users/me', '* /users/me']
    for (const [call, entry] of [
      ['GET /users/me', 'GET /users/me'],
      ['POST /users/me', '* /users/me'],
      ['GET /users/7?x=/me', 'GET /users/{id}'],
      ['GET /users/7/orders', 'GET /users/*'],
      ['GET /users', 'GET /users/*'],
      ['GET /usersx', '* /*'],
      ['PUT /', '* /*'],
    ] as const) {
      assert.equal(found(entries, call), entry, call)
      assert.equal(found(entries.toReversed(), call), entry, call)
    }
  })

  it('fit whole paths and methods, and read no sign as anything but itself', () => {
    assert.equal(found(['GET /a.b'], 'GET /axb'), undefined)
    assert.equal(found(['GET /a(b'], 'GET /a(b?c'), 'GET /a(b')
    assert.equal(found(['GET /a'], 'GET /a/b'), undefined)
    assert.equal(found(['GET /a/{x}'], 'GET /a/'), undefined)
    assert.equal(found(['GET /a'], 'WIDGET /a'), undefined)
  })

  it('are found for methods of gRPC by service and by name', () => {
    const entries = ['a.v1.S/*', 'a.v1.S/Get']
    assert.equal(found(entries, 'a.v1.S/Get'), 'a.v1.S/Get')
    assert.equal(found(entries, 'a.v1.S/List'), 'a.v1.S/*')
    assert.equal(found(entries, 'a.v1.Search/List'), undefined)
  })
})
