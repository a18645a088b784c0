import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:http2'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { addKey } from '../../src/policies/auth/api-key/manage.ts'
import { exchangeBytes } from '../routes/proxy/support/gateway.ts'
import { layWorkspace, startGateway } from './gateway.ts'
import { type Heard, type Hearing, startHearing } from './hearing.ts'
import { until } from './until.ts'

/** Every way that requests take to services, and what a client sends on it. */

/** Headers by `identity` of the services here, beside the usual ones. */
export const own = ['x-caller', 'x-plan-of-caller']

export type Way = {
  readonly title: string
  readonly target: string
  readonly speaks?: 'http1' | 'http2' | 'websocket' | 'grpc'
  /** The gateway’s own request is behind it. */
  readonly composed?: true
  /** JSON, where there is a body. */
  readonly body?: string
  readonly type?: string
  readonly accept?: string
  /** What the `identity` of its service names; `own` else. */
  readonly named?: readonly string[]
  /** Requests to services that come of one. */
  readonly requests?: number
}

const query = '{"query":"{ thing { id } called { id } }"}'
const subscription = '{"query":"subscription { watched { id } }"}'

/** A way that is not here is tested by nobody. */
export const ways: readonly Way[] = [
  { title: 'a route', target: '/pass/x' },
  { title: 'a route that asks nobody who they are', target: '/open/x' },
  { title: 'a route, with a body', target: '/pass/x', body: '{}' },
  { title: 'a route, by HTTP/2', target: '/pass/x', speaks: 'http2', body: '{}' },
  { title: 'a route to a service of HTTP/2', target: '/modern/x', body: '{}' },
  { title: 'a route to a service that gets a token of the gateway', target: '/own/x', named: [] },
  { title: 'a route to a service that hears the usual names', target: '/usual/x', named: [] },
  { title: 'a route between services', target: '/split/x' },
  { title: 'a route whose service failed', target: '/fallback/x' },
  { title: 'a route and its mirror', target: '/mirrored/x', requests: 2 },
  { title: 'a WebSocket', target: '/pass/x', speaks: 'websocket' },
  { title: 'native gRPC', target: '/t.S/Get', speaks: 'grpc' },
  { title: 'a native stream of gRPC', target: '/t.S/Watch', speaks: 'grpc' },
  { title: 'a transcoded method', target: '/json/t.S/Get', body: '{}', composed: true },
  { title: 'a transcoded stream of answers', target: '/json/t.S/Watch', body: '{}', composed: true },
  {
    title: 'a transcoded stream of requests',
    target: '/json/t.S/Add',
    body: '{}',
    type: 'application/x-ndjson',
    composed: true,
  },
  { title: 'an endpoint', target: '/web/thing', composed: true, requests: 2 },
  { title: 'an endpoint that writes', target: '/web/thing', body: '{}', composed: true },
  { title: 'GraphQL', target: '/web/graphql', body: query, composed: true, requests: 2 },
  { title: 'a subscription', target: '/web/graphql', body: subscription, accept: 'text/event-stream', composed: true },
]

export type Sent = {
  readonly lines: readonly string[]
  readonly connection?: string
  readonly trailers?: readonly string[]
}

