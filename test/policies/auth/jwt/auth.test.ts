import assert from 'node:assert/strict'
import { request as send } from 'node:http'
import { Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { authConfig } from '../../../../src/policies/auth/config.ts'
import { compileJwtProvider } from '../../../../src/policies/auth/jwt/compile.ts'
import { jwtProviderConfig } from '../../../../src/policies/auth/jwt/config.ts'
import type { JwtKeys, JwtProvider } from '../../../../src/policies/auth/jwt/provider.ts'
import { auth, handshake } from '../../../../src/policies/auth/policy.ts'
import type { PolicyTools } from '../../../../src/policies/policy.ts'
import { policyApp, stillClock } from '../../policy-app.ts'
import { compiledProviders, guardedApp } from '../provider-app.ts'
import { claims, jwkOf, keys, secret, startIssuer, tokenOf } from './issuer.ts'

const rs256 = { alg: 'RS256', kid: 'rsa' } as const
const hs256 = { alg: 'HS256' } as const

describe('auth', () => {
  it('accepts tokens signed with RS256, ES256 and EdDSA by keys of the set, each by its kid', async (t) => {
    const { get } = await gatewayWithKeys(t)
    for (const [alg, kid, key] of [
      ['RS256', 'rsa', keys.rsa],
      ['ES256', 'ec', keys.ec],
      ['EdDSA', 'ed', keys.ed],
    ] as const) {
      const reply = await get({ authorization: `Bearer ${tokenOf({ alg, kid }, claims(), key.privateKey)}` })
      assert.equal(reply.status, 200, alg)
      assert.deepEqual(reply.body, { subject: 'ada', scopes: ['orders:read', 'profile'], provider: 'shoppers' })
    }
  })

  it('accepts tokens signed with a shared secret', async (t) => {
    const { get } = await gatewayWithSecret(t)
    const reply = await get({ authorization: `Bearer ${tokenOf(hs256, claims(), secret)}` })
    assert.equal(reply.status, 200)
  })

  it('accepts tokens signed by a key of a file, without a kid where there is only one of its kind', async (t) => {
    const provider = await compiled({ jwks: 'https://id.test/jwks.json' })
    const jwks = { keys: [jwkOf(keys.ed.publicKey, 'ed'), jwkOf(keys.ec.publicKey, 'ec')] }
    const { get } = await gateway(t, [withKeys(provider, { kind: 'file', file: 'keys.json', jwks })], {})
    const good = tokenOf({ alg: 'EdDSA' }, claims(), keys.ed.privateKey)
    assert.equal((await get({ authorization: `Bearer ${good}` })).status, 200)
    const unknown = tokenOf(rs256, claims(), keys.rsa.privateKey)
    assert.match((await get({ authorization: `Bearer ${unknown}` })).body.detail, /unknown key/)
  })

  it('takes scopes from a list as they are, and from the claim that the provider names', async (t) => {
    const { get } = await gatewayWithSecret(t, { scopeClaim: 'roles' })
    const payload = claims({ roles: ['admin', 'order clerk', 7], scope: 'ignored' })
    const reply = await get({ authorization: `Bearer ${tokenOf(hs256, payload, secret)}` })
    assert.deepEqual(reply.body.scopes, ['admin', 'order clerk'])
  })

  it('asks for a token where there is none, without an error code', async (t) => {
    const { get } = await gatewayWithSecret(t)
    const reply = await get({})
    assert.equal(reply.status, 401)
    assert.equal(reply.challenge, 'Bearer realm="portico"')
    assert.equal(reply.body.code, 'UNAUTHENTICATED')
  })

  it('lets callers in without a token where it is optional, but never with a bad one', async (t) => {
    const { get } = await gatewayWithSecret(t)
    const anonymous = await get({}, '/optional')
    assert.equal(anonymous.status, 200)
    assert.deepEqual(anonymous.body, {})
    const bad = await get({ authorization: 'Bearer nonsense' }, '/optional')
    assert.equal(bad.status, 401)
    assert.equal(bad.challenge, 'Bearer realm="portico", error="invalid_token"')
  })

  it('ignores a token in the query', async (t) => {
    const { get } = await gatewayWithSecret(t)
    const reply = await get({}, `/?access_token=${tokenOf(hs256, claims(), secret)}`)
    assert.equal(reply.status, 401)
    assert.equal(reply.challenge, 'Bearer realm="portico"')
  })

  it('refuses two Authorization headers, whatever is in them', async (t) => {
    const { get } = await gatewayWithSecret(t)
    const good = `Bearer ${tokenOf(hs256, claims(), secret)}`
    for (const authorization of [
      [good, good],
      [good, 'Basic YTpi'],
    ]) {
      const reply = await get({ authorization })
      assert.equal(reply.status, 401)
      assert.match(reply.body.detail, /two Authorization headers/)
    }
  })

  it('refuses other schemes, two tokens and text that is no token', async (t) => {
    const { get } = await gatewayWithSecret(t)
    const good = tokenOf(hs256, claims(), secret)
    for (const authorization of [`Basic ${good}`, good, `Bearer ${good} ${good}`, 'Bearer', `Bearer ${good},x`]) {
      assert.equal((await get({ authorization })).status, 401, authorization)
    }
  })

  it('refuses every token whose claims are wrong and says which claim', async (t) => {
    const { get } = await gatewayWithSecret(t)
    const seconds = Math.floor(Date.now() / 1_000)
    for (const [changes, detail] of [
      [{ exp: seconds - 60 }, /has expired/],
      [{ exp: undefined }, /claim exp is missing/],
      [{ exp: String(seconds + 300) }, /claim exp is malformed/],
      [{ exp: null }, /claim exp is malformed/],
      [{ exp: [seconds + 300] }, /claim exp is/],
      [{ nbf: seconds + 60 }, /not valid yet/],
      [{ nbf: 1e300 }, /malformed/],
      [{ iss: undefined }, /claim iss is missing/],
      [{ iss: 'https://id.test/' }, /claim iss is not accepted/],
      [{ iss: ['https://id.test'] }, /claim iss/],
      [{ aud: undefined }, /claim aud is missing/],
      [{ aud: 'shopkeeper' }, /claim aud is not accepted/],
      [{ aud: [] }, /claim aud is not accepted/],
      [{ aud: ['other', { shop: 1 }] }, /claim aud is malformed/],
    ] as const) {
      const reply = await get({ authorization: `Bearer ${tokenOf(hs256, claims(changes), secret)}` })
      assert.equal(reply.status, 401, JSON.stringify(changes))
      assert.match(reply.body.detail, detail)
      assert.doesNotMatch(reply.body.detail, /id\.test/)
    }
  })

  it('accepts clocks that differ by the skew, and one of several audiences', async (t) => {
    const { get } = await gatewayWithSecret(t, { audience: ['shop', 'admin'], clockSkew: '30s' })
    const payload = claims({ exp: Math.floor(Date.now() / 1_000) - 10, aud: ['other', 'admin'] })
    assert.equal((await get({ authorization: `Bearer ${tokenOf(hs256, payload, secret)}` })).status, 200)
  })

  it('verifies a token it remembers anew once it has expired', async (t) => {
    const clock = stillClock()
    const { get } = await gatewayWithSecret(t, {}, { clock })
    const authorization = `Bearer ${tokenOf(hs256, claims(), secret)}`
    assert.equal((await get({ authorization })).status, 200)
    assert.equal((await get({ authorization })).status, 200)
    clock.advance(306_000)
    assert.match((await get({ authorization })).body.detail, /has expired/)
  })

  it('verifies a token that came without a request', async (t) => {
    const { app } = await gatewayWithSecret(t)
    const audit = { granted: () => {}, failed: () => {}, denied: () => {}, limited: () => {} }
    const verify = handshake(app, authConfig.parse('shoppers'), { audit, scope: 'bffs.web' })
    const raw = { rawHeaders: [], socket: new Socket() }
    const caller = { identity: undefined, address: '192.0.2.1', requestId: 'r-1' }
    const upgrade = { protocol: 'http', raw, url: '/', canonicalPath: '/', hostname: 'shop.test', caller }
    const given = (authorization: string) => verify({ authorization }, upgrade, true)
    assert.equal((await given(`Bearer ${tokenOf(hs256, claims(), secret)}`))?.subject, 'ada')
    await assert.rejects(given('Bearer x.y.z'), { code: 'UNAUTHENTICATED' })
    assert.equal(await verify({}, upgrade, false), undefined)
    await assert.rejects(verify({}, upgrade, true), { code: 'UNAUTHENTICATED' })
  })

  it('keeps providers apart in one app', async (t) => {
    const staff = await compiled({ secret: 'another secret of thirty-two bytes, or more' }, 'staff')
    const { get } = await gatewayWithSecret(t, {}, {}, [staff])
    const authorization = `Bearer ${tokenOf(hs256, claims(), secret)}`
    assert.equal((await get({ authorization })).status, 200)
    assert.equal((await get({ authorization }, '/staff')).status, 401)
  })
})

describe('tokens of several issuers', () => {
  const [ours, theirs] = ['our secret of thirty-two bytes, or more', 'their secret of thirty-two bytes or more']
  const token = (iss: string, key: string) => ({
    authorization: `Bearer ${tokenOf(hs256, claims({ iss }), key)}`,
  })
  const issuers = [
    { issuer: 'https://a.test', audience: 'shop', secret: ours },
    { issuer: 'https://b.test', audience: 'shop', secret: theirs, requiredClaims: ['tenant'] },
  ]

  it('are held against the keys and rules of their own issuer, within one provider', async (t) => {
    const providers = await compiledProviders({ all: { jwt: issuers } })
    const { get: ask } = await guardedApp(t, { providers, rule: 'all' })
    assert.equal((await ask(token('https://a.test', ours))).status, 200)
    assert.equal((await ask(token('https://a.test', theirs))).reason, 'signature')
    assert.equal((await ask(token('https://b.test', ours))).reason, 'signature')
    assert.match((await ask(token('https://b.test', theirs))).body.detail ?? '', /claim tenant is missing/)
    assert.equal((await ask(token('https://c.test', ours))).reason, 'unknown issuer')
  })

  it('go to the provider of their issuer, whatever the order, and to none where nobody knows it', async (t) => {
    const [a, b] = issuers as [(typeof issuers)[0], (typeof issuers)[0]]
    const providers = await compiledProviders({ a: { jwt: a }, b: { jwt: { ...b, requiredClaims: [] } } })
    const { get: ask } = await guardedApp(t, { providers, rule: ['b', 'a', 'anonymous'] })
    for (let round = 0; round < 2; round += 1) {
      assert.equal((await ask(token('https://a.test', ours))).body.provider, 'a')
      assert.equal((await ask(token('https://b.test', theirs))).body.provider, 'b')
      assert.equal((await ask(token('https://c.test', ours))).reason, 'unknown issuer')
      assert.equal((await ask({ authorization: 'Bearer opaque' })).reason, 'malformed')
      assert.deepEqual((await ask()).body, {})
    }
  })

  it('may not be two of one name', async () => {
    await assert.rejects(compiledProviders({ all: { jwt: [issuers[0]!, issuers[0]!] } }), /is there twice/)
  })
})

describe('auth with a key set behind a URL', () => {
  it('fetches the keys once for many tokens', async (t) => {
    const { get, issuer } = await gatewayWithKeys(t)
    const getAs = (sub: string) =>
      get({ authorization: `Bearer ${tokenOf(rs256, claims({ sub }), keys.rsa.privateKey)}` })
    const replies = await Promise.all(['a', 'b', 'c', 'd'].map(getAs))
    assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([200]))
    assert.equal(issuer.state.fetches, 1)
  })

  it('follows a rotation: the new key is accepted, the old one no more, even for a token it remembers', async (t) => {
    const clock = stillClock()
    const { get, issuer } = await gatewayWithKeys(t, { clock })
    const old = `Bearer ${tokenOf(rs256, claims(), keys.rsa.privateKey)}`
    assert.equal((await get({ authorization: old })).status, 200)
    issuer.state.keys = [jwkOf(keys.otherRsa.publicKey, 'new')]
    clock.advance(31_000)
    const fresh = `Bearer ${tokenOf({ alg: 'RS256', kid: 'new' }, claims(), keys.otherRsa.privateKey)}`
    assert.equal((await get({ authorization: fresh })).status, 200)
    assert.equal(issuer.state.fetches, 2)
    assert.equal((await get({ authorization: old })).status, 401)
  })

  it('fetches at most once in a cooldown, however many unknown keys are named', async (t) => {
    const clock = stillClock()
    const { get, issuer } = await gatewayWithKeys(t, { clock })
    const unknown = (n: number) =>
      get({ authorization: `Bearer ${tokenOf({ alg: 'RS256', kid: `k${n}` }, claims(), keys.rsa.privateKey)}` })
    await unknown(0)
    clock.advance(31_000)
    const replies = await Promise.all(Array.from({ length: 20 }, (_, n) => unknown(n)))
    assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([401]))
    assert.equal(issuer.state.fetches, 2)
  })

  it('goes on with the last good keys while the issuer fails', async (t) => {
    const clock = stillClock()
    const { get, issuer } = await gatewayWithKeys(t, { clock })
    const tokenFor = (sub: string) => `Bearer ${tokenOf(rs256, claims({ sub }, clock.date()), keys.rsa.privateKey)}`
    assert.equal((await get({ authorization: tokenFor('a') })).status, 200)
    await issuer.stop()
    clock.advance(3_600_000)
    assert.equal((await get({ authorization: tokenFor('b') })).status, 200)
    const unknown = tokenOf({ alg: 'RS256', kid: 'x' }, claims({}, clock.date()), keys.rsa.privateKey)
    assert.equal((await get({ authorization: `Bearer ${unknown}` })).status, 401)
    clock.advance(86_400_000)
    assert.equal((await get({ authorization: tokenFor('c') })).status, 503)
  })

  it('answers 503 while it has no keys, and recovers by itself', async (t) => {
    const clock = stillClock()
    const { get, issuer } = await gatewayWithKeys(t, { clock })
    issuer.state.status = 500
    const authorization = `Bearer ${tokenOf(rs256, claims(), keys.rsa.privateKey)}`
    const reply = await get({ authorization })
    assert.equal(reply.status, 503)
    assert.equal(reply.retryAfter, '2')
    assert.equal((await get({ authorization })).status, 503)
    assert.equal(issuer.state.fetches, 1)
    issuer.state.status = 200
    clock.advance(1_000)
    assert.equal((await get({ authorization })).status, 200)
  })
})

