import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { create, createFileRegistry, type DescService } from '@bufbuild/protobuf'
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import { Code, ConnectError, createClient } from '@connectrpc/connect'
import { createConnectTransport } from '@connectrpc/connect-node'
import { type handleUnaryCall, Metadata, status } from '@grpc/grpc-js'
import { startTranscoder } from './support/transcoder.ts'

describe('a stock client of the Connect protocol', () => {
  it('calls a unary method by POST', async (t) => {
    const { client } = await connected(t, {
      Ask: (call, done) => done(null, { text: `${call.request.text}!`, big: '9223372036854775807' }),
    })
    assert.deepEqual(plain(await client.ask({ text: 'a' })), { text: 'a!', big: 9_223_372_036_854_775_807n })
  })

  it('calls a method without side effects by GET', async (t) => {
    const { client } = await connected(t, { Look: (call, done) => done(null, call.request) }, true)
    assert.deepEqual(plain(await client.look({ text: 'é & ?', big: 5n })), { text: 'é & ?', big: 5n })
  })

  it('gets errors with their code', async (t) => {
    const { client } = await connected(t, { Ask: (_call, done) => done({ code: status.NOT_FOUND }) })
    const error = await failure(client.ask({}))
    assert.equal(error.code, Code.NotFound)
    assert.equal(error.rawMessage, 'Service test answered NOT_FOUND.')
  })

  it('gets the details of errors that the service shows, as bytes it can decode', async (t) => {
    const { client } = await connected(t, {
      Ask: (_call, done) => {
        const metadata = new Metadata()
        metadata.set('grpc-status-details-bin', errorInfoStatus())
        done({ code: status.FAILED_PRECONDITION, metadata })
      },
    })
    const { code, details } = await failure(client.ask({}))
    assert.equal(code, Code.FailedPrecondition)
    assert.deepEqual(details, [
      { type: 'google.rpc.ErrorInfo', value: new Uint8Array(errorInfo), debug: { reason: 'LOCKED', domain: 'd' } },
    ])
  })

  it('gets the refusals of the gateway with their code too', async (t) => {
    const { client } = await connected(t, { Ask: (call, done) => done(null, call.request) }, false, [
      'rateLimit: { limit: 1, window: 1m }',
    ])
    await client.ask({})
    const error = await failure(client.ask({}))
    assert.equal(error.code, Code.ResourceExhausted)
  })

  it('has its timeout kept', async (t) => {
    const { client } = await connected(t, { Ask: () => undefined })
    const error = await failure(client.ask({}, { timeoutMs: 150 }))
    assert.equal(error.code, Code.DeadlineExceeded)
  })

  it('sends metadata, and gets headers and trailers', async (t) => {
    const { client } = await connected(
      t,
      {
        Ask(call, done) {
          const headers = new Metadata()
          headers.set('x-seen', call.metadata.get('x-tenant').join())
          call.sendMetadata(headers)
          const trailers = new Metadata()
          trailers.set('x-cost', '5')
          done(null, {}, trailers)
        },
      },
      false,
      ['metadata: { request: [x-tenant], response: [x-seen, x-cost] }'],
    )
    let [seen, cost]: (string | null)[] = []
    await client.ask(
      {},
      {
        headers: { 'x-tenant': 'acme' },
        onHeader: (headers: Headers) => {
          seen = headers.get('x-seen')
        },
        onTrailer: (trailers: Headers) => {
          cost = trailers.get('x-cost')
        },
      },
    )
    assert.deepEqual([seen, cost], ['acme', '5'])
  })
})

