import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { createGateway } from '../../src/runtime/gateway.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { exchangeBytes, startService } from '../routes/proxy/support/gateway.ts'
import { layWorkspace } from '../support/gateway.ts'

const spellings: readonly (readonly [target: string, status: number])[] = [
  ['/admin', 401],
  ['//admin', 400],
  ['/./admin', 401],
  ['/x/../admin', 401],
  ['/%61dmin', 401],
  ['/%61%64%6D%69%6e', 401],
  ['/admin%2f', 400],
  ['/admin%2F..', 400],
  ['/admin/', 401],
  ['/admin//', 401],
  ['/admin#', 400],
  ['/admin\\', 400],
  ['/admin%5c', 400],
  ['/admin%00', 400],
  ['/admin%0d%0aX-A:%20b', 400],
  ['/public%2F..%2Fadmin', 400],
  ['/public/..%2fadmin', 400],
  ['/public/%2e%2e/admin', 401],
  ['/public/%2e%2e%2fadmin', 400],
  ['/public\\..\\admin', 400],
  ['/public/../../admin', 400],
  ['/public/.%2e/admin', 401],
  ['/%zz', 400],
  ['/admin%', 400],
  ['http://other.example/admin', 400],
  ['*', 400],
  // Other names, to every reader: case and parameters of segments count.
  ['/ADMIN', 200],
  ['/admin;x', 200],
  ['/admin%252f', 200],
  ['/admin%3b', 200],
]

describe('the path that routing, policies and services see', () => {
  it('is one, however it is spelt: no spelling gets past its guard', async (t) => {
    const { ask, seen } = await gateway(t)
    for (const [target, status] of spellings) assert.equal(await ask(target), status, target)
    assert.deepEqual(seen(), ['/ADMIN', '/admin;x', '/admin%252f', '/admin%3B'])
  })

  it('is the one that limits, remembered answers and the access log go by', async (t) => {
    const lines: string[] = []
    const log = createLog({ level: 'info', destination: { write: (line) => lines.push(line) } })
    const more = `  - { path: /once, service: s, rateLimit: { limit: 1, window: 1h, by: ip } }
  - { path: /kept/*, service: s, fallback: { stale: 1h } }
`
    const { ask, fail } = await gateway(t, more, log)
    assert.deepEqual([await ask('/once'), await ask('/x/../%6fnce')], [200, 429])
    assert.equal(await ask('/kept/./%61?b=%61'), 200)
    fail()
    assert.deepEqual([await ask('/kept/a?b=%61'), await ask('/kept/a?b=a')], [200, 502])
    const told = lines.map((line) => JSON.parse(line) as { readonly msg: string; readonly path: string })
    assert.deepEqual(
      told.flatMap(({ msg, path }) => (msg === 'request' ? [path] : [])),
      ['/once', '/once', '/kept/a', '/kept/a', '/kept/a'],
    )
  })

  it('keeps the query byte by byte', async (t) => {
    const { ask, seen } = await gateway(t)
    const query = '?a=b%20c&a=2&&=&%zz&sig=%2f%2F+/../x'
    assert.equal(await ask(`/public${query}`), 200)
    assert.deepEqual(seen(), [`/public${query}`])
  })
})