const compiled = async (settings: object, name = 'shoppers') => {
  const config = jwtProviderConfig.parse({ jwt: { issuer: 'https://id.test', audience: 'shop', ...settings } })
  const place = { file: 'portico.yaml', line: 1, column: 1, text: '' }
  const { provider, diagnostics } = await compileJwtProvider(name, config, {
    workspaceDir: '/nowhere',
    placeOf: () => place,
    shared: false,
    clientCertificates: false,
    trustedProxies: [],
  })
  assert.deepEqual(diagnostics, [])
  assert.ok(provider)
  return provider
}

const withKeys = (provider: JwtProvider, own: JwtKeys): JwtProvider => ({
  ...provider,
  issuers: provider.issuers.map((issuer) => ({ ...issuer, keys: own })),
})

const gatewayWithSecret = async (
  t: TestContext,
  settings: object = {},
  tools: Partial<PolicyTools> = {},
  others: readonly Awaited<ReturnType<typeof compiled>>[] = [],
) => gateway(t, [await compiled({ secret, ...settings }), ...others], tools)

const gatewayWithKeys = async (t: TestContext, tools: Partial<PolicyTools> = {}) => {
  const issuer = await startIssuer(t, [
    jwkOf(keys.rsa.publicKey, 'rsa', { alg: 'RS256' }),
    jwkOf(keys.ec.publicKey, 'ec'),
    jwkOf(keys.ed.publicKey, 'ed'),
  ])
  return { issuer, ...(await gateway(t, [await compiled({ jwks: issuer.url })], tools)) }
}