describe('a request of the Connect protocol', () => {
  it('is answered as the protocol says', async (t) => {
    const { url } = await connected(t, { Ask: (_call, done) => done({ code: status.UNAVAILABLE }) })
    const ask = (headers: Record<string, string>, body = '{}') =>
      fetch(`${url}/test.v1.Test/Ask`, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json', ...headers },
      })
    const reply = await ask({ 'connect-protocol-version': '1' })
    assert.equal(reply.status, 503)
    assert.equal(reply.headers.get('content-type'), 'application/json; charset=utf-8')
    assert.deepEqual(await reply.json(), { code: 'unavailable', message: 'Service test is unavailable at the moment.' })
    const ours = await ask({})
    assert.equal(ours.headers.get('content-type'), 'application/problem+json; charset=utf-8')
    assert.equal((await ask({ 'connect-protocol-version': '2' })).status, 400)
    assert.equal((await ask({ 'connect-protocol-version': '1', 'connect-timeout-ms': 'soon' })).status, 400)
    assert.equal((await ask({ 'connect-protocol-version': '1', 'content-type': 'application/proto' })).status, 415)
    assert.equal((await ask({ 'connect-protocol-version': '1', 'content-type': 'application/proto' }, '')).status, 415)
    assert.equal((await ask({ 'connect-protocol-version': '1', 'content-encoding': 'gzip' })).status, 415)
    assert.deepEqual(await (await ask({ 'connect-protocol-version': '1' }, '{"a": ')).json(), {
      code: 'invalid_argument',
      message: 'The JSON cannot be read: line 1, column 7: expected a value, got the end.',
    })
  })

  it('may hold its message in the query, as text or base64', async (t) => {
    const { url } = await connected(t, { Look: (call, done) => done(null, call.request) })
    const look = async (query: string): Promise<unknown> => (await fetch(`${url}/test.v1.Test/Look?${query}`)).json()
    const message = encodeURIComponent('{"text":"a b"}')
    assert.deepEqual(await look(`connect=v1&encoding=json&message=${message}`), { text: 'a b', big: '0' })
    const base64 = Buffer.from('{"text":"a"}').toString('base64url')
    assert.deepEqual(await look(`connect=v1&encoding=json&base64=1&message=${base64}`), { text: 'a', big: '0' })
    assert.equal(((await look(`connect=v1&encoding=proto&message=`)) as { code: string }).code, 'invalid_argument')
    assert.equal(
      ((await look(`connect=v1&encoding=json&compression=gzip&message=`)) as { code: string }).code,
      'unimplemented',
    )
    // Without the mark of the protocol these are fields.
    assert.deepEqual(await look('text=a'), { text: 'a', big: '0' })
  })
})

/** google.rpc.ErrorInfo { reason: "LOCKED", domain: "d" }, by hand: field 1 and field 2, both text. */
const errorInfo = Buffer.from('\x0a\x06LOCKED\x12\x01d')

/** google.rpc.Status { code: 9, details: [Any { type_url, value }] }. */
const errorInfoStatus = (): Buffer => {
  const field = (number: number, bytes: Buffer): Buffer =>
    Buffer.concat([Buffer.from([(number << 3) | 2, bytes.length]), bytes])
  const url = Buffer.from('type.googleapis.com/google.rpc.ErrorInfo')
  return Buffer.concat([Buffer.from([8, 9]), field(3, Buffer.concat([field(1, url), field(2, errorInfo)]))])
}

type Message = { readonly text?: string; readonly big?: string }
type Handler = handleUnaryCall<Message, Message>

const proto = `
service Test {
  rpc Ask(Item) returns (Item);
  rpc Look(Item) returns (Item) { option idempotency_level = NO_SIDE_EFFECTS; }
}
message Item { string text = 1; int64 big = 2; }
`

type ItemClient = Record<
  'ask' | 'look',
  (item: object, options?: object) => Promise<{ readonly text: string; readonly big: bigint }>
>

const connected = async (
  t: TestContext,
  handlers: { readonly Ask?: Handler; readonly Look?: Handler },
  useHttpGet = false,
  route: readonly string[] = [],
) => {
  const { url } = await startTranscoder(t, { handlers: handlers as never, proto, route })
  const transport = createConnectTransport({ baseUrl: url, httpVersion: '1.1', useBinaryFormat: false, useHttpGet })
  const client = createClient(serviceDescriptor(), transport) as unknown as ItemClient
  return { url, client }
}

/** The proto again, as protobuf-es wants it: it has no parser of its own. */
const serviceDescriptor = (): DescService => {
  const field = (name: string, number: number, type: number) => ({ name, number, label: 1, type, jsonName: name })
  const method = { inputType: '.test.v1.Item', outputType: '.test.v1.Item' }
  const file = {
    name: 'test.proto',
    package: 'test.v1',
    syntax: 'proto3',
    messageType: [{ name: 'Item', field: [field('text', 1, 9), field('big', 2, 3)] }],
    service: [
      {
        name: 'Test',
        method: [
          { name: 'Ask', ...method },
          { name: 'Look', ...method, options: { idempotencyLevel: 1 } },
        ],
      },
    ],
  }
  const service = createFileRegistry(create(FileDescriptorSetSchema, { file: [file] })).getService('test.v1.Test')
  assert.ok(service !== undefined)
  return service
}

const failure = async (call: Promise<unknown>): Promise<ConnectError> => {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof ConnectError)
  return error
}

const plain = ({ text, big }: { readonly text: string; readonly big: bigint }): object => ({ text, big })
