import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { ServerReadableStream, ServerWritableStream, sendUnaryData } from '@grpc/grpc-js'
import { status } from '@grpc/grpc-js'
import { startTranscoder, type Transcoder } from './support/transcoder.ts'

describe('google.api.HttpBody', () => {
  it('as a request takes any bytes with their type', async (t) => {
    const { url, seen } = await gateway(t)
    const reply = await fetch(`${url}/v1/raw`, {
      method: 'POST',
      body: bytes,
      headers: { 'content-type': 'image/x-own; a=b' },
    })
    assert.equal(reply.status, 200)
    assert.deepEqual(seen(), { contentType: 'image/x-own; a=b', data: Buffer.from(bytes) })
  })

  it('as a field of the request leaves the others to path and query', async (t) => {
    const { url, seen } = await gateway(t)
    const reply = await fetch(`${url}/v1/uploads/x?count=3`, {
      method: 'PUT',
      body: bytes,
      headers: { 'content-type': 'a/b' },
    })
    assert.equal(reply.status, 200)
    assert.deepEqual(seen(), { id: 'x', count: 3, content: { contentType: 'a/b', data: Buffer.from(bytes) } })
  })

  it('as an answer is sent as it is, with its own type', async (t) => {
    const { url } = await gateway(t)
    const reply = await fetch(`${url}/v1/raw`, {
      method: 'POST',
      body: bytes,
      headers: { 'content-type': 'image/x-own' },
    })
    assert.equal(reply.headers.get('content-type'), 'image/x-own')
    assert.equal(reply.headers.get('content-length'), String(bytes.length))
    assert.deepEqual(new Uint8Array(await reply.arrayBuffer()), bytes)
  })

  it('as a field of the answer is the body where response_body names it', async (t) => {
    const { url } = await gateway(t)
    const reply = await fetch(`${url}/v1/uploads/x`, {
      method: 'PUT',
      body: 'text',
      headers: { 'content-type': 'text/x' },
    })
    assert.equal(reply.headers.get('content-type'), 'text/x')
    assert.equal(await reply.text(), 'text')
  })

  it('without a usable type is application/octet-stream', async (t) => {
    const { url } = await gateway(t)
    const reply = await fetch(`${url}/v1/down?contentType=a/b%0d%0ax-evil:%201`)
    assert.equal(reply.headers.get('content-type'), 'application/octet-stream')
    assert.equal(reply.headers.get('x-evil'), null)
    await reply.arrayBuffer()
  })

  it('streamed out is one body with the type of the first', async (t) => {
    const { url } = await gateway(t)
    const reply = await fetch(`${url}/v1/down?contentType=text/x`)
    assert.equal(reply.headers.get('content-type'), 'text/x')
    assert.equal(await reply.text(), 'one two three')
  })

  it('streamed out breaks off where the service fails', async (t) => {
    const { url } = await gateway(t)
    const reply = await fetch(`${url}/v1/down?contentType=fail`)
    await assert.rejects(reply.text())
  })

  it('streamed in is sent on as it comes', async (t) => {
    const { url, seen } = await gateway(t)
    const whole = Buffer.alloc(3_000_000, 'abc')
    const reply = await fetch(`${url}/v1/up/x`, { method: 'POST', body: whole, headers: { 'content-type': 'a/b' } })
    assert.deepEqual(await reply.json(), { id: 'x', count: whole.length })
    const { messages } = seen() as { messages: number }
    assert.ok(messages > 10, `${messages} messages`)
  })
})

describe('response_body', () => {
  it('is the field alone, its default where it was not sent', async (t) => {
    const { url } = await gateway(t)
    const get = async (path: string): Promise<unknown> => (await fetch(url + path)).json()
    assert.deepEqual(await get('/v1/list?tags=a&tags=b'), ['a', 'b'])
    assert.deepEqual(await get('/v1/list'), [])
    assert.deepEqual(await get('/v1/count?count=3'), 3)
    assert.deepEqual(await get('/v1/count'), 0)
    assert.deepEqual(await get('/v1/inner'), null)
    assert.deepEqual(await get('/v1/inner?inner.id=x'), { id: 'x', count: 0, tags: [] })
  })
})

const bytes = new Uint8Array([0, 255, 13, 10, 128])

type Body = { readonly contentType: string; readonly data?: Buffer }

const gateway = async (t: TestContext): Promise<Transcoder & { readonly seen: () => unknown }> => {
  let seen: unknown
  const echo = (call: { readonly request: object }, done: sendUnaryData<object>): void => {
    seen = call.request
    done(null, call.request)
  }
  const started = await startTranscoder(t, {
    handlers: {
      Raw: echo,
      Upload: echo,
      List: echo,
      Count: echo,
      Inner: echo,
      Down(call: ServerWritableStream<Body, object>) {
        const { contentType } = call.request
        call.write({ contentType, data: Buffer.from('one ') })
        if (contentType === 'fail') {
          call.write({ data: Buffer.from('two') }, () => call.emit('error', { code: status.ABORTED }))
          return
        }
        call.write({ contentType: 'other/type', data: Buffer.from('two ') })
        call.write({ data: Buffer.from('three') })
        call.end()
      },
      Up(call: ServerReadableStream<{ id: string; content: Body }, object>, done: sendUnaryData<object>) {
        let [count, messages, id] = [0, 0, '']
        call.on('data', (message: { id: string; content: Body }) => {
          messages += 1
          id = message.id
          count += message.content.data?.length ?? 0
        })
        call.on('end', () => {
          seen = { messages }
          done(null, { id, count })
        })
      },
    } as never,
    proto: `
service Test {
  rpc Raw(google.api.HttpBody) returns (google.api.HttpBody) { option (google.api.http) = { post: "/v1/raw" body: "*" }; }
  rpc Upload(Item) returns (Item) { option (google.api.http) = { put: "/v1/uploads/{id}" body: "content" response_body: "content" }; }
  rpc Down(google.api.HttpBody) returns (stream google.api.HttpBody) { option (google.api.http) = { get: "/v1/down" }; }
  rpc Up(stream Item) returns (Result) { option (google.api.http) = { post: "/v1/up/{id}" body: "content" }; }
  rpc List(Inner) returns (Inner) { option (google.api.http) = { get: "/v1/list" response_body: "tags" }; }
  rpc Count(Inner) returns (Inner) { option (google.api.http) = { get: "/v1/count" response_body: "count" }; }
  rpc Inner(Inner) returns (Inner) { option (google.api.http) = { get: "/v1/inner" response_body: "inner" }; }
}
message Item { string id = 1; int32 count = 2; google.api.HttpBody content = 17; }
message Result { string id = 1; int32 count = 2; }
message Inner { string id = 1; int32 count = 2; repeated string tags = 3; Inner inner = 4; }
`,
  })
  return { ...started, seen: () => seen }
}
