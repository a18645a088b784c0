import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { startOidc } from '../../../support/oidc.ts'
import { stillClock } from '../../policy-app.ts'
import { compiledProviders, guardedApp } from '../provider-app.ts'

describe('opaque tokens of a real authorization server', () => {
  it('stand for whom it says, asked once for many requests, until it is asked again', async (t) => {
    const clock = stillClock()
    const oidc = await startOidc('one')
    t.after(oidc.stop)
    const settings = { introspection: `${oidc.issuer}/token/introspection`, clientSecret: oidc.client.secret }
    const { get } = await guarded(
      t,
      { ...settings, clientId: oidc.client.id, audience: 'shop', maxAge: '30s' },
      { clock },
    )
    const token = await oidc.token('opaque')
    const ask = () => get({ authorization: `Bearer ${token}` })
    const asked = () => oidc.asked.filter((path) => path === '/token/introspection').length
    const replies = await Promise.all(Array.from({ length: 10 }, ask))
    assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([200]))
    assert.deepEqual(replies[0]?.body.scopes, ['orders:read'])
    assert.equal(replies[0]?.body.subject, 'till')
    assert.equal(asked(), 1)
    await oidc.revoke(token)
    assert.equal((await ask()).status, 200, 'an answer holds for thirty seconds')
    clock.advance(30_000)
    assert.equal((await ask()).reason, 'unknown credential')
    assert.equal((await ask()).reason, 'unknown credential')
    assert.equal(asked(), 2, 'nor is it asked again at once about a token that is none')
    await oidc.stop()
    clock.advance(30_000)
    assert.equal((await ask()).status, 503)
  })
})

describe('an authorization server', () => {
  it('that says something else than RFC 7662 lets nobody in', async (t) => {
    const clock = stillClock()
    const now = Math.floor(clock.date() / 1_000)
    const server = await answering(t)
    const { get } = await guarded(
      t,
      { introspection: server.url, clientId: 'g', clientSecret: 's', audience: 'shop' },
      { clock },
    )
    for (const [body, status, reason] of [
      [{ active: true, aud: 'shop', sub: 'ada' }, 200, undefined],
      [{ active: true, aud: ['x', 'shop'], client_id: 'ada', exp: now + 60 }, 200, undefined],
      [{ active: false, sub: 'ada', aud: 'shop' }, 401, 'unknown credential'],
      [{ active: true, aud: 'shop', exp: now - 1 }, 401, 'expired'],
      [{ active: true, aud: 'shop', exp: 'never' }, 401, 'expired'],
      [{ active: true, aud: 'shop', nbf: now + 60 }, 401, 'not yet valid'],
      [{ active: true, aud: 'shopkeeper' }, 401, 'claim'],
      [{ active: true }, 401, 'claim'],
      [{ active: 'true', aud: 'shop' }, 503, 'unavailable'],
      [{}, 503, 'unavailable'],
      [null, 503, 'unavailable'],
      [[], 503, 'unavailable'],
    ] as const) {
      server.answer = (response) => response.end(JSON.stringify(body))
      const reply = await get({ authorization: `Bearer t${Math.random()}` })
      assert.equal(reply.status, status, JSON.stringify(body))
      assert.equal(reply.reason, reason, JSON.stringify(body))
    }
    for (const answer of [
      (response: ServerResponse) => response.writeHead(401).end('{"active":true,"aud":"shop"}'),
      (response: ServerResponse) => response.writeHead(302, { location: server.url }).end(),
      (response: ServerResponse) => response.end('{'),
      (response: ServerResponse) => response.end(`{"active":true,"aud":"shop","x":"${'x'.repeat(1_100_000)}"}`),
      (response: ServerResponse) => response.destroy(),
    ]) {
      server.answer = answer
      const reply = await get({ authorization: `Bearer t${Math.random()}` })
      assert.equal(reply.status, 503)
      assert.doesNotMatch(reply.body.detail ?? '', /127|active/)
    }
  })

  it('that hangs is waited for no longer than the settings say', async (t) => {
    const server = await answering(t)
    const { get } = await guarded(t, { introspection: server.url, clientId: 'g', clientSecret: 's', timeout: '100ms' })
    server.answer = () => undefined
    assert.equal((await get({ authorization: 'Bearer t' })).status, 503)
  })

  it('is told who asks in the words of a form, and asked about nothing that is no token', async (t) => {
    const server = await answering(t)
    const { get } = await guarded(t, { introspection: server.url, clientId: 'a b', clientSecret: 'ü:%' })
    server.answer = (response) => response.end('{"active":true,"sub":"ada"}')
    await get({ authorization: 'Bearer abc+/=' })
    assert.equal(server.asked[0]?.authorization, `Basic ${Buffer.from('a+b:%C3%BC%3A%25').toString('base64')}`)
    assert.equal((await get({ authorization: 'Bearer a b' })).reason, 'malformed')
    assert.equal((await get({ authorization: `Bearer ${'x'.repeat(5_000)}` })).reason, 'too large')
    assert.equal((await get({ authorization: 'Basic YTpi' })).reason, 'unknown scheme')
    assert.equal(server.asked.length, 1)
  })

  it('gets tokens that a provider of signed ones leaves to it', async (t) => {
    const server = await answering(t)
    server.answer = (response) => response.end('{"active":true,"sub":"ada"}')
    const providers = await compiledProviders({
      shoppers: {
        jwt: { issuer: 'https://id.test', audience: 'shop', secret: 'a secret of thirty-two bytes or more' },
      },
      machines: { oauth2: { introspection: server.url, clientId: 'g', clientSecret: 's' } },
    })
    const { get } = await guardedApp(t, { providers, rule: ['shoppers', 'machines'] })
    assert.equal((await get({ authorization: 'Bearer opaque' })).body.provider, 'machines')
  })
})

type Settings = {
  readonly introspection: string
  readonly clientId: string
  readonly clientSecret: string
  readonly audience?: string
  readonly maxAge?: string
  readonly timeout?: string
}

const guarded = async (t: TestContext, oauth2: Settings, tools: Parameters<typeof guardedApp>[2] = {}) =>
  guardedApp(t, { providers: await compiledProviders({ machines: { oauth2 } }), rule: 'machines' }, tools)

const answering = async (t: TestContext) => {
  const asked: IncomingMessage['headers'][] = []
  const state = { answer: (_response: ServerResponse): unknown => undefined, asked, url: '' }
  const server = createServer((request, response) => {
    asked.push(request.headers)
    request.resume().once('end', () => state.answer(response))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/introspect`
  return state
}
