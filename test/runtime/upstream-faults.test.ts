import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { Client, credentials, status } from '@grpc/grpc-js'
import { startGrpcJs } from '../services/grpc/fixtures/grpc-js-server.ts'
import { connectionFaults, type FaultProxy, refusal, startFaultProxy } from '../support/fault-proxy.ts'
import { wireFaults } from '../support/fault-server.ts'
import { layWorkspace, startGateway, type TestGateway, type TestWorkspace } from '../support/gateway.ts'

const guide = 'docs/guides/upstreams.md'

/** Of the guide's table: what clients see behind a proxy route, a field, a transcoded method and a native one, by the fault. */
const documented = new Map(
  readFileSync(guide, 'utf8')
    .split('\n## Every fault and its outcome\n')[1]
    ?.split('\n## ')[0]
    ?.split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| what comes'))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map(([, name = '', ...cells]) => [name, cells]),
)

describe(`faults of services, by the table of ${guide}`, () => {
  const names = new Set([refusal, ...Object.keys(connectionFaults), ...Object.keys(wireFaults)])

  it('are all in it', () => assert.deepEqual([...documented.keys()], [...names]))

  for (const name of names) {
    const [proxied = '', composed = '', transcoded = '', native = ''] = documented.get(name) ?? []
    /** Once, if it arrived at all: what a request that must not be repeated may cost. */
    const mostHits = name === refusal ? 0 : 1

    it(`${name}, behind a proxy route`, async () => {
      const read = await spoiled(rest, name, () => ask('GET', '/rest/thing'))
      assert.equal(told(read, name), proxied)
      const write = await spoiled(rest, name, () => ask('POST', '/rest/thing', '{}'))
      assert.deepEqual(write, { outcome: inTheEnd(proxied), hits: mostHits })
    })

    it(`${name}, behind a field`, async () => {
      const read = await spoiled(rest, name, () => ask('GET', '/app/thing'))
      assert.equal(told(read, name), composed)
      const write = await spoiled(rest, name, () => ask('POST', '/app/thing'))
      assert.deepEqual(write, { outcome: inTheEnd(composed), hits: mostHits })
    })

    if (transcoded !== '')
      it(`${name}, behind a transcoded method`, async () => {
        const asked = await spoiled(grpc, name, () => ask('POST', '/grpc/probe.v1.Probe/Ask', '{}'))
        assert.deepEqual(asked, { outcome: inTheEnd(transcoded), hits: mostHits })
      })

    if (native !== '')
      it(`${name}, behind a native method`, async () => {
        const asked = await spoiled(passed, name, call)
        assert.deepEqual(asked, { outcome: native, hits: mostHits })
      })
  }
})

type Seen = { readonly outcome: string; readonly hits: number }

/** As the table has it. A connection that closed before it said anything is replaced once more, unasked. */
const told = ({ outcome, hits }: Seen, name: string): string => {
  assert.ok(hits <= 3, `It was sent ${hits} times.`)
  return name === refusal || hits > 1 ? `${again}${outcome}` : outcome
}

const again = 'again, then '
const inTheEnd = (cell: string): string => cell.replace(again, '')

const timeoutMs = 500
/** A try, its further one, pauses, and a machine with much other work. */
const mostMs = 2 * timeoutMs + 15_000

type Service = { readonly proxy: FaultProxy; readonly hits: () => number; readonly sound: () => Promise<unknown> }

/** What a client sees while answers are spoiled, and how often the service was asked; checks that all is well after. */
const spoiled = async ({ proxy, hits, sound }: Service, name: string, ask: () => Promise<string>): Promise<Seen> => {
  await sound()
  const already = hits()
  await proxy.spoil(name)
  const started = performance.now()
  const outcome = await ask()
  const ms = performance.now() - started
  assert.ok(ms < mostMs, `It took ${ms} ms.`)
  const asked = hits() - already
  await proxy.spoil(undefined)
  await sound()
  return { outcome, hits: asked }
}

/** What a client may never see of an error. */
const secrets = /127\.0\.0\.1|ECONN|EPIPE|garbage|WireError|\bat \//

/** An outcome in the words of the table. */
const ask = async (method: string, path: string, body?: string): Promise<string> => {
  const leave = new AbortController()
  const reply = await fetch(gateway.url + path, {
    method,
    signal: leave.signal,
    ...(body === undefined ? {} : { body, headers: { 'content-type': 'application/json' } }),
  })
  const { text, ended } = await readSome(reply)
  if (ended !== 'whole') leave.abort()
  if (reply.ok && ended !== 'whole') return ended
  if (reply.ok) {
    assert.match(text, /Ada/)
    return 'the answer'
  }
  assert.doesNotMatch(text, secrets)
  assert.match(reply.headers.get('content-type') ?? '', /^application\/problem\+json/)
  const { code } = JSON.parse(text) as { readonly code: string }
  assert.equal(code, { 502: 'UNAVAILABLE', 504: 'DEADLINE_EXCEEDED' }[reply.status])
  return String(reply.status)
}

