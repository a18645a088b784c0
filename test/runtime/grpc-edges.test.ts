import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import {
  Client,
  credentials,
  Server,
  ServerCredentials,
  type ServiceError,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js'
import { layWorkspace, startGateway } from '../support/gateway.ts'
import { until } from '../support/until.ts'

describe('a gRPC service that fails', () => {
  it('is asked at most a fifth as often again as there are calls, while all fail', async (t) => {
    const { transcoded, service } = await started(t, { retry: '{ times: 5, backoff: 1ms }' })
    service.status = status.UNAVAILABLE
    for (let round = 0; round < 10; round += 1)
      await Promise.all(Array.from({ length: 20 }, async () => assert.equal(await transcoded('Find'), 503)))
    assert.ok(service.times > 200, 'some were tried again')
    // A fifth, counted as the calls begin, and at least ten in ten seconds.
    assert.ok(service.times <= 200 + 40 + 10, `${service.times} for 200 calls`)
  })

  it('is let alone by native and transcoded calls, and tried by one of them at a time', async (t) => {
    const { transcoded, native, service } = await started(t, { breaker: '{ volume: 4, open: 1s, mostOpen: 1s }' })
    service.status = status.INTERNAL
    for (let turn = 0; turn < 2; turn += 1)
      assert.deepEqual([await transcoded('Buy'), await native('Buy')], [502, status.INTERNAL])
    service.status = status.OK
    service.held = true
    const tries: Promise<unknown>[] = []
    await until(() => {
      if (service.times === 4) tries.push(native('Buy'))
      return service.times > 4
    })
    const others = await Promise.all(Array.from({ length: 40 }, (_, at) => (at % 2 ? native : transcoded)('Buy')))
    assert.deepEqual(new Set(others), new Set([503, status.UNAVAILABLE]))
    assert.equal(service.times, 5)
    service.release()
    await Promise.all(tries)
    assert.deepEqual([await transcoded('Buy'), await native('Buy')], [200, status.OK])
  })

  it('is not let alone for what the gateway refuses, or the client does wrong', async (t) => {
    const { transcoded, native, service } = await started(t, { breaker: '{ volume: 4, open: 1m }' })
    assert.equal(await native('Limited'), status.OK)
    for (let turn = 0; turn < 20; turn += 1) {
      assert.equal(await native('Limited'), status.RESOURCE_EXHAUSTED)
      assert.equal(await native('Small', Buffer.alloc(64)), status.RESOURCE_EXHAUSTED)
      assert.equal(await transcoded('Buy', '{"nme": 1}'), 400)
    }
    assert.equal(service.times, 1)
    service.status = status.INVALID_ARGUMENT
    for (let turn = 0; turn < 20; turn += 1)
      assert.deepEqual([await transcoded('Buy'), await native('Buy')], [400, status.INVALID_ARGUMENT])
  })
})

const methods = ['Find', 'Buy', 'Limited', 'Small'] as const
type Method = (typeof methods)[number]

const proto = `syntax = "proto3";
package shop.v1;
service Catalog {
  rpc Find(Id) returns (Id) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Buy(Id) returns (Id);
  rpc Limited(Id) returns (Id);
  rpc Small(Id) returns (Id);
}
message Id { string id = 1; }
`

const same = (bytes: Buffer): Buffer => bytes

const definitionOf = (method: Method) => ({
  path: `/shop.v1.Catalog/${method}`,
  requestStream: false as const,
  responseStream: false as const,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
})

/** A gateway with transcoded and native routes to a service of grpc-js that answers every call with one status. */
const started = async (t: TestContext, settings: { readonly retry?: string; readonly breaker?: string }) => {
  let go = Promise.withResolvers<void>()
  const service = {
    status: status.OK as status,
    times: 0,
    /** Whether answers wait for `release`. */
    held: false,
    release() {
      service.held = false
      go.resolve()
      go = Promise.withResolvers()
    },
  }
  const answer = async (_call: unknown, reply: sendUnaryData<Buffer>): Promise<void> => {
    service.times += 1
    if (service.held) await go.promise
    if (service.status === status.OK) reply(null, Buffer.alloc(0))
    else reply({ code: service.status, details: 'no' })
  }
  const server = new Server()
  server.addService(
    Object.fromEntries(methods.map((method) => [method, definitionOf(method)])),
    Object.fromEntries(methods.map((method) => [method, answer])),
  )
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  )
  const said = Object.entries(settings).map(([name, value]) => `, ${name}: ${value}`)
  const workspace = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
budget: 1m
services:
  catalog: { grpc: "127.0.0.1:${port}", proto: shop.proto, identity: none, timeout: 30s${said.join('')} }
routes:
  - { path: /api/*, transcode: catalog }
  - { path: /shop.v1.Catalog/*, service: catalog }
  - { path: /shop.v1.Catalog/Limited, service: catalog, rateLimit: { limit: 1, window: 1d, by: ip } }
  - { path: /shop.v1.Catalog/Small, service: catalog, maxBody: 10B }
`,
    'protos/shop.proto': proto,
  })
  const gateway = await startGateway(workspace.dir)
  const client = new Client(new URL(gateway.url).host, credentials.createInsecure())
  t.after(async () => {
    service.release()
    client.close()
    await gateway.close()
    server.forceShutdown()
    await workspace.remove()
  })
  return {
    service,
    transcoded: async (method: Method, body = '{}'): Promise<number> => {
      const headers = { 'content-type': 'application/json' }
      const reply = await fetch(`${gateway.url}/api/shop.v1.Catalog/${method}`, { method: 'POST', headers, body })
      await reply.arrayBuffer()
      return reply.status
    },
    native: (method: Method, message = Buffer.alloc(0)): Promise<number> =>
      new Promise((resolve) => {
        const done = (error: ServiceError | null): void => resolve(error?.code ?? status.OK)
        client.makeUnaryRequest(`/shop.v1.Catalog/${method}`, same, same, message, done)
      }),
  }
}