const trace = ['traceparent', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', 'tracestate', 'a=b']

/** One gateway with all ways to services, and what asks it. */
export const startWays = async (t: TestContext) => {
  const services = await startHearing(t, '{"id":"1"}')
  const { dir, remove } = await layWorkspace(files(services))
  t.after(remove)
  const made = addKey(
    join(dir, 'keys.json'),
    { owner: 'u-1', plan: 'gold', scopes: [], expires: undefined },
    new Date(),
  )
  assert.ok('key' in made)
  const { url, close } = await startGateway(dir)
  t.after(close)
  const { port, host } = new URL(url)
  const session = connect(url)
  t.after(() => session.destroy())

  const byHttp1 = async (
    { target, body, speaks, accept = '*/*', type = 'application/json' }: Way,
    { lines, connection, trailers }: Sent,
  ): Promise<void> => {
    const hop = [speaks === 'websocket' ? 'Upgrade' : 'close', ...(connection === undefined ? [] : [connection])]
    const upgrade = ['Upgrade', 'websocket', 'Sec-WebSocket-Version', '13', 'Sec-WebSocket-Key', `${'A'.repeat(22)}==`]
    const head = [
      'Host',
      host,
      'Accept',
      accept,
      'X-API-Key',
      made.key,
      ...trace,
      ...lines,
      'Connection',
      hop.join(', '),
    ]
    if (speaks === 'websocket') head.push(...upgrade)
    if (body !== undefined) head.push('Content-Type', type, 'Transfer-Encoding', 'chunked')
    const rest = body === undefined ? '' : `${body.length.toString(16)}\r\n${body}\r\n0\r\n${text(trailers ?? [])}\r\n`
    await exchangeBytes(
      Number(port),
      `${body === undefined ? 'GET' : 'POST'} ${target} HTTP/1.1\r\n${text(head)}\r\n${rest}`,
    )
  }
  const byHttp2 = async ({ target, speaks }: Way, { lines, trailers }: Sent): Promise<void> => {
    const type =
      speaks === 'grpc' ? ['content-type', 'application/grpc', 'te', 'trailers'] : ['content-type', 'application/json']
    const head = [':method', 'POST', ':scheme', 'http', ':authority', host, ':path', target, ...type]
    const stream = session.request([...head, 'x-api-key', made.key, ...trace, ...lines] as never, {
      waitForTrailers: trailers !== undefined,
    })
    stream.on('wantTrailers', () => stream.sendTrailers(Object.fromEntries(pairsOf(trailers ?? []))))
    stream.end(speaks === 'grpc' ? Buffer.alloc(5) : '{}')
    await once(stream.resume(), 'close')
  }
  return async (way: Way, sent: Sent): Promise<readonly Heard[]> => {
    await (way.speaks === 'http2' || way.speaks === 'grpc' ? byHttp2 : byHttp1)(way, sent)
    const { requests = 1 } = way
    await until(() => services.count() >= requests)
    const heard = services.take()
    assert.equal(heard.length, requests)
    return heard.toSorted((one, other) => (one.by + one.url < other.by + other.url ? -1 : 1))
  }
}

const pairsOf = (lines: readonly string[]): [string, string][] =>
  lines.flatMap((name, at): [string, string][] => (at % 2 === 0 ? [[name, lines[at + 1] ?? '']] : []))
const text = (lines: readonly string[]): string =>
  pairsOf(lines)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')

const told = 'identity: { headers: { X-Caller: subject, X-Plan-Of-Caller: plan } }, forwardedHeaders: both'

const files = ({ http1, http2 }: Hearing) => ({
  'portico.yaml': `listen: 127.0.0.1:0
services:
  heard: { rest: "${http1}", ${told} }
  modern: { rest: "${http2}", http2: true, ${told} }
  usual: { rest: "${http1}", identity: headers }
  own: { rest: "${http1}", identity: { service: { tokenUrl: "${http1}/token", clientId: g, clientSecret: s } } }
  gone: { rest: "http://127.0.0.1:1", identity: none }
  copied: { rest: "${http1}/copies", ${told} }
  calls: { grpc: "${new URL(http2).host}", proto: t.proto, ${told} }
auth: { keys: { apiKey: { file: keys.json } } }
bffs:
  web: { prefix: /web, schema: schema.graphql, operations: operations/*.graphql, graphql: true, auth: keys }
routes:
  - { path: /pass/*, service: heard, auth: keys, websocket: true }
  - { path: /open/*, service: heard }
  - { path: /modern/*, service: modern, auth: keys }
  - { path: /usual/*, service: usual, auth: keys }
  - { path: /own/*, service: own, auth: keys }
  - { path: /split/*, auth: keys, split: [{ service: heard }, { service: heard, name: other }] }
  - { path: /fallback/*, service: gone, auth: keys, fallback: { service: heard } }
  - { path: /mirrored/*, service: heard, auth: keys, mirror: { service: copied } }
  - { path: /t.S/*, service: calls, auth: keys }
  - { path: /json/*, transcode: calls, auth: keys, metadata: { request: [x-mine] } }
`,
  'protos/t.proto': `syntax = "proto3"; package t;
service S {
  rpc Get (Empty) returns (Thing) { option idempotency_level = NO_SIDE_EFFECTS; }
  rpc Watch (Empty) returns (stream Thing);
  rpc Add (stream Empty) returns (Thing);
}
message Empty {} message Thing { string id = 1; }
`,
  'schema.graphql': `type Query {
  thing: Thing @rest(service: "heard", get: "/thing")
  called: Thing @grpc(service: "calls", method: "t.S/Get")
}
type Subscription { watched: Thing @grpc(service: "calls", method: "t.S/Watch") }
type Mutation { write: Thing @rest(service: "heard", post: "/thing", body: { id: "1" }) }
type Thing { id: ID }
`,
  'operations/thing.graphql': 'query Thing @endpoint(get: "/thing") { thing { id } called { id } }\n',
  'operations/write.graphql': 'mutation Write @endpoint(post: "/thing") { write { id } }\n',
})
