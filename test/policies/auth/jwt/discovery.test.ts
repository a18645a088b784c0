import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { Redis } from 'ioredis'
import type { PolicyTools } from '../../../../src/policies/policy.ts'
import { startOidc } from '../../../support/oidc.ts'
import { startRedis } from '../../../support/redis.ts'
import { stillClock } from '../../policy-app.ts'
import { compiledProviders, guardedApp } from '../provider-app.ts'

describe('tokens of a real OpenID provider', () => {
  it('are accepted by the issuer alone: it says where its keys are', async (t) => {
    const oidc = await oidcOf(t, 'one')
    const { get } = await guarded(t, oidc.issuer)
    const reply = await get({ authorization: `Bearer ${await oidc.token('jwt')}` })
    assert.equal(reply.status, 200)
    assert.equal(reply.body.subject, 'till')
    assert.deepEqual(reply.body.scopes, ['orders:read'])
    assert.deepEqual(
      oidc.asked.filter((path) => path !== '/token'),
      ['/.well-known/openid-configuration', '/jwks'],
    )
  })

  it('are held against new keys once the provider has others, and those of the old ones are refused', async (t) => {
    const clock = stillClock()
    const oidc = await oidcOf(t, 'one')
    const { get } = await guarded(t, oidc.issuer, { clock })
    const old = { authorization: `Bearer ${await oidc.token('jwt')}` }
    assert.equal((await get(old)).status, 200)
    await oidc.stop()
    assert.equal((await get(old)).status, 200)
    const renewed = await oidcOf(t, 'two', Number(new URL(oidc.issuer).port))
    clock.advance(31_000)
    assert.equal((await get({ authorization: `Bearer ${await renewed.token('jwt')}` })).status, 200)
    const reply = await get(old)
    assert.equal(reply.status, 401)
    assert.equal(reply.reason, 'unknown key')
  })

  it('are refused at once when they are on the list of revoked ones, by jti and by sub', async (t) => {
    const clock = stillClock()
    const { redis, stop } = await connected(t)
    const oidc = await oidcOf(t, 'one')
    const { get } = await guarded(t, oidc.issuer, { clock, redis }, { revocation: { staleness: '2s' } })
    const [first, second] = [await oidc.token('jwt'), await oidc.token('jwt')]
    const ask = (token: string) => get({ authorization: `Bearer ${token}` })
    assert.equal((await ask(first)).status, 200)
    await redis.set(`portico:revoked:shoppers:jti:${String(claimsOf(first)['jti'])}`, '1')
    assert.equal((await ask(first)).status, 200, 'an answer holds for two seconds')
    clock.advance(2_000)
    assert.equal((await ask(first)).reason, 'revoked')
    assert.equal((await ask(second)).status, 200)
    const issued = Number(claimsOf(second)['iat'])
    await redis.set('portico:revoked:shoppers:sub:till', String(issued))
    clock.advance(2_000)
    assert.equal((await ask(second)).status, 200, 'what was issued after that is good')
    await redis.set('portico:revoked:shoppers:sub:till', String(issued + 1))
    clock.advance(2_000)
    assert.equal((await ask(second)).reason, 'revoked')
    await stop()
    clock.advance(2_000)
    const down = await ask(second)
    assert.equal(down.status, 503)
    assert.equal(down.retryAfter, '2')
  })

  it('are accepted while the list cannot be read, where the settings say so', async (t) => {
    const { redis, stop } = await connected(t)
    await stop()
    const oidc = await oidcOf(t, 'one')
    const { get } = await guarded(t, oidc.issuer, { redis }, { revocation: { whenDown: 'accept' } })
    assert.equal((await get({ authorization: `Bearer ${await oidc.token('jwt')}` })).status, 200)
  })
})

describe('the configuration of an issuer', () => {
  it('is refused where it is that of another, names no safe keys, redirects, fails or is too large', async (t) => {
    const oidc = await oidcOf(t, 'one')
    const token = await oidc.token('jwt')
    await oidc.stop()
    const port = Number(new URL(oidc.issuer).port)
    let answer: { status: number; body: string } = { status: 200, body: '' }
    const server = createServer((_request, response) => {
      response.writeHead(answer.status, { location: `${oidc.issuer}/else` }).end(answer.body)
    }).listen(port, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => server.close())
    assert.equal((server.address() as AddressInfo).port, port)
    const keys = `${oidc.issuer}/jwks`
    for (const [status, body] of [
      [200, JSON.stringify({ issuer: `${oidc.issuer}/`, jwks_uri: keys })],
      [200, JSON.stringify({ issuer: oidc.issuer, jwks_uri: 'http://id.test/jwks' })],
      [200, JSON.stringify({ issuer: oidc.issuer })],
      [200, 'null'],
      [200, '{'],
      [200, JSON.stringify({ issuer: oidc.issuer, jwks_uri: keys, x: 'x'.repeat(1_100_000) })],
      [302, ''],
      [500, ''],
    ] as const) {
      answer = { status, body }
      const { get } = await guarded(t, oidc.issuer)
      const reply = await get({ authorization: `Bearer ${token}` })
      assert.equal(reply.status, 503, body.slice(0, 80))
      assert.equal(reply.reason, 'unavailable')
      assert.doesNotMatch(reply.body.detail ?? '', /127\.0\.0\.1|issuer/)
    }
  })
})

const guarded = async (
  t: TestContext,
  discovery: string,
  tools: Partial<PolicyTools> = {},
  more: { readonly revocation?: { staleness?: string; whenDown?: 'refuse' | 'accept' } } = {},
) => {
  const providers = await compiledProviders({
    shoppers: { jwt: { discovery, audience: 'shop', type: 'at+jwt', ...more } },
  })
  return guardedApp(t, { providers, rule: 'shoppers' }, tools)
}

const oidcOf = async (t: TestContext, kid: string, port?: number) => {
  const oidc = await startOidc(kid, port)
  t.after(oidc.stop)
  return oidc
}

const connected = async (t: TestContext): Promise<{ redis: Redis; stop: () => Promise<void> }> => {
  const server = await startRedis()
  const redis = new Redis(server.url, { retryStrategy: () => null })
  redis.on('error', () => undefined)
  await once(redis, 'ready')
  t.after(async () => {
    redis.disconnect()
    await server.stop()
  })
  return {
    redis,
    stop: async () => {
      const closed = once(redis, 'close')
      await server.stop()
      await closed
    },
  }
}

const claimsOf = (token: string): Record<string, unknown> =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>
