import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { array, assert as check, oneof, property, string } from 'fast-check'
import { accessRule, Denied, refusal, type WrittenRule } from '../../src/kernel/access.ts'
import type { Identity } from '../../src/kernel/caller.ts'
import { parseLossless } from '../../src/kernel/json.ts'

describe('a rule on who may', () => {
  it('asks for all words of one list, and compares words as a whole, in their own case', () => {
    const rule = { roles: [['admin', 'eu'], ['root']] }
    assert.equal(denied(rule, { roles: ['admin', 'eu'] }), undefined)
    assert.equal(denied(rule, { roles: ['root'] }), undefined)
    for (const roles of [[], ['admin'], ['administrator', 'eu'], ['Admin', 'eu'], ['admin eu'], ['root ']])
      assert.equal(denied(rule, { roles }), 'roles', String(roles))
    assert.equal(denied({ groups: [['a']] }, { roles: ['a'] }), 'groups')
    assert.equal(denied({ scopes: [['a']] }, { roles: ['a'] }), 'scopes')
  })

  it('says of no identity that it is unknown, and of one without words that it lacks them', () => {
    assert.equal(refusal(accessRule({ roles: [['a']] }), undefined)?.code, 'UNAUTHENTICATED')
    const bare = { provider: 'keys', subject: 'x', scopes: new Set<string>(), claims: {}, expiresAt: undefined }
    assert.equal(reasonOf({ roles: [['a']] }, bare), 'roles')
  })

  it('compares claims by type and value, members of lists one by one', () => {
    const level = { claims: { level: 2 } }
    assert.equal(denied(level, { claims: { level: 2 } }), undefined)
    assert.equal(denied(level, { claims: { level: [1, 2] } }), undefined)
    for (const claim of ['2', 20, [20], [[2]], { 2: 2 }, true, null, undefined])
      assert.equal(denied(level, { claims: { level: claim } }), 'claims', JSON.stringify(claim))
    assert.equal(denied({ claims: { vip: true } }, { claims: { vip: 'true' } }), 'claims')
    assert.equal(denied({ claims: { tier: ['gold', 'silver'] } }, { claims: { tier: 'silver' } }), undefined)
    assert.equal(denied({ claims: { tier: ['gold', 'silver'] } }, { claims: { tier: 'bronze' } }), 'claims')
  })

  it('keeps long numbers apart that a double takes for one', () => {
    const claims = parseLossless('{"id": 9007199254740993}') as Record<string, unknown>
    assert.equal(denied({ match: [{ said: ['id'], equals: 'claims.id' }] }, { claims }, '9007199254740993'), undefined)
    assert.equal(denied({ match: [{ said: ['id'], equals: 'claims.id' }] }, { claims }, '9007199254740992'), 'match')
  })

  it('finds nested claims by path, a claim of the very name first, and nothing that objects inherit', () => {
    const rule = { claims: { 'org.id': 'acme' } }
    assert.equal(denied(rule, { claims: { org: { id: 'acme' } } }), undefined)
    assert.equal(denied(rule, { claims: { 'org.id': 'acme' } }), undefined)
    assert.equal(denied(rule, { claims: { 'org.id': 'other', org: { id: 'acme' } } }), 'claims')
    assert.equal(
      denied({ claims: { 'https://id.test/tier': 'gold' } }, { claims: { 'https://id.test/tier': 'gold' } }),
      undefined,
    )
    assert.equal(denied({ claims: { 'constructor.name': 'Object' } }, { claims: {} }), 'claims')
  })

  it('looks at what the provider knows that it names, in any of its alternatives', () => {
    const shopper = identityOf({ roles: ['buyer'] }, 'shoppers')
    const device = identityOf({ roles: ['kiosk'] }, 'device')
    const both = { ...shopper, beside: [device] }
    const reason = (rule: WrittenRule, identity: Identity) => reasonOf(rule, identity)
    assert.equal(reason({ roles: [['kiosk']] }, both), 'roles')
    assert.equal(reason({ roles: [['kiosk']], providers: [['device']] }, both), undefined)
    assert.equal(reason({ roles: [['buyer']], providers: [['device']] }, both), 'roles')
    assert.equal(reason({ roles: [['kiosk']], providers: [['shoppers'], ['device', 'shoppers']] }, both), undefined)
    assert.equal(reason({ providers: [['staff'], ['shoppers', 'staff']] }, both), 'providers')
  })

  it('lets values of a request agree with a claim only where each of them is text that equals it', () => {
    const rule = { match: [{ said: ['tenant'], equals: 'claims.tenant' }] }
    const acme = { claims: { tenant: 'acme' } }
    assert.equal(denied(rule, acme, 'acme'), undefined)
    assert.equal(denied(rule, acme, ['acme', 'acme']), undefined)
    for (const said of [
      undefined,
      null,
      '',
      [],
      'ACME',
      'acme ',
      'acm',
      ['acme', 'evil'],
      [['acme']],
      { tenant: 'acme' },
      [undefined],
    ])
      assert.equal(denied(rule, acme, said), 'match', JSON.stringify(said))
    assert.equal(denied(rule, { claims: { tenant: ['other', 'acme'] } }, 'acme'), undefined)
    assert.equal(denied(rule, { claims: { tenant: 42 } }, '42'), undefined)
    for (const tenant of [undefined, null, '', [], {}, true])
      for (const said of ['', 'undefined', 'null', 'true', '[object Object]', undefined, null])
        assert.equal(denied(rule, { claims: { tenant } }, said), 'match', JSON.stringify([tenant, said]))
    assert.equal(denied({ match: [{ said: ['id'], equals: 'subject' }] }, {}, 'ada'), undefined)
  })

  it('never lets a text agree with a claim that is another text', () => {
    check(
      property(string(), oneof(string(), array(string())), (said, tenant) => {
        const agrees =
          denied({ match: [{ said: ['t'], equals: 'claims.tenant' }] }, { claims: { tenant } }, said) === undefined
        assert.equal(agrees, said !== '' && [tenant].flat().includes(said))
      }),
    )
  })

  it('tells whoever is denied nothing of the rule', () => {
    const problem = refusal(accessRule({ roles: [['secret-role']] }), identityOf({}))
    assert.deepEqual([problem?.code, problem?.message], ['PERMISSION_DENIED', 'The caller may not see this.'])
    assert.deepEqual(problem?.headers, {})
  })
})

type Known = { readonly roles?: readonly string[]; readonly claims?: Readonly<Record<string, unknown>> }

const identityOf = ({ roles = [], claims = {} }: Known, provider = 'shoppers'): Identity => ({
  provider,
  subject: 'ada',
  scopes: new Set(),
  roles: new Set(roles),
  groups: new Set(),
  claims,
  expiresAt: undefined,
})

const reasonOf = (rule: WrittenRule, identity: Identity, said?: unknown): string | undefined =>
  (refusal(accessRule(rule), identity, () => said)?.cause as Denied | undefined)?.reason

const denied = (rule: WrittenRule, known: Known, said?: unknown): string | undefined =>
  reasonOf(rule, identityOf(known), said)
