import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { compileWorkspace } from '../../src/compile/compile.ts'
import { layWorkspace, startGateway } from '../support/gateway.ts'

describe('@rateLimit on a field', () => {
  it('counts 1,000 aliases as 1,000, and asks nobody past the limit', async (t) => {
    const send = await gateway(t, '@rateLimit(limit: 1099, window: "1h", by: IP)')
    const guess = (times: number): string =>
      `mutation { ${Array.from({ length: times }, (_, n) => `g${n}: login(pin: "${n}")`).join(' ')} }`
    const first = await send(guess(100))
    assert.equal(first.status, 200)
    assert.match(first.headers.get('ratelimit') ?? '', /^"Mutation\.login";r=999;/)
    const second = await send(guess(1_000))
    assert.equal(second.status, 429)
    assert.match(second.headers.get('ratelimit') ?? '', /^"Mutation\.login";r=999;/)
  })

  it('counts a name that stands twice once, and nothing that @skip leaves out', async (t) => {
    const send = await gateway(t, '@rateLimit(name: "logins", limit: 10, window: "1h")')
    const reply = await send('mutation { login(pin: "1") login(pin: "1") x: login(pin: "2") @skip(if: true) }')
    assert.match(reply.headers.get('ratelimit') ?? '', /^"logins";r=9;/)
  })

  it('is a mistake where it allows nothing or has no window', async (t) => {
    const { dir, remove } = await laid('@rateLimit(limit: 0, window: "soon")')
    t.after(remove)
    const { diagnostics } = await compileWorkspace(dir, {})
    assert.deepEqual(
      diagnostics.map(({ code, message }) => `${code} ${message}`),
      [
        'PORTICO-119 The `window` of @rateLimit is a duration such as 30s or 5m.',
        'PORTICO-119 The `limit` of @rateLimit is a whole number above zero.',
      ],
    )
  })
})

describe('the name of @rateLimit', () => {
  it('is a mistake where it cannot stand in a header', async (t) => {
    for (const name of ['a\\"b', 'a b', 'ä', 'a\\nb', '']) {
      const { dir, remove } = await laid(`@rateLimit(limit: 1, window: "1m", name: "${name}")`)
      t.after(remove)
      const { diagnostics } = await compileWorkspace(dir, {})
      assert.deepEqual(
        diagnostics.map(({ message }) => message),
        ['The `name` of @rateLimit stands in headers: it has letters, digits, dots and dashes.'],
      )
    }
  })

  it('and what it counts by may be left out: it counts users then', async (t) => {
    const send = await gateway(t, '@rateLimit(limit: 1, window: "1h", by: [], claims: [])')
    const status = async (): Promise<number> => (await send('mutation { login(pin: "1") }')).status
    assert.deepEqual([await status(), await status()], [200, 429])
  })
})

const laid = (directive: string) =>
  layWorkspace({
    'portico.yaml': `
listen: 127.0.0.1:0
limits: { aliases: 2000, rootFields: 2000, fields: 5000, tokens: 50000, upstreamCalls: 5000 }
services: {}
bffs: { web: { prefix: /web, schema: schema.graphql, resolvers: resolvers.ts } }
`,
    'schema.graphql': `
type Query { ok: Boolean @resolver(fn: "login") }
type Mutation { login(pin: String!): Boolean @resolver(fn: "login") ${directive} }
`,
    'resolvers.ts': 'export const resolvers = { login: () => false }\n',
  })

const gateway = async (t: TestContext, directive: string) => {
  const { dir, remove } = await laid(directive)
  t.after(remove)
  const { url, close } = await startGateway(dir)
  t.after(close)
  return (query: string): Promise<Response> =>
    fetch(`${url}/web/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query }),
    })
}
