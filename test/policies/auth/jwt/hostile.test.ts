import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { request as send } from 'node:http'
import { describe, it, type TestContext } from 'node:test'
import type { JSONWebKeySet } from 'jose'
import { authConfig } from '../../../../src/policies/auth/config.ts'
import { compileJwtProvider } from '../../../../src/policies/auth/jwt/compile.ts'
import { jwtProviderConfig } from '../../../../src/policies/auth/jwt/config.ts'
import { auth } from '../../../../src/policies/auth/policy.ts'
import { policyApp } from '../../policy-app.ts'
import { jwkOf, keys, tokenOf, claims as usualClaims } from './issuer.ts'

/**
 * Tokens as attackers make them, and what becomes of each: the reason that the audit log and the metrics have. Every
 * one is made of a token that passes, which is the first test, so that it is refused for nothing else.
 */
describe('hostile tokens', () => {
  it('are made of one that passes', async (t) => {
    const { get } = await gateway(t)
    assert.equal((await get([`Bearer ${good()}`])).status, 200)
    assert.equal((await get([`bEaReR   ${good()}`])).status, 200, 'schemes have no case (RFC 9110 §11.1)')
    assert.equal((await get([`Bearer ${signed({}, { aud: ['x', 'shop'] })}`])).status, 200)
    const hints = { jku: 'http://127.0.0.1:1/', x5u: 'http://127.0.0.1:1/', x5c: ['AA=='], jwk: strange }
    assert.equal((await get([`Bearer ${signed(hints, {})}`])).status, 200, 'hints are not looked at')
  })

  it('are each refused by 401, for a reason of their own', async (t) => {
    const { get, reasons } = await gateway(t)
    assert.ok(corpus().length >= 60, String(corpus().length))
    for (const [what, authorization, reason] of corpus()) {
      reasons.length = 0
      const reply = await get([authorization].flat())
      assert.equal(reply.status, 401, what)
      assert.deepEqual(reasons, [reason], what)
      assert.match(reply.challenge, /^Bearer realm="portico"/, what)
      assert.doesNotMatch(reply.text, /id\.test|\bshop\b|127\.0\.0\.1/, what)
    }
  })

  it('in the query or in a cookie count for nothing', async (t) => {
    const { get, reasons } = await gateway(t)
    assert.equal((await get([], `/?access_token=${good()}&authorization=Bearer%20${good()}`)).status, 401)
    assert.equal((await get([], '/', ['cookie', `access_token=${good()}`])).status, 401)
    assert.deepEqual(reasons, ['missing', 'missing'])
  })
})

type Hostile = readonly [what: string, authorization: string | readonly string[], reason: string]

const seconds = (): number => Math.floor(Date.now() / 1_000)
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' })
const small = generateKeyPairSync('rsa', { modulusLength: 1_024 })
const strange = jwkOf(keys.otherRsa.publicKey, 'rsa')
const rs256 = { alg: 'RS256', kid: 'rsa', typ: 'JWT' }
const claims = (changes: Record<string, unknown> = {}) => usualClaims({ tenant: 't', ...changes })

const signed = (header: object, changes: Record<string, unknown>): string =>
  tokenOf({ ...rs256, ...header }, claims(changes), keys.rsa.privateKey)
const good = (): string => signed({}, {})
const text = (value: string): string => Buffer.from(value).toString('base64url')

/** Header and claims as texts, so that they can be what no object is. */
const signedTexts = (header: string, body: string): string => {
  const input = `${text(header)}.${text(body)}`
  return `${input}.${sign('sha256', Buffer.from(input), keys.rsa.privateKey).toString('base64url')}`
}
const body = (more: string): string => JSON.stringify(claims()).replace(/\}$/, `,${more}}`)

const otherBits = (part: string): string => {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return part.slice(0, -1) + digits[digits.indexOf(part.at(-1) ?? 'A') ^ 1]
}

const ecdsa = (bytes: Buffer): string => {
  const input = good().split('.').slice(0, 2)
  input[0] = text(JSON.stringify({ alg: 'ES256', kid: 'ec' }))
  return `${input.join('.')}.${bytes.toString('base64url')}`
}

const hmac = (alg: string, secret: string | Buffer): string => {
  const input = `${text(JSON.stringify({ alg, kid: 'rsa' }))}.${text(JSON.stringify(claims()))}`
  return `${input}.${createHmac(`sha${alg.slice(2)}`, secret)
    .update(input)
    .digest('base64url')}`
}

