import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { describe, it, type TestContext } from 'node:test'
import { createGateway } from '../../src/runtime/gateway.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { layWorkspace } from '../support/gateway.ts'

describe('what an answer lacks because something failed', () => {
  it('is one line of the log, with how many values of which fields lack why', async (t) => {
    const { ask, lines } = await shopOf(t, '[{"id": "a", "size": "L"}, {"id": "b", "size": "?"}, {}, {}]')
    await ask('{ items { id size } }')
    const told = lines.find(({ msg }) => msg === 'partial answer')
    assert.equal(told?.['failures'], 3)
    assert.deepEqual(told?.['missing'], [
      { coordinate: 'Item.size', reason: 'ENUM_UNKNOWN', count: 1 },
      { coordinate: 'Item.id', reason: 'PATH_MISSING', count: 2 },
    ])
  })

  it('is counted by field and reason, what callers may not see included', async (t) => {
    const { ask, metrics } = await shopOf(t, '[{"id": "a", "size": "?"}, {"id": null, "size": "L"}]')
    await ask('{ items { id size secret } }')
    const text = await metrics()
    for (const [coordinate, reason, count] of [
      ['Item.size', 'ENUM_UNKNOWN', 1],
      ['Item.id', 'UPSTREAM_NULL', 1],
      ['Item.secret', 'AUTH_DENIED', 1],
    ])
      assert.match(
        text,
        new RegExp(
          `^portico_missing_values_total\\{bff="web",coordinate="${coordinate}",reason="${reason}"\\} ${count}$`,
          'm',
        ),
      )
  })
})

/** A gateway over one service that answers every request with this text. */
async function shopOf(t: TestContext, items: string) {
  const service = createServer((_request, response) =>
    response.setHeader('content-type', 'application/json').end(items),
  ).listen(0, '127.0.0.1')
  await once(service, 'listening')
  t.after(() => service.close())
  const { port } = service.address() as { port: number }
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
probes: 127.0.0.1:0
services: { items: { rest: http://127.0.0.1:${port}, identity: none } }
bffs: { web: { prefix: /web, schema: schema.graphql } }
`,
    'schema.graphql': `type Query { items: [Item] @rest(service: "items", get: "/items") }
type Item { id: ID! size: Size secret: String @auth(scopes: [["staff"]]) }
enum Size { S L }
`,
  })
  t.after(remove)
  const lines: Readonly<Record<string, unknown>>[] = []
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) }
  const gateway = await createGateway({ dir, env: {}, log: createLog({ level: 'info', destination }) })
  t.after(() => gateway.close())
  const origin = ({ host, port: at } = { host: '', port: 0 }) => `http://${host}:${at}`
  return {
    lines,
    metrics: async () => (await fetch(`${origin(gateway.probes)}/metrics`)).text(),
    ask: async (query: string): Promise<unknown> => {
      const headers = { 'content-type': 'application/json' }
      const reply = await fetch(`${origin(gateway.listen)}/web/graphql`, {
        method: 'POST',
        headers,
        body: JSON.stringify({ query }),
      })
      return reply.json()
    },
  }
}
