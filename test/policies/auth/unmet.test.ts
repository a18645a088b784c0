import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { accessRule, type WrittenRule } from '../../../src/kernel/access.ts'
import type { Provider } from '../../../src/policies/auth/kinds.ts'
import { unmet } from '../../../src/policies/auth/unmet.ts'
import { compiledProviders } from './provider-app.ts'

describe('a rule that nobody can meet', () => {
  it('is one on what certificates never say', async () => {
    const why = await asked(['devices'])
    assert.equal(why({ scopes: [['a']] }), 'callers of devices have no scopes')
    assert.equal(why({ roles: [['a']] }), 'callers of devices have no roles')
    assert.equal(why({ groups: [['a']] }), undefined, 'groups come from subject.OU')
  })

  it('is none where somebody is known of whom nothing is known before', async () => {
    assert.equal((await asked(['devices', 'shoppers']))({ roles: [['a']] }), undefined)
    assert.equal((await asked(['shoppers']))({ claims: { tenant: 'acme' } }), undefined)
  })

  it('asks of several that are needed at once the first alone, and of those that it names the first of each', async () => {
    assert.match((await asked(['devices', 'shoppers'], 'allOf'))({ roles: [['a']] }) ?? '', /devices have no roles/)
    const why = await asked(['shoppers', 'devices'], 'allOf')
    assert.equal(why({ roles: [['a']] }), undefined)
    assert.match(why({ roles: [['a']], providers: [['devices', 'shoppers']] }) ?? '', /devices have no roles/)
  })

  it('is never a public one', async () => {
    assert.equal((await asked(['devices']))({ public: true, scopes: [['a']] }), undefined)
  })
})

const asked = async (names: readonly string[], combine: 'anyOf' | 'allOf' = 'anyOf') => {
  const jwt = { issuer: 'https://id.test', audience: 'shop', secret: 'a shared secret of thirty-two bytes or more' }
  const devices = { kind: 'mtls', name: 'devices', rolesClaim: 'roles', groupsClaim: 'subject.OU' } as Provider
  const providers = new Map([...(await compiledProviders({ shoppers: { jwt } })), ['devices', devices] as const])
  return (rule: WrittenRule) => unmet(accessRule(rule), { combine, providers: names }, providers)
}