/** The same of a native call. */
const call = (): Promise<string> =>
  new Promise((resolve) => {
    const asIs = (bytes: Buffer): Buffer => bytes
    client.makeUnaryRequest('/probe.v1.Probe/Ask', asIs, asIs, Buffer.alloc(0), (failure, answer) => {
      if (failure === null) return resolve(/Ada/.test(String(answer)) ? 'the answer' : 'another answer')
      assert.doesNotMatch(failure.details, secrets)
      resolve(status[failure.code] ?? String(failure.code))
    })
  })

const silent = '200, broken off after 5 min of silence'
const much = 4_000_000

/** Reads a body as long as it comes, and not too much of it. */
const readSome = async ({ body }: Response): Promise<{ readonly text: string; readonly ended: string }> => {
  const reader = (body as ReadableStream<Uint8Array>).getReader()
  const chunks: Uint8Array[] = []
  let size = 0
  let ended: string | undefined
  while (ended === undefined) {
    const waited = Promise.withResolvers<'silence'>()
    const timer = setTimeout(waited.resolve, 3 * timeoutMs, 'silence')
    const read = await Promise.race([reader.read().catch(() => 'broken' as const), waited.promise])
    clearTimeout(timer)
    if (read === 'silence') ended = silent
    else if (read === 'broken') ended = '200, broken off'
    else if (read.done) ended = 'whole'
    else {
      chunks.push(read.value)
      size += read.value.length
      if (size > much) ended = 'the answer, as long as it is'
    }
  }
  return { text: Buffer.concat(chunks).toString(), ended }
}

let gateway: TestGateway
let workspace: TestWorkspace
let rest: Service
let grpc: Service
let passed: Service
let client: Client
let server: Server
const ends: (() => unknown)[] = []

before(async () => {
  let restHits = 0
  let grpcHits = 0
  server = createServer((request, response) => {
    restHits += 1
    const text = '{"id":"t-1","name":"Ada"}'
    request
      .resume()
      .on('end', () =>
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': text.length }).end(text),
      )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const probe = await startGrpcJs({
    async ask() {
      grpcHits += 1
      return { text: 'Ada' }
    },
  })
  const restProxy = await startFaultProxy((server.address() as AddressInfo).port, 'http1')
  const grpcProxy = await startFaultProxy(Number(probe.address.split(':')[1]), 'http2')
  ends.push(
    () => restProxy.close(),
    () => grpcProxy.close(),
    () => probe.close(),
  )
  workspace = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
budget: ${mostMs}ms
services:
  things: { rest: "http://127.0.0.1:${restProxy.port}", identity: none, timeout: ${timeoutMs}ms, maxAnswer: 1MiB, retry: { times: 1, backoff: 1ms, budget: 100% } }
  probe: { grpc: "127.0.0.1:${grpcProxy.port}", proto: probe.proto, identity: none, timeout: ${timeoutMs}ms, retry: { times: 1, backoff: 1ms, budget: 100% } }
routes:
  - { path: /rest/*, service: things }
  - { path: /grpc/*, transcode: probe }
  - { path: /probe.v1.Probe/*, service: probe }
bffs:
  app: { prefix: /app, schema: schema.graphql, operations: operations/*.graphql }
`,
    'schema.graphql': `type Query { thing: Thing @rest(service: "things", get: "/thing") }
type Mutation { add: Thing @rest(service: "things", post: "/thing") @auth(public: true) }
type Thing { id: ID! name: String! }
`,
    'operations/get.graphql': 'query Get @endpoint(get: "/thing") { thing { id name } }\n',
    'operations/add.graphql': 'mutation Add @endpoint(post: "/thing") { add { id name } }\n',
    'protos/probe.proto': readFileSync('test/services/grpc/fixtures/probe.proto', 'utf8'),
  })
  gateway = await startGateway(workspace.dir)
  rest = { proxy: restProxy, hits: () => restHits, sound: () => sound('GET', '/rest/thing') }
  client = new Client(new URL(gateway.url).host, credentials.createInsecure())
  const hits = (): number => grpcHits
  const asked = () => ask('POST', '/grpc/probe.v1.Probe/Ask', '{}')
  grpc = { proxy: grpcProxy, hits, sound: () => soundSoon(asked) }
  passed = { proxy: grpcProxy, hits, sound: () => soundSoon(call) }
})
/** A connection that goes silent, or drips, in the middle of an answer is given up by the first call that hears nothing. */
const soundSoon = async (asked: () => Promise<string>): Promise<void> => {
  for (let late = 0; late < 10; late += 1) if ((await asked()) === 'the answer') return
  assert.fail('No call is answered any more.')
}
const sound = async (...asked: Parameters<typeof ask>): Promise<void> => assert.equal(await ask(...asked), 'the answer')
after(async () => {
  client.close()
  await gateway.close()
  for (const end of ends) await end()
  server.close()
  await workspace.remove()
})
