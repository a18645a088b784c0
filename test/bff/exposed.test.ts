import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import { layWorkspace, startGateway } from '../support/gateway.ts'
import { startGrpcUpstream } from '../support/spec-grpc.ts'

describe('a subscription of an exposed service', () => {
  it('shows each message of the stream, under the name of the method', async (t) => {
    const events = await watched(
      t,
      `{"id": "a", "state": 1, "left": "9007199254740993", "percent": 5}
       {"id": "b", "maker": {"name": "Bo"}}`,
    )
    assert.deepEqual(events, [
      { data: { watchItems: { id: 'a', state: 'ON_SALE', left: '9007199254740993', discountCase: 'PERCENT' } } },
      { data: { watchItems: { id: 'b', state: null, left: '0', discountCase: 'MAKER' } } },
    ])
  })

  it('says true for each message that holds nothing', async (t) => {
    assert.deepEqual(await watched(t, '{}\n{}', 'subscription { heartbeat }'), [
      { data: { heartbeat: true } },
      { data: { heartbeat: true } },
    ])
  })
})

/** All events of a subscription to a shop whose streams bring these messages, one a line. */
async function watched(
  t: TestContext,
  messages: string,
  query = 'subscription { watchItems(id: "i") { id state left discountCase } }',
): Promise<readonly unknown[]> {
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
services: { shop: { grpc: "\${SHOP}", proto: shop.proto, identity: none } }
bffs: { web: { prefix: /web, expose: shop } }
`,
    'protos/shop.proto': `syntax = "proto3";
package shop.v1;
service Shop { rpc WatchItems(WatchRequest) returns (stream Item); rpc Heartbeat(Nothing) returns (stream Nothing); }
message WatchRequest { string id = 1; }
message Nothing {}
message Item { string id = 1; State state = 2; int64 left = 3; oneof discount { int32 percent = 4; Maker maker = 5; } }
enum State { STATE_UNSPECIFIED = 0; STATE_ON_SALE = 1; }
message Maker { string name = 1; }
`,
  })
  t.after(remove)
  const rules = `shop.v1.Shop/WatchItems {"id":"i"} → OK\n\n${messages}\n\nshop.v1.Shop/Heartbeat → OK\n\n${messages}`
  const block = { words: ['grpc', 'upstream', 'shop'], text: rules, line: 1 }
  const shop = await startGrpcUpstream('shop', { blocks: [block], seen: [], dir })
  t.after(() => shop.close())
  const { url, close } = await startGateway(dir, { env: { SHOP: shop.address } })
  t.after(close)
  const client = createClient({
    url: `${url.replace('http', 'ws')}/web/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
  })
  const events: unknown[] = []
  for await (const event of client.iterate({ query })) events.push(event)
  return events
}
