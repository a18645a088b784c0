import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { layWorkspace, startGateway } from '../support/gateway.ts'

describe('a thousand logins in one request', () => {
  it('are refused before one is tried, be they written out or spread by fragments', async (t) => {
    const { ask, tried } = await gateway(t, '')
    for (const document of [written(1_000), spread(1_000)]) assert.equal((await ask(document)).status, 400)
    assert.equal(tried(), 0)
  })

  it('count as a thousand where so many may be asked for', async (t) => {
    const { ask, tried } = await gateway(
      t,
      'limits: { aliases: 2000, rootFields: 2000, fields: 4000, tokens: 40000, upstreamCalls: 2000 }',
    )
    assert.equal((await ask(spread(1_001))).status, 429)
    assert.equal(tried(), 0)
    assert.equal((await ask(spread(1_000))).status, 200)
    assert.equal((await ask(written(1))).status, 429)
    assert.equal(tried(), 1_000)
  })
})

const logins = (count: number): string => Array.from({ length: count }, (_, i) => `a${i}: login(pin: "${i}")`).join(' ')
const written = (count: number): string => `mutation { ${logins(count)} }`
const spread = (count: number): string =>
  `mutation { ...Some } fragment Some on Mutation { ...More } fragment More on Mutation { ${logins(count)} }`

const gateway = async (t: TestContext, limits: string) => {
  let tried = 0
  const service = createServer((_request, response) => {
    tried += 1
    response.setHeader('content-type', 'application/json').end('{"ok":"no"}')
  })
  await once(service.listen(0, '127.0.0.1'), 'listening')
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
${limits}
services: { users: { rest: "http://127.0.0.1:${(service.address() as AddressInfo).port}", identity: none } }
bffs: { web: { prefix: /web, schema: schema.graphql, graphql: true } }
`,
    'schema.graphql': `type Query { a: String @rest(service: "users", get: "/a", select: "ok") }
type Mutation {
  login(pin: String!): String
    @rest(service: "users", post: "/login", body: { pin: "{args.pin}" }, select: "ok")
    @rateLimit(limit: 1000, window: "1h", by: [IP])
}`,
  })
  const { url, close } = await startGateway(dir)
  t.after(async () => {
    await close()
    service.close()
    await remove()
  })
  return {
    tried: () => tried,
    ask: (query: string): Promise<Response> =>
      fetch(`${url}/web/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
        body: JSON.stringify({ query }),
      }),
  }
}
