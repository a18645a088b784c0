import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { portico } from '../support/command.ts'
import { layWorkspace } from '../support/gateway.ts'

describe('portico routes --explain', () => {
  it('says which route answers, and of every other why it does not', async (t) => {
    assert.equal(
      await explain(t, 'GET /items/../items/%61', '-H', 'X-Beta: 1'),
      `GET /items/../items/%61  (/items/a)
→ /items/{id} [header x-beta: 1]  proxy to a
  shop.example/*  proxy to b: it is for shop.example; the request is for no host
  /graphql [operation: Home]  proxy to b: its path is another
  /items/special  proxy to b: its path is another
  /items/{id}  proxy to b: it fits; the other has more conditions
  /old/*  redirect to /new/* (308): its path is another
  /orders [body tier: gold]  proxy to b: its path is another
  /orders  proxy to a: its path is another
  /*  proxy to a: it fits; the other’s path is more exact
`,
    )
  })

  it('goes by the host, the method and the address that are given', async (t) => {
    assert.match(
      await explain(t, '/items/1', '-H', 'host: SHOP.example:80'),
      /^→ shop\.example\/\* {2}proxy to b\n[^]*\/\* {2}proxy to a: it fits; the other’s host is more exact\n/m,
    )
    assert.match(await explain(t, 'POST /items/special'), /^→ .*, with 405: it takes GET, HEAD$/m)
    assert.match(await explain(t, 'GET /old', '--address', '10.0.0.1'), /^→ \/old\/\*/m)
  })

  it('goes by a body that is given, by one as by none, and refuses what is no JSON', async (t) => {
    assert.match(await explain(t, 'POST /orders', '-d', '{"tier": "gold"}'), /^→ \/orders \[body tier: gold\]/m)
    assert.match(
      await explain(t, 'POST /orders'),
      /^→ \/orders {2}proxy to a\n[^]*\[body tier: gold\] {2}proxy to b: it asks for body tier: gold$/m,
    )
    const { status, err } = await portico(['routes', '--explain', 'POST /orders', '-d', '{'])
    assert.equal(status, 2)
    assert.match(err, /The JSON cannot be read/)
    assert.match(
      await explain(t, 'POST /graphql', '-d', '{"query": "{"}'),
      /^POST \/graphql is refused: The GraphQL document of this request cannot be read\.$/m,
    )
  })

  it('says that a path is refused, and that a request is none', async (t) => {
    assert.match(await explain(t, 'GET /items/a%2fb'), /is refused: two readers could read it differently/)
    const { status, err } = await portico(['routes', '--explain', 'items'])
    assert.equal(status, 2)
    assert.match(err, /Expected a request such as 'GET \/users\/1'/)
  })

  it('knows the addresses of BFFs, which win', async () => {
    const { out } = await portico(['routes', '--explain', 'POST /web/graphql'])
    assert.match(out, /^→ the BFF web, whose addresses win$/m)
  })
})

const explain = async (t: TestContext, ...args: readonly string[]): Promise<string> => {
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `services:
  a: { rest: http://127.0.0.1:1, identity: none }
  b: { rest: http://127.0.0.1:2, identity: none }
routes:
  - { path: /*, service: a }
  - { path: "/items/{id}", service: b }
  - { path: "/items/{id}", service: a, match: { header: { x-beta: "1" } } }
  - { path: /items/special, service: b, methods: [GET] }
  - { path: /*, service: b, hosts: [shop.example] }
  - { path: /old/*, redirect: { to: /new/* } }
  - { path: /orders, service: a }
  - { path: /graphql, service: b, match: { operation: Home } }
  - { path: /orders, service: b, match: { body: { tier: gold } } }
`,
  })
  t.after(remove)
  const { out, status, err } = await portico(['routes', dir, '--explain', ...args])
  assert.equal(status, 0, err)
  return out
}
