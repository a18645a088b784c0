import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { assert as assertProperty, property, string } from 'fast-check'
import type { Identity } from '../../../src/kernel/caller.ts'
import { identityHeaders, usualHeaders } from '../../../src/services/identity/headers.ts'

describe('identity headers', () => {
  it('say nothing of callers nobody knows', () => {
    assert.deepEqual(identityHeaders(usualHeaders)({ identity: undefined, address: '', requestId: '' }), [])
  })

  it('say what is known, and nothing for what is not', () => {
    assert.deepEqual(told(usualHeaders, { scopes: new Set(['shop', 'pay']) }), {
      'x-auth-provider': 'people',
      'x-auth-subject': 'u-1',
      'x-auth-scopes': 'shop pay',
    })
    assert.deepEqual(told(usualHeaders, { subject: undefined, plan: 'gold' }), {
      'x-auth-provider': 'people',
      'x-auth-plan': 'gold',
    })
  })

  it('reach into claims, of which lists and objects are JSON', () => {
    const names = { a: 'claims.org.tenant', b: 'claims.roles', c: 'claims.age', d: 'claims.no.where', e: 'claims.on' }
    const claims = { org: { tenant: 'acme' }, roles: ['x', 'y'], age: 7, no: 'text', on: false }
    assert.deepEqual(told(names, { claims }), { a: 'acme', b: '["x","y"]', c: '7', e: 'false' })
    assert.deepEqual(told({ a: 'claims.constructor', b: 'claims.__proto__.x' }, { claims: {} }), {})
  })

  it('percent-encode what is no visible ASCII, so that no value ends a line', () => {
    assert.deepEqual(told({ a: 'subject' }, { subject: 'Zoë\r\nx: y 100%' }), { a: 'Zo%C3%AB%0D%0Ax: y 100%25' })
    assert.deepEqual(told({ a: 'subject' }, { subject: ' a ' }), { a: '%20a%20' })
    assertProperty(
      property(string({ unit: 'binary', minLength: 1 }), (subject) => {
        const { a = '' } = told({ a: 'subject' }, { subject })
        assert.match(a, /^[!-~](?:[ -~]*[!-~])?$/)
        assert.equal(decodeURIComponent(a), subject.toWellFormed())
      }),
    )
  })
})

const told = (names: Readonly<Record<string, string>>, known: Partial<Identity>): Record<string, string> => {
  const identity: Identity = {
    provider: 'people',
    subject: 'u-1',
    scopes: new Set(),
    claims: {},
    expiresAt: undefined,
    ...known,
  }
  const lines = identityHeaders(names)({ identity, address: '10.0.0.1', requestId: 'r' })
  return Object.fromEntries(lines.flatMap((name, i) => (i % 2 === 0 ? [[name, lines[i + 1] ?? '']] : [])))
}