describe('a parameter', () => {
  for (const [way, of] of [
    ['an endpoint', (id: string) => `/web/u/${id}`],
    ['a route that is rewritten', (id: string) => `/u/${id}`],
  ] as const)
    it(`of ${way} is one segment of the service’s address, or refused`, async (t) => {
      const { ask, seen } = await gateway(
        t,
        '  - { path: "/u/{id}", service: s, rewrite: { path: "/v1/users/{id}/orders" } }\n',
      )
      const asked = () => seen().filter((url) => url.startsWith('/v1/'))
      for (const id of ['..', '%2e%2e', '.', '%2e', '', '..%2fadmin', 'a%2Fb', '%00', '%0d%0aX:%20y', '1%23', '%5c'])
        await ask(of(id))
      assert.deepEqual(asked(), [])
      const sent = ['1%3Fadmin%3Dtrue', '1%26x%3D1', '%40evil.test', 'a;b', '%252f..', '7']
      for (const id of sent) assert.equal(await ask(of(id)), 200, id)
      const told = asked().map((url) => /^\/v1\/users\/([^/?#]+)\/orders$/.exec(url)?.[1] ?? url)
      assert.deepEqual(told.map(decodeURIComponent), sent.map(decodeURIComponent))
    })
})

describe('a raw route', () => {
  it('passes paths on byte by byte, slashes and escapes as they came', async (t) => {
    const { ask, seen } = await gateway(t)
    const targets = [
      '/ocsp/MEowSDBGMEQw//A%2FB%2b==',
      '/ocsp//a///b/',
      '/ocsp',
      '/ocsp/%61%7e?x=//%2F',
      '/ocsp/a;b=%ff',
    ]
    for (const target of targets) assert.equal(await ask(target), 200, target)
    assert.deepEqual(seen(), targets)
  })

  it('gets no path that some reader takes for another’s, and no dot segments', async (t) => {
    const { ask, seen } = await gateway(t)
    for (const target of [
      '/ocsp/../admin',
      '/ocsp/%2e%2e/admin',
      '/ocsp/..%2fadmin',
      '/ocsp/.%2e%5cadmin',
      '/ocsp/x/./y',
      '/%6fcsp/x%2Fy',
      '/ocsp%2fx',
      '//ocsp/x%2Fy',
      '/ocsp/%00',
      '/ocsp/%0d%0ax',
      '/ocsp/%zz',
      '/ocsp\\x',
      '/admin%2Fx',
      '/ocsp/inner%2Fguarded',
    ])
      assert.ok([400, 401].includes(await ask(target)), target)
    assert.deepEqual(seen(), [])
  })

  it('has no guard that goes by its prefix, for a service may read that otherwise', async (t) => {
    await assert.rejects(
      gateway(t, '  - { path: /signed/*, service: s, pathMode: raw, auth: staff }'),
      /A raw path can be spelt in other ways than the one that auth guards/,
    )
    await assert.rejects(
      gateway(t, '  - { path: "/signed/{id}", service: s, pathMode: raw }'),
      /has no segments to name/,
    )
  })
})

const gateway = async (t: TestContext, more = '', log = createLog({ level: 'silent' })) => {
  const seen: string[] = []
  let works = true
  const { origin } = await startService(t, ({ url = '', socket }, response) => {
    seen.push(url)
    if (works) response.setHeader('content-type', 'application/json').end('{"ok":true}')
    else socket.destroy()
  })
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
services: { s: { rest: "${origin}", identity: none } }
auth:
  staff: { jwt: { issuer: https://id.test, audience: portico, secret: "${'s'.repeat(32)}" } }
bffs: { web: { prefix: /web, schema: schema.graphql, operations: operation.graphql } }
routes:
  - { path: /*, service: s }
  - { path: /admin/*, service: s, auth: staff }
  - { path: /ocsp/*, service: s, pathMode: raw }
  - { path: /ocsp/inner/guarded/*, service: s, auth: staff }
${more}
`,
    'schema.graphql':
      'type Query { user(id: String!): User @rest(service: "s", get: "/v1/users/{args.id}/orders") }\ntype User { ok: Boolean }\n',
    'operation.graphql': 'query U($id: String!) @endpoint(get: "/u/{id}", unwrap: "user") { user(id: $id) { ok } }\n',
  })
  t.after(remove)
  const { listen, close } = await createGateway({ dir, env: {}, log })
  t.after(close)
  const ask = async (target: string): Promise<number> => {
    const bytes = await exchangeBytes(listen.port, `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
    return Number(bytes.split(' ')[1])
  }
  return { ask, seen: () => seen, fail: () => void (works = false) }
}
