import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { Problem } from '../../../src/kernel/problem.ts'
import { corsConfig } from '../../../src/policies/cors/config.ts'
import { cors } from '../../../src/policies/cors/policy.ts'
import { mergeHooks } from '../../../src/policies/hooks.ts'
import { policyApp } from '../policy-app.ts'

const shop = 'https://shop.example'
const preflight = { origin: shop, 'access-control-request-method': 'POST' }

describe('cors', () => {
  it('answers a preflight before auth, though the route declares no OPTIONS', async (t) => {
    const { send } = await gateway(t)
    const reply = await send('OPTIONS', '/web/graphql', preflight)
    assert.equal(reply.status, 204)
    assert.equal(reply.headers.get('access-control-allow-origin'), shop)
    assert.equal(reply.headers.get('access-control-allow-methods'), 'POST, GET, HEAD')
    assert.equal(reply.headers.get('access-control-allow-headers'), 'authorization, content-type')
    assert.equal(reply.headers.get('access-control-max-age'), '600')
    assert.equal(reply.headers.get('access-control-allow-credentials'), null)
    assert.match(reply.headers.get('vary') ?? '', /Origin/)
  })

  it('answers preflights of parameters and wildcards', async (t) => {
    const { send } = await gateway(t)
    assert.equal((await send('OPTIONS', '/web/products/7', preflight)).status, 204)
    assert.equal((await send('OPTIONS', '/users/7/orders', preflight)).status, 204)
  })

  it('names only origins it knows', async (t) => {
    const { send } = await gateway(t)
    for (const origin of ['https://evil.example', 'https://shop.example.evil.example', 'http://shop.example', 'null']) {
      const reply = await send('OPTIONS', '/web/graphql', { ...preflight, origin })
      assert.equal(reply.headers.get('access-control-allow-origin'), null, origin)
      assert.match(reply.headers.get('vary') ?? '', /Origin/)
    }
  })

  it('lets a page read errors too', async (t) => {
    const { send } = await gateway(t)
    const reply = await send('GET', '/web/graphql', { origin: shop })
    assert.equal(reply.status, 401)
    assert.equal(reply.headers.get('access-control-allow-origin'), shop)
    assert.equal(reply.headers.get('access-control-expose-headers'), 'portico-partial')
  })

  it('has its own settings for each BFF', async (t) => {
    const { send } = await gateway(t)
    const reply = await send('GET', '/open', { origin: 'https://anyone.example' })
    assert.equal(reply.headers.get('access-control-allow-origin'), '*')
    assert.equal(reply.headers.get('access-control-expose-headers'), null)
    const strict = await send('OPTIONS', '/users/7', { ...preflight, origin: 'https://admin.example' })
    assert.equal(strict.headers.get('access-control-allow-origin'), 'https://admin.example')
    assert.equal(strict.headers.get('access-control-allow-credentials'), 'true')
  })

  it('leaves routes without it alone', async (t) => {
    const { send } = await gateway(t)
    const reply = await send('GET', '/plain', { origin: shop })
    assert.equal(reply.status, 200)
    assert.equal(reply.headers.get('vary'), null)
    assert.equal(reply.headers.get('access-control-allow-origin'), null)
    assert.equal((await send('OPTIONS', '/plain', preflight)).status, 404)
    assert.equal((await send('OPTIONS', '/nowhere', preflight)).status, 404)
    assert.equal((await send('OPTIONS', '/proxied', {})).status, 200)
  })
})

const gateway = async (t: TestContext) => {
  const { app, tools, listen } = await policyApp(t, [cors])
  const hooks = (settings: object) =>
    mergeHooks([
      cors.hooks(corsConfig.parse(settings), { app, tools, scope: { name: 'bffs.web' } }),
      {
        onRequest: [
          async () => {
            throw new Problem('UNAUTHENTICATED', 'No.')
          },
        ],
      },
    ])
  const web = hooks({ origins: [shop], expose: ['portico-partial'] })
  app.post('/web/graphql', web, () => ({}))
  app.get('/web/graphql', web, () => ({}))
  await app.register(async (scope) => void scope.get('/products/:id', web, () => ({})), { prefix: '/web' })
  app.route({
    ...hooks({ origins: ['https://admin.example', shop], credentials: true }),
    method: ['GET', 'POST', 'OPTIONS'],
    url: '/users/*',
    handler: () => ({}),
  })
  app.get('/open', hooks({ origins: ['*'] }), () => ({}))
  app.get('/plain', () => ({}))
  app.route({ method: ['GET', 'OPTIONS'], url: '/proxied', handler: () => ({}) })
  app.route({ method: ['POST', 'OPTIONS'], url: '/*', handler: (_request, reply) => reply.callNotFound() })
  const url = await listen()
  return {
    send: (method: string, path: string, headers: Record<string, string>) => fetch(url + path, { method, headers }),
  }
}
