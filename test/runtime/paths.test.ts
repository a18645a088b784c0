import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { exchangeBytes, startService } from '../routes/proxy/support/gateway.ts'
import { layWorkspace, startGateway } from '../support/gateway.ts'

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

  it('keeps the query byte by byte', async (t) => {
    const { ask, seen } = await gateway(t)
    const query = '?a=b%20c&a=2&&=&%zz&sig=%2f%2F+/../x'
    assert.equal(await ask(`/public${query}`), 200)
    assert.deepEqual(seen(), [`/public${query}`])
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

const gateway = async (t: TestContext, more = '') => {
  const seen: string[] = []
  const { origin } = await startService(t, ({ url = '' }, response) => {
    seen.push(url)
    response.end()
  })
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
services: { s: { rest: "${origin}", identity: none } }
auth:
  staff: { jwt: { issuer: https://id.test, audience: portico, secret: "${'s'.repeat(32)}" } }
routes:
  - { path: /*, service: s }
  - { path: /admin/*, service: s, auth: staff }
  - { path: /ocsp/*, service: s, pathMode: raw }
  - { path: /ocsp/inner/guarded/*, service: s, auth: staff }
${more}
`,
  })
  t.after(remove)
  const { url, close } = await startGateway(dir)
  t.after(close)
  const { port } = new URL(url)
  const ask = async (target: string): Promise<number> => {
    const bytes = await exchangeBytes(Number(port), `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
    return Number(bytes.split(' ')[1])
  }
  return { ask, seen: () => seen }
}