const gateway = async (
  t: TestContext,
  providers: readonly Awaited<ReturnType<typeof compiled>>[],
  some: Partial<PolicyTools>,
) => {
  const { app, tools, listen } = await policyApp(t, [auth], {
    ...some,
    providers: new Map(providers.map((provider) => [provider.name, provider])),
  })
  const scope = { name: 'bffs.web' }
  const route = (url: string, settings: unknown) =>
    app.get(url, auth.hooks(authConfig.parse(settings), { app, tools, scope }), ({ caller: { identity } }) =>
      identity === undefined
        ? {}
        : { subject: identity.subject, scopes: [...identity.scopes], provider: identity.provider },
    )
  route('/', 'shoppers')
  route('/optional', { provider: 'shoppers', optional: true })
  if (providers.length > 1) route('/staff', 'staff')
  const base = await listen()
  return { app, get: (headers: Record<string, string | readonly string[]>, path = '/') => get(base + path, headers) }
}

type Body = { readonly detail: string; readonly code?: string; readonly scopes?: readonly string[] }

/** By node:http: fetch would join repeated headers. */
const get = (url: string, headers: Record<string, string | readonly string[]>) =>
  new Promise<{ status: number; challenge: string; retryAfter: string; body: Body }>((resolve, reject) => {
    const raw = Object.entries(headers).flatMap(([name, value]) => [value].flat().flatMap((one) => [name, one]))
    const request = send(url, { headers: ['host', '127.0.0.1', ...raw] }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          challenge: response.headers['www-authenticate'] ?? '',
          retryAfter: response.headers['retry-after'] ?? '',
          body: JSON.parse(text) as Body,
        }),
      )
    })
    request.on('error', reject).end()
  })
