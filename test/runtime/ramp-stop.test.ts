import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { layWorkspace, startGateway } from '../support/gateway.ts'

const ramp = 'ramp: { from: 50%, to: 50%, start: 2026-01-01T00:00:00Z, over: 1h, stop: { worse: 20%, volume: 10 } }'

describe('a ramp whose part fails', () => {
  it('is given up by a route, and testers still reach the part', async (t) => {
    const { ask, counts } = await gateway(
      t,
      (old, next) => `services:
  old: { rest: "${old}", identity: none }
  new: { rest: "${next}", identity: none }
routes:
  - path: /users/*
    split: [{ service: old }, { service: new, ${ramp} }]
    override: { header: x-part, from: 127.0.0.0/8 }
`,
    )
    for (let i = 0; i < 40; i += 1) await ask('/users/1')
    assert.deepEqual(counts, { old: 30, next: 10 })
    assert.equal(await ask('/users/1', { 'x-part': 'new' }), 500)
  })

  it('is given up by a service for all who call it', async (t) => {
    const { ask, counts } = await gateway(
      t,
      (old, next) => `services:
  users:
    rest: [{ url: "${old}", part: old }, { url: "${next}", part: new }]
    identity: none
    # One target that fails would be taken out all the same.
    ejection: { failures: 1000, rate: 100%, volume: 1000 }
    split: [{ name: old }, { name: new, ${ramp} }]
bffs:
  web: { prefix: /web, schema: schema.graphql, operations: operations/*.graphql }
`,
    )
    for (let i = 0; i < 40; i += 1) await ask('/web/user')
    assert.deepEqual(counts, { old: 30, next: 10 })
  })
})

/** Two services, of which the new one always fails. */
const gateway = async (t: TestContext, workspace: (old: string, next: string) => string) => {
  const counts = { old: 0, next: 0 }
  const service = async (name: keyof typeof counts, status: number): Promise<string> => {
    const server = createServer((request, response) => {
      counts[name] += 1
      request.resume()
      response.writeHead(status, { 'content-type': 'application/json' }).end('{"id":"1"}')
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => {
      server.close()
      server.closeAllConnections()
    })
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  }
  const [old, next] = [await service('old', 200), await service('next', 500)]
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0\n${workspace(old, next)}`,
    'schema.graphql': 'type Query { user: User @rest(service: "users", get: "/users/1") }\ntype User { id: ID! }\n',
    'operations/user.graphql': 'query User @endpoint(get: "/user") { user { id } }\n',
  })
  const { url, close } = await startGateway(dir)
  t.after(async () => {
    await close()
    await remove()
  })
  const ask = async (path: string, headers: Record<string, string> = {}): Promise<number> => {
    const reply = await fetch(url + path, { headers })
    await reply.arrayBuffer()
    return reply.status
  }
  return { ask, counts }
}
