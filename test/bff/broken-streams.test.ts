import assert from 'node:assert/strict'
import { once } from 'node:events'
import { constants, type ServerHttp2Stream } from 'node:http2'
import { describe, it, type TestContext } from 'node:test'
import { ended, frame, raw } from '../services/grpc/fixtures/raw-server.ts'
import { layWorkspace, startGateway } from '../support/gateway.ts'

const broken = 'Service feed broke off before its answer was complete.'
const graphql = `/m/graphql?query=${encodeURIComponent('subscription { said { text } }')}`

/** What a client reads of one whole message `a` and a break behind it, wherever the stream is served. */
const faces = [
  {
    name: 'a streaming endpoint',
    path: '/m/said',
    read: [/^data: \{"text":"a"\}/, /event: error\ndata: (.*)/],
  },
  { name: 'a subscription of GraphQL', path: graphql, read: [/"said":\{"text":"a"\}/, /"errors":(\[.*\])/] },
  {
    name: 'a transcoding route as events',
    path: '/api/v1/said',
    read: [/^data: \{"text":"a"\}/, /event: error\ndata: (.*)/],
  },
] as const

for (const { name, path, read } of faces)
  describe(`${name}, from a service that breaks`, () => {
    for (const { title, fault } of [
      {
        title: 'resets the stream',
        fault: (stream: ServerHttp2Stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR),
      },
      { title: 'cuts the connection', fault: (stream: ServerHttp2Stream) => stream.session?.socket.destroy() },
      {
        title: 'ends well in the middle of a message',
        fault: (stream: ServerHttp2Stream) => {
          stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
          stream.end(frame('half').subarray(0, 7))
        },
      },
    ])
      it(`gives what came, and then a typed error, where it ${title}`, async (test) => {
        const url = await gateway(test, (stream) => {
          begin(stream)
          stream.write(frame('a'), () => setImmediate(() => fault(stream)))
        })
        const reply = await fetch(url + path, { headers: { accept: 'text/event-stream' } })
        assert.equal(reply.status, 200)
        const text = await reply.text()
        assert.match(text, read[0])
        const told = read[1].exec(text)?.[1] ?? ''
        assert.ok(told.includes(broken) && told.includes('UNAVAILABLE'), text)
      })

    it('begins elsewhere where it refused the stream, and the client sees nothing of it', async (test) => {
      let calls = 0
      const url = await gateway(test, (stream) => {
        calls += 1
        if (calls === 1) stream.close(constants.NGHTTP2_REFUSED_STREAM)
        else ended(stream, frame('a'))
      })
      const text = await (await fetch(url + path, { headers: { accept: 'text/event-stream' } })).text()
      assert.match(text, read[0])
      assert.doesNotMatch(text, read[1])
      assert.equal(calls, 2)
    })

    it('cancels the call of a reader that leaves, silent as the service may be', async (test) => {
      const asked = Promise.withResolvers<ServerHttp2Stream>()
      const url = await gateway(test, (stream) => {
        begin(stream)
        stream.write(frame('a'))
        asked.resolve(stream)
      })
      const reply = await fetch(url + path, { headers: { accept: 'text/event-stream' } })
      const reader = reply.body?.getReader()
      await reader?.read()
      const stream = await asked.promise
      const closed = once(stream, 'close')
      await reader?.cancel()
      await closed
      assert.equal(stream.rstCode, constants.NGHTTP2_CANCEL)
    })
  })

const begin = (stream: ServerHttp2Stream): void =>
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })

/** A gateway whose one service answers by hand. */
const gateway = async (test: TestContext, answer: (stream: ServerHttp2Stream) => void): Promise<string> => {
  const { port } = await raw(test, answer)
  const workspace = await layWorkspace({
    'portico.yaml': [
      'listen: 127.0.0.1:0',
      'services:',
      `  feed: { grpc: "127.0.0.1:${port}", proto: feed.proto, identity: none }`,
      'bffs:',
      '  m: { prefix: /m, schema: schema.graphql, graphql: true, operations: said.graphql }',
      'routes:',
      '  - { path: /api/*, transcode: feed }',
    ].join('\n'),
    'protos/feed.proto': [
      'syntax = "proto3";',
      'package feed.v1;',
      'import "google/api/annotations.proto";',
      'service Feed { rpc One(Ask) returns (Said); rpc Say(Ask) returns (stream Said) { option (google.api.http) = { get: "/v1/said" }; } }',
      'message Ask {}',
      'message Said { string text = 1; }',
    ].join('\n'),
    'schema.graphql': [
      'type Query { one: Said @grpc(service: "feed", method: "feed.v1.Feed/One") }',
      'type Subscription { said: Said @grpc(service: "feed", method: "feed.v1.Feed/Say") }',
      'type Said { text: String }',
    ].join('\n'),
    'said.graphql': 'subscription Said @endpoint(sse: "/said", unwrap: "said") { said { text } }',
  })
  const started = await startGateway(workspace.dir)
  test.after(async () => {
    await started.close()
    await workspace.remove()
  })
  return started.url
}
