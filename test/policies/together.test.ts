import assert from 'node:assert/strict'
import { createSecretKey } from 'node:crypto'
import { describe, it, type TestContext } from 'node:test'
import { authConfig } from '../../src/policies/auth/config.ts'
import type { JwtProvider } from '../../src/policies/auth/jwt/provider.ts'
import { auth } from '../../src/policies/auth/policy.ts'
import { compressionConfig } from '../../src/policies/compression/config.ts'
import { compression } from '../../src/policies/compression/policy.ts'
import { corsConfig } from '../../src/policies/cors/config.ts'
import { cors } from '../../src/policies/cors/policy.ts'
import { mergeHooks } from '../../src/policies/hooks.ts'
import type { Policy } from '../../src/policies/policy.ts'
import { rateLimit } from '../../src/policies/rate-limit/policy.ts'
import { claims, secret, tokenOf } from './auth/jwt/issuer.ts'
import { placeOf, policyApp } from './policy-app.ts'

describe('all policies of one route', () => {
  it('run in their order: a preflight needs no token, a refused token is not counted, users are', async (t) => {
    const { send } = await gateway(t)
    const preflight = await send('OPTIONS', { 'access-control-request-method': 'GET' })
    assert.equal(preflight.status, 204)
    assert.equal(preflight.headers.get('ratelimit'), null)
    assert.equal((await send('GET', { authorization: 'Bearer x' })).status, 401)
    const reply = await send('GET', bearer('ada'))
    assert.equal(reply.status, 200)
    assert.match(reply.headers.get('ratelimit') ?? '', /^"user-1m";r=0;t=\d+$/)
    assert.equal(reply.headers.get('content-encoding'), 'gzip')
    assert.equal(reply.headers.get('access-control-allow-origin'), 'https://shop.example')
    assert.equal(reply.headers.get('vary'), 'Origin, accept-encoding')
    assert.equal((await send('GET', bearer('bob'))).status, 200)
    const refused = await send('GET', bearer('ada'))
    assert.equal(refused.status, 429)
    assert.equal(refused.headers.get('access-control-allow-origin'), 'https://shop.example')
  })
})

const bearer = (sub: string) => ({ authorization: `Bearer ${tokenOf({ alg: 'HS256' }, claims({ sub }), secret)}` })

const gateway = async (t: TestContext) => {
  const provider: JwtProvider = {
    kind: 'jwt',
    name: 'shoppers',
    issuers: [
      {
        name: 'https://id.test',
        audience: ['shop'],
        algorithms: ['HS256'],
        clockSkewMs: 0,
        scopeClaim: 'scope',
        rolesClaim: 'roles',
        groupsClaim: 'groups',
        requiredClaims: [],
        type: undefined,
        maxBytes: 8_192,
        maxLifetimeMs: undefined,
        revocation: undefined,
        keys: { kind: 'secret', secret: createSecretKey(Buffer.from(secret)) },
      },
    ],
  }
  const policies: readonly Policy[] = [cors, auth, rateLimit, compression]
  const { app, tools, listen } = await policyApp(t, policies, { providers: new Map([['shoppers', provider]]) })
  const context = { app, tools, scope: { name: 'bffs.web' } }
  const hooks = mergeHooks([
    cors.hooks(corsConfig.parse({ origins: ['https://shop.example'] }), context),
    auth.hooks(authConfig.parse('shoppers'), context),
    rateLimit.hooks(placeOf({ limit: 1, window: '1m', by: 'user' }), context),
    compression.hooks(compressionConfig.parse({ threshold: '1B', encodings: ['gzip'] }), context),
  ])
  app.get('/', hooks, () => ({ text: 'portico' }))
  const url = await listen()
  return {
    send: (method: string, headers: Record<string, string>) =>
      fetch(url, { method, headers: { origin: 'https://shop.example', ...headers } }),
  }
}