const parts = (token: string): [string, string, string] => token.split('.') as [string, string, string]
const exported = (key: KeyObject): { pem: string; der: Buffer; jwk: string } => ({
  pem: key.export({ type: 'spki', format: 'pem' }).toString(),
  der: key.export({ type: 'spki', format: 'der' }),
  jwk: JSON.stringify(key.export({ format: 'jwk' })),
})

const corpus = (): readonly Hostile[] => {
  const [header, payload, signature] = parts(good())
  const { pem, der, jwk } = exported(keys.rsa.publicKey)
  const bearer = (what: string, token: string, reason: string): Hostile => [what, `Bearer ${token}`, reason]
  const claim = (what: string, changes: Record<string, unknown>, reason = 'claim'): Hostile =>
    bearer(what, signed({}, changes), reason)
  const kid = (what: string, value: unknown): Hostile => bearer(what, signed({ kid: value }, {}), 'unknown key')
  return [
    // The algorithm.
    bearer('alg none', tokenOf({ alg: 'none' }, claims(), undefined), 'algorithm'),
    bearer('alg NoNe', tokenOf({ alg: 'NoNe' }, claims(), undefined), 'algorithm'),
    bearer('alg none under a good signature', signed({ alg: 'none' }, {}), 'algorithm'),
    bearer('no signature', `${header}.${payload}.`, 'signature'),
    bearer('alg empty', signed({ alg: '' }, {}), 'algorithm'),
    bearer('alg missing', signed({ alg: undefined }, {}), 'algorithm'),
    bearer('alg a list', signed({ alg: ['RS256'] }, {}), 'algorithm'),
    bearer('alg in lower case', signed({ alg: 'rs256' }, {}), 'algorithm'),
    bearer('alg with a space', signed({ alg: 'RS256 ' }, {}), 'algorithm'),
    bearer('alg __proto__', signed({ alg: '__proto__' }, {}), 'algorithm'),
    bearer('RS512 where RS256 is pinned', signed({ alg: 'RS512' }, {}), 'algorithm'),
    bearer('HS256 keyed by the public PEM', hmac('HS256', pem), 'algorithm'),
    bearer('HS256 keyed by the PEM without its last newline', hmac('HS256', pem.trimEnd()), 'algorithm'),
    bearer('HS256 keyed by the public DER', hmac('HS256', der), 'algorithm'),
    bearer('HS512 keyed by the JWK', hmac('HS512', jwk), 'algorithm'),
    bearer('HS256 keyed by nothing', hmac('HS256', ''), 'algorithm'),
    bearer('RS256 claimed, ES256 signed', tokenOf(rs256, claims(), keys.ec.privateKey), 'signature'),
    bearer('ES256 by a P-384 key', tokenOf({ alg: 'ES256', kid: 'p384' }, claims(), p384.privateKey), 'unknown key'),
    bearer('RSA of 1024 bits', tokenOf({ alg: 'RS256', kid: 'small' }, claims(), small.privateKey), 'unknown key'),
    bearer('ECDSA with r and s zero', ecdsa(Buffer.alloc(64)), 'signature'),
    bearer('ECDSA with r and s the order', ecdsa(Buffer.from(`${order}${order}`, 'hex')), 'signature'),
    bearer('ECDSA in DER', ecdsa(sign('sha256', Buffer.from('x'), keys.ec.privateKey)), 'signature'),
    // The key.
    kid('kid of another kind of key', 'ec'),
    kid('kid a path', '../../../../dev/null'),
    kid('kid SQL', "x' UNION SELECT 'secret' --"),
    kid('kid a URL', 'http://127.0.0.1:1/keys'),
    kid('kid a command', '|/usr/bin/id'),
    kid('kid with NUL', 'rsa\0'),
    kid('kid an object', { $ne: '' }),
    kid('kid a number', 0),
    kid('kid __proto__', '__proto__'),
    bearer('key of the header', tokenOf({ ...rs256, jwk: strange }, claims(), keys.otherRsa.privateKey), 'signature'),
    bearer('jku', tokenOf({ ...rs256, jku: 'http://127.0.0.1:1/' }, claims(), keys.otherRsa.privateKey), 'signature'),
    bearer('x5u', tokenOf({ ...rs256, x5u: 'http://127.0.0.1:1/' }, claims(), keys.otherRsa.privateKey), 'signature'),
    bearer('x5c', tokenOf({ ...rs256, x5c: ['AA=='] }, claims(), keys.otherRsa.privateKey), 'signature'),
    bearer('x5t', tokenOf({ ...rs256, x5t: 'AA' }, claims(), keys.otherRsa.privateKey), 'signature'),
    // Extensions.
    bearer('crit', signed({ crit: ['exp'], exp: 1 }, {}), 'malformed'),
    bearer('crit empty', signed({ crit: [] }, {}), 'malformed'),
    bearer('crit no list', signed({ crit: null }, {}), 'malformed'),
    bearer('b64 false', signed({ b64: false, crit: ['b64'] }, {}), 'malformed'),
    bearer('b64 false and not critical', signed({ b64: false }, {}), 'malformed'),
    bearer('a type of another use', signed({ typ: 'logout+jwt' }, {}), 'claim'),
    // The form.
    bearer('a nested JWE', `${header}.e30.e30.e30.e30`, 'malformed'),
    bearer('two parts', `${header}.${payload}`, 'malformed'),
    bearer('a dot at the end', `${good()}.`, 'malformed'),
    bearer('a dot before', `.${good()}`, 'malformed'),
    bearer('JSON serialization', JSON.stringify({ payload, protected: header, signature }), 'malformed'),
    bearer('padding', `${header}.${payload}.${signature}=`, 'malformed'),
    bearer('other bits at the end of the signature', `${header}.${payload}.${otherBits(signature)}`, 'malformed'),
    bearer('base64 of the other alphabet', `${header}.${payload}.${'+/'.repeat(171)}`, 'malformed'),
    bearer('a space within', `${header}. ${payload}.${signature}`, 'malformed'),
    bearer('a comma and another', `${good()}, Bearer ${good()}`, 'malformed'),
    bearer('two tokens', `${good()} ${good()}`, 'malformed'),
    bearer('12 KB', `${header}.${text(JSON.stringify(claims({ x: 'x'.repeat(9_000) })))}.${signature}`, 'too large'),
    bearer('other claims', `${header}.${text(JSON.stringify(claims({ sub: 'eve' })))}.${signature}`, 'signature'),
    bearer('a signature cut short', good().slice(0, -6), 'signature'),
    bearer('header no JSON', signedTexts('{', JSON.stringify(claims())), 'malformed'),
    bearer('header twice alg', signedTexts('{"alg":"none","alg":"RS256","kid":"rsa"}', body('"x":1')), 'malformed'),
    bearer('claims twice sub', signedTexts(JSON.stringify(rs256), body('"sub":"eve"')), 'malformed'),
    bearer('claims twice exp', signedTexts(JSON.stringify(rs256), body('"exp":9999999999')), 'malformed'),
    bearer('claims twice iss, escaped', signedTexts(JSON.stringify(rs256), body('"\\u0069ss":"x"')), 'malformed'),
    bearer('claims a list', signedTexts(JSON.stringify(rs256), '["ada"]'), 'malformed'),
    bearer('claims text', signedTexts(JSON.stringify(rs256), '"ada"'), 'malformed'),
    bearer('claims after a byte order mark', signedTexts(JSON.stringify(rs256), `\uFEFF${body('"x":1')}`), 'malformed'),
    bearer(
      'claims a thousand deep',
      signedTexts(JSON.stringify(rs256), body(`"x":${'['.repeat(1e3)}${']'.repeat(1e3)}`)),
      'malformed',
    ),
    bearer('exp NaN', signedTexts(JSON.stringify(rs256), body('"x":NaN')), 'malformed'),
    // The claims.
    claim('exp missing', { exp: undefined }),
    claim('exp text', { exp: String(seconds() + 300) }),
    claim('exp null', { exp: null }),
    claim('exp a list', { exp: [seconds() + 300] }),
    claim('exp true', { exp: true }),
    claim('exp past', { exp: seconds() - 60 }, 'expired'),
    claim('exp zero', { exp: 0 }, 'expired'),
    claim('exp negative', { exp: -1 }, 'expired'),
    claim('exp in milliseconds', { exp: Date.now() + 300_000 }),
    claim('exp huge', { exp: 1e300 }),
    claim('nbf ahead', { nbf: seconds() + 60 }, 'not yet valid'),
    claim('nbf text', { nbf: 'now' }),
    claim('iat ahead', { iat: seconds() + 3_600 }, 'not yet valid'),
    claim('iat text', { iat: 'now' }),
    claim('iss missing', { iss: undefined }, 'unknown issuer'),
    claim('iss with a slash more', { iss: 'https://id.test/' }, 'unknown issuer'),
    claim('iss in a list', { iss: ['https://id.test'] }, 'unknown issuer'),
    claim('iss in another case', { iss: 'https://ID.test' }, 'unknown issuer'),
    claim('iss by a look-alike', { iss: 'https://іd.test' }, 'unknown issuer'),
    claim('iss with an invisible character', { iss: 'https://id.test\u200b' }, 'unknown issuer'),
    claim('aud missing', { aud: undefined }),
    claim('aud of another', { aud: 'bank' }),
    claim('aud with more before', { aud: 'workshop' }),
    claim('aud with more behind', { aud: 'shopping' }),
    claim('aud of a part', { aud: 'sho' }),
    claim('aud empty', { aud: [] }),
    claim('aud an object', { aud: { shop: true } }),
    claim('aud with something else in it', { aud: ['bank', { shop: 1 }] }),
    claim('a required claim missing', { tenant: undefined }),
    // The header.
    ['two headers', [`Bearer ${good()}`, `Bearer ${good()}`], 'ambiguous'],
    ['two headers of two schemes', [`Bearer ${good()}`, 'Basic YTpi'], 'ambiguous'],
    ['no scheme', good(), 'unknown scheme'],
    ['another scheme', `Token ${good()}`, 'unknown scheme'],
    ['a scheme that begins alike', `Bearers ${good()}`, 'unknown scheme'],
    ['a tab for the space', `Bearer\t${good()}`, 'unknown scheme'],
    ['the scheme alone', 'Bearer', 'malformed'],
  ]
}

