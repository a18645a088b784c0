import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { answered, bodyFaults, type Fault, startFaultServer, wireFaults } from '../../support/fault-server.ts'
import { stillClock } from '../policy-app.ts'
import { claims, jwkOf, keys, tokenOf } from './jwt/issuer.ts'
import { compiledProviders, guardedApp } from './provider-app.ts'

const faults: Readonly<Record<string, Fault>> = { ...wireFaults, ...bodyFaults }

const keyFaults: Readonly<Record<string, Fault>> = {
  ...faults,
  'no keys': answered('{}'),
  'keys that are a text': answered('{"keys":"rsa"}'),
  'keys that are texts': answered('{"keys":["rsa"]}'),
  null: answered('null'),
  'a list': answered('[]'),
}

const tokenFaults: Readonly<Record<string, Fault>> = {
  ...faults,
  'active as a text': answered('{"active":"true","sub":"ada"}'),
  'active as a number': answered('{"active":1,"sub":"ada"}'),
  'active in a list': answered('[{"active":true,"sub":"ada"}]'),
  'active twice removed': answered('{"data":{"active":true,"sub":"ada"}}'),
}

describe('an issuer whose keys cannot be had', () => {
  it('lets nobody in by 503, whatever it answers, in bounded time', async (t) => {
    const server = await startFaultServer(keyFaults)
    t.after(server.close)
    const token = tokenOf({ alg: 'RS256', kid: 'rsa' }, claims(), keys.rsa.privateKey)
    await Promise.all(
      Object.keys(keyFaults).map(async (fault) => {
        const jwks = `${server.url}/a/${encodeURIComponent(fault)}`
        const providers = await compiledProviders({
          users: { jwt: { issuer: 'https://id.test', audience: 'shop', jwks } },
        })
        const { get } = await guardedApp(t, { providers, rule: 'users' })
        const { status, reason, retryAfter, body } = await get({ authorization: `Bearer ${token}` })
        assert.deepEqual([status, reason, retryAfter], [503, 'unavailable', '2'], fault)
        assert.equal(body.detail, 'Tokens cannot be verified at the moment.')
      }),
    )
  })

  it('after it had some keeps those, and none that it never gave', async (t) => {
    const clock = stillClock()
    const issuer = await keyServer(t)
    const { get } = await guarded(t, issuer.url, clock)
    const known = (sub: string) =>
      tokenOf({ alg: 'RS256', kid: 'rsa' }, claims({ sub }, clock.date()), keys.rsa.privateKey)
    const unknown = () => tokenOf({ alg: 'RS256', kid: 'new' }, claims({}, clock.date()), keys.otherRsa.privateKey)
    const ask = async (token: string) => (await get({ authorization: `Bearer ${token}` })).status
    assert.equal(await ask(known('first')), 200)
    const published = JSON.stringify({ keys: [jwkOf(keys.otherRsa.publicKey, 'new')] })
    for (const [what, answer] of Object.entries({
      'a failure': (response: ServerResponse) => response.writeHead(500).end(published),
      'a redirect': (response: ServerResponse) => response.writeHead(302, { location: issuer.url }).end(published),
      'half of it': (response: ServerResponse) => response.end(published.slice(0, -9)),
      'no keys': (response: ServerResponse) => response.end('{"keys":{}}'),
      'too much': (response: ServerResponse) => response.end(published.padEnd(1_100_000, ' ')),
      'a broken connection': (response: ServerResponse) => response.destroy(),
    })) {
      issuer.answer = answer
      clock.advance(600_001)
      const before = issuer.asked()
      assert.equal(await ask(unknown()), 401, what)
      assert.equal(issuer.asked(), before + 1, what)
      assert.equal(await ask(known(what)), 200, what)
    }
  })

  it('is believed by what it says, not by the type that it calls it', async (t) => {
    const issuer = await keyServer(t)
    issuer.answer = (response) => response.writeHead(200, { 'content-type': 'text/html' }).end(issuer.published)
    const { get } = await guarded(t, issuer.url, stillClock())
    const token = tokenOf({ alg: 'RS256', kid: 'rsa' }, claims(), keys.rsa.privateKey)
    assert.equal((await get({ authorization: `Bearer ${token}` })).status, 200)
  })

  it('holds up only those whose key is new while it changes its keys', async (t) => {
    const clock = stillClock()
    const issuer = await keyServer(t)
    const { get } = await guarded(t, issuer.url, clock)
    const old = (sub: string) =>
      get({
        authorization: `Bearer ${tokenOf({ alg: 'RS256', kid: 'rsa' }, claims({ sub }, clock.date()), keys.rsa.privateKey)}`,
      })
    assert.equal((await old('a')).status, 200)
    clock.advance(31_000)
    const held = Promise.withResolvers<ServerResponse>()
    issuer.answer = held.resolve
    const fresh = tokenOf({ alg: 'RS256', kid: 'new' }, claims({}, clock.date()), keys.otherRsa.privateKey)
    const waiting = get({ authorization: `Bearer ${fresh}` })
    const response = await held.promise
    assert.equal((await old('b')).status, 200)
    response.end(JSON.stringify({ keys: [jwkOf(keys.otherRsa.publicKey, 'new')] }))
    assert.equal((await waiting).status, 200)
    assert.equal((await old('b')).reason, 'unknown key')
  })
})

describe('an authorization server that does not tell of tokens', () => {
  it('lets nobody in by 503, whatever it answers, in bounded time', async (t) => {
    const server = await startFaultServer(tokenFaults)
    t.after(server.close)
    await Promise.all(
      Object.keys(tokenFaults).map(async (fault) => {
        const introspection = `${server.url}/a/${encodeURIComponent(fault)}`
        const oauth2 = { introspection, clientId: 'g', clientSecret: 's', timeout: '500ms' }
        const { get } = await guardedApp(t, {
          providers: await compiledProviders({ users: { oauth2 } }),
          rule: 'users',
        })
        const { status, reason, retryAfter, body } = await get({ authorization: 'Bearer opaque' })
        assert.deepEqual([status, reason, retryAfter], [503, 'unavailable', '2'], fault)
        assert.equal(body.detail, 'Tokens cannot be verified at the moment.')
      }),
    )
  })
})

const guarded = async (t: TestContext, jwks: string, clock: ReturnType<typeof stillClock>) => {
  const providers = await compiledProviders({ users: { jwt: { issuer: 'https://id.test', audience: 'shop', jwks } } })
  return guardedApp(t, { providers, rule: 'users' }, { clock })
}

/** An issuer of the key `rsa` that answers otherwise when it is told so. */
const keyServer = async (t: TestContext) => {
  let asked = 0
  const published = JSON.stringify({ keys: [jwkOf(keys.rsa.publicKey, 'rsa')] })
  const state = {
    url: '',
    published,
    answer: (response: ServerResponse): unknown => response.end(published),
    asked: () => asked,
  }
  const server = createServer((_request, response) => {
    asked += 1
    state.answer(response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`
  return state
}