/** Of the curve P-256. */
const order = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'

const gateway = async (t: TestContext) => {
  const place = { file: 'portico.yaml', line: 1, column: 1, text: '' }
  const settings = { issuer: 'https://id.test', audience: 'shop', requiredClaims: ['tenant'], type: 'JWT' }
  const config = jwtProviderConfig.parse({ jwt: { ...settings, jwks: 'https://id.test/jwks.json' } })
  const { provider } = await compileJwtProvider('shoppers', config, {
    workspaceDir: '/nowhere',
    placeOf: () => place,
    shared: false,
    clientCertificates: false,
    trustedProxies: [],
  })
  assert.ok(provider)
  const published = [
    jwkOf(keys.rsa.publicKey, 'rsa'),
    jwkOf(keys.ec.publicKey, 'ec'),
    jwkOf(p384.publicKey, 'p384'),
    jwkOf(small.publicKey, 'small'),
  ]
  const jwks: JSONWebKeySet = { keys: published }
  const issuers = provider.issuers.map((issuer) => ({
    ...issuer,
    keys: { kind: 'file', file: 'keys.json', jwks } as const,
  }))
  const reasons: string[] = []
  const { app, tools, listen } = await policyApp(t, [auth], {
    providers: new Map([['shoppers', { ...provider, issuers }]]),
    audit: {
      granted: () => undefined,
      failed: ({ reason }) => reasons.push(reason),
      denied: () => undefined,
      limited: () => undefined,
    },
  })
  app.get('/', auth.hooks(authConfig.parse('shoppers'), { app, tools, scope: { name: 'bffs.web' } }), () => ({}))
  const base = await listen()
  const get = (authorization: readonly string[], path = '/', more: readonly string[] = []) =>
    new Promise<{ status: number; challenge: string; text: string }>((resolve, reject) => {
      const headers = ['host', '127.0.0.1', ...authorization.flatMap((one) => ['authorization', one]), ...more]
      send(base + path, { headers, agent: false }, (response) => {
        let received = ''
        response.setEncoding('utf8').on('data', (chunk: string) => (received += chunk))
        const challenge = response.headers['www-authenticate'] ?? ''
        response.on('end', () => resolve({ status: response.statusCode ?? 0, challenge, text: received }))
      })
        .on('error', reject)
        .end()
    })
  return { get, reasons }
}
