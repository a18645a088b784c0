import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import { describe, it, type TestContext } from 'node:test'
import {
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  Metadata,
  type ServerWritableStream,
  status,
} from '@grpc/grpc-js'
import { still } from '../../support/until.ts'
import { until } from './support/pace.ts'
import { startTranscoder, type Transcoder } from './support/transcoder.ts'

describe('a server stream', () => {
  it('is JSON lines where the client does not say, and server-sent events where it asks for them', async (t) => {
    const { url } = await gateway(t, { Watch: three })
    const lines = await fetch(`${url}/v1/watch/x`)
    assert.equal(lines.headers.get('content-type'), 'application/x-ndjson')
    assert.equal(lines.headers.get('cache-control'), 'no-store')
    assert.equal(await lines.text(), '{"id":"x","n":0}\n{"id":"x","n":1}\n{"id":"x","n":2}\n')
    const events = await fetch(`${url}/v1/watch/x`, { headers: { accept: 'text/event-stream' } })
    assert.equal(events.headers.get('content-type'), 'text/event-stream')
    assert.equal(await events.text(), 'data: {"id":"x","n":0}\n\ndata: {"id":"x","n":1}\n\ndata: {"id":"x","n":2}\n\n')
  })

  it('takes the format the client prefers, and refuses others with 406', async (t) => {
    const { url } = await gateway(t, { Watch: three })
    const typeFor = async (accept: string): Promise<string | number | null> => {
      const reply = await fetch(`${url}/v1/watch/x`, { headers: { accept } })
      await reply.text()
      return reply.ok ? reply.headers.get('content-type') : reply.status
    }
    assert.equal(await typeFor('text/event-stream;q=0.5, application/x-ndjson;q=0.4'), 'text/event-stream')
    assert.equal(await typeFor('application/*'), 'application/x-ndjson')
    assert.equal(await typeFor('text/html, text/*'), 'text/event-stream')
    assert.equal(await typeFor('application/x-ndjson;q=0, */*'), 'text/event-stream')
    assert.equal(await typeFor('application/json'), 406)
  })

  it('that fails before its first message is a plain problem', async (t) => {
    const { url } = await gateway(t, { Watch: (call) => call.emit('error', { code: status.NOT_FOUND }) })
    const reply = await fetch(`${url}/v1/watch/x`)
    assert.equal(reply.status, 404)
    assert.equal(reply.headers.get('content-type'), 'application/problem+json; charset=utf-8')
  })

  it('that fails later says so in its own form, typed', async (t) => {
    const { url } = await gateway(t, {
      Watch(call) {
        call.write({ n: 1 }, () => call.emit('error', { code: status.RESOURCE_EXHAUSTED, details: 'secret' }))
      },
    })
    const [first, last] = (await (await fetch(`${url}/v1/watch/x`)).text()).trimEnd().split('\n')
    assert.equal(first, '{"id":"","n":1}')
    const { error } = JSON.parse(last ?? '') as { error: Record<string, unknown> }
    assert.deepEqual([error['code'], error['status'], error['service']], ['RESOURCE_EXHAUSTED', 429, 'test'])
    const events = await (await fetch(`${url}/v1/watch/x`, { headers: { accept: 'text/event-stream' } })).text()
    assert.match(
      events,
      /^data: \{"id":"","n":1\}\n\nevent: error\ndata: \{"type":"about:blank".*"RESOURCE_EXHAUSTED".*\}\n\n$/,
    )
    assert.doesNotMatch(events, /secret/)
  })

  it('is read at the pace of the client: a slow one slows the service', async (t) => {
    let sent = 0
    const padding = 'x'.repeat(10_000)
    const { url } = await gateway(t, {
      async Watch(call) {
        for (; sent < 20_000 && !call.cancelled; sent += 1)
          if (!call.write({ id: padding, n: sent })) await once(call, 'drain').catch(() => undefined)
        call.end()
      },
    })
    const { response, request } = await open(`${url}/v1/watch/x`)
    response.pause()
    const settled = await still(() => sent)
    // The buffers of two connections hold a few hundred of them, of two hundred megabytes in all.
    assert.ok(settled > 0 && settled < 2_000, `${settled} messages were sent to nobody`)
    response.resume()
    await until(response, 'data', () => sent > settled)
    request.destroy()
  })

  it('is cancelled when the client leaves', async (t) => {
    let cancelled: Promise<unknown> | undefined
    const { url } = await gateway(t, {
      Watch(call) {
        cancelled = once(call, 'cancelled')
        call.write({ n: 1 })
      },
    })
    const { response, request } = await open(`${url}/v1/watch/x`)
    await once(response, 'data')
    request.destroy()
    await cancelled
  })

  it('is cancelled when the client leaves before the first message', async (t) => {
    let cancelled: Promise<unknown> | undefined
    let begun: (() => void) | undefined
    const asked = new Promise<void>((resolve) => {
      begun = resolve
    })
    const { url } = await gateway(t, {
      Watch(call) {
        cancelled = once(call, 'cancelled')
        begun?.()
      },
    })
    const request = httpRequest(`${url}/v1/watch/x`).on('error', () => undefined)
    request.end()
    await asked
    request.destroy()
    await cancelled
  })

  it('ends with UNAVAILABLE as its last word when the gateway stops', async (t) => {
    const { url, close } = await gateway(t, { Watch: (call) => void call.write({ n: 1 }) })
    const { response } = await open(`${url}/v1/watch/x`)
    await once(response, 'data')
    const rest = text(response)
    await close()
    const { error } = JSON.parse(await rest) as { error: { code: string } }
    assert.equal(error.code, 'UNAVAILABLE')
  })

  it('has the metadata that the route lets through as headers', async (t) => {
    const { url } = await gateway(t, {
      Watch(call) {
        const metadata = new Metadata()
        metadata.add('x-cost', call.metadata.get('x-tenant').join())
        metadata.add('x-hidden', 'h')
        call.sendMetadata(metadata)
        call.write({ n: 1 })
        call.end()
      },
    })
    const reply = await fetch(`${url}/v1/watch/x`, { headers: { 'x-tenant': 'a' } })
    assert.equal(reply.headers.get('x-cost'), 'a')
    assert.equal(reply.headers.get('x-hidden'), null)
    await reply.text()
  })

  it('ends after the route’s timeout with DEADLINE_EXCEEDED', async (t) => {
    const { url } = await gateway(t, { Watch: (call) => void call.write({ n: 1 }) }, ['timeout: 1s'])
    const reply = await fetch(`${url}/v1/watch/x`)
    const [, last = ''] = (await reply.text()).split('\n')
    assert.equal((JSON.parse(last) as { error: { code: string } }).error.code, 'DEADLINE_EXCEEDED')
  })
})

describe('a client stream', () => {
  it('takes one message a line and answers once', async (t) => {
    const { url } = await gateway(t, { Sum: summed })
    const reply = await post(`${url}/v1/sum`, '{"n": 1}\r\n\n{"n": 2}\n  \n{"n": 3}')
    assert.equal(reply.status, 200)
    assert.deepEqual(await reply.json(), { id: '', n: 6 })
    assert.deepEqual(await (await post(`${url}/v1/sum`, '')).json(), { id: '', n: 0 })
  })

  it('sends each message on as it comes', async (t) => {
    const arrived: number[] = []
    let tell: (() => void) | undefined
    const { url } = await gateway(t, {
      Sum(call, done) {
        call.on('data', ({ n }: { n: number }) => {
          arrived.push(n)
          tell?.()
        })
        call.on('end', () => done(null, {}))
      },
    })
    const { request } = sending(`${url}/v1/sum`)
    for (const n of [1, 2]) {
      const told = new Promise<void>((resolve) => {
        tell = resolve
      })
      request.write(`{"n": ${n}}\n`)
      await told
    }
    assert.deepEqual(arrived, [1, 2])
    request.end()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    assert.equal(response.statusCode, 200)
    response.resume()
  })

  it('says which message is wrong, and cancels the call', async (t) => {
    let cancelled: Promise<unknown> | undefined
    const { url } = await gateway(t, {
      Sum(call) {
        call.resume()
        cancelled = once(call, 'cancelled')
      },
    })
    const reply = await post(`${url}/v1/sum`, '{"n": 1}\n{"n": "x"}\n')
    assert.equal(reply.status, 400)
    assert.match(((await reply.json()) as { detail: string }).detail, /^Message 2: n: /)
    await cancelled
  })

  it('refuses a line that is too long, other types and compressed bodies', async (t) => {
    const { url } = await gateway(t, { Sum: summed }, ['maxBody: 1KiB'])
    assert.equal((await post(`${url}/v1/sum`, `{"id": "${'x'.repeat(2_000)}"}`)).status, 413)
    assert.equal((await post(`${url}/v1/sum`, '{"n": 1}', { 'content-type': 'application/json' })).status, 415)
    assert.equal((await post(`${url}/v1/sum`, '{"n": 1}', { 'content-encoding': 'gzip' })).status, 415)
    // Many lines may be longer than one together.
    assert.deepEqual(await (await post(`${url}/v1/sum`, '{"n": 1}\n'.repeat(1_000))).json(), { id: '', n: 1_000 })
  })

  it('holds a fast client back when the service reads slowly', async (t) => {
    let release: (() => void) | undefined
    const { url } = await gateway(t, {
      Sum(call, done) {
        release = () => void call.on('data', () => undefined).on('end', () => done(null, { n: 1 }))
      },
    })
    const { request } = sending(`${url}/v1/sum`)
    const line = `${JSON.stringify({ id: 'x'.repeat(50_000) })}\n`
    let written = 0
    const write = (): void => {
      while (written < 2_000 && request.write(line)) written += 1
      if (written < 2_000) {
        written += 1
        request.once('drain', write)
      } else request.end()
    }
    write()
    const settled = await still(() => written)
    assert.ok(settled < 1_000, `${settled} of 2000 messages were taken from the client`)
    release?.()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    assert.deepEqual(JSON.parse(await text(response)), { id: '', n: 1 })
  })

  it('answers when the service does, though the client would go on', async (t) => {
    const { url } = await gateway(t, {
      Sum: (call, done) => void call.once('data', () => done({ code: status.ABORTED })),
    })
    const { request } = sending(`${url}/v1/sum`)
    request.write('{"n": 1}\n')
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    assert.equal(response.statusCode, 409)
    response.resume()
    request.destroy()
  })
})

describe('a stream both ways', () => {
  it('answers while lines still come', async (t) => {
    const { url } = await gateway(t, { Chat: doubled })
    const { request } = sending(`${url}/v1/chat`)
    request.write('{"n": 1}\n')
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    response.setEncoding('utf8')
    assert.deepEqual(await once(response, 'data'), ['{"id":"","n":2}\n'])
    request.end('{"n": 2}\n')
    assert.equal(await text(response), '{"id":"","n":4}\n')
  })

  it('reports a wrong line in-band once it has answered', async (t) => {
    const { url } = await gateway(t, { Chat: doubled })
    const { request } = sending(`${url}/v1/chat`)
    request.write('{"n": 1}\n')
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    await once(response, 'data')
    request.end('{"n": 1')
    const { error } = JSON.parse(await text(response)) as { error: { code: string; detail: string } }
    assert.equal(error.code, 'INVALID_ARGUMENT')
    assert.match(error.detail, /^Message 2: /)
  })
})

type Message = { readonly id?: string; readonly n?: number }

type StreamHandlers = {
  readonly Watch?: (call: ServerWritableStream<Message, Message>) => void
  readonly Sum?: handleClientStreamingCall<Message, Message>
  readonly Chat?: handleBidiStreamingCall<Message, Message>
}

const three: handleServerStreamingCall<Message, Message> = (call) => {
  for (const n of [0, 1, 2]) call.write({ ...call.request, n })
  call.end()
}

const summed: handleClientStreamingCall<Message, Message> = (call, done) => {
  let sum = 0
  call.on('data', ({ n = 0 }: Message) => {
    sum += n
  })
  call.on('end', () => done(null, { n: sum }))
}

const doubled: handleBidiStreamingCall<Message, Message> = (call) => {
  call.on('data', ({ n = 0 }: Message) => call.write({ n: 2 * n }))
  call.on('end', () => call.end())
}

const gateway = (t: TestContext, handlers: StreamHandlers, route: readonly string[] = []): Promise<Transcoder> =>
  startTranscoder(t, {
    handlers: handlers as never,
    route: ['metadata: { request: [x-tenant], response: [x-cost] }', ...route],
    proto: `
service Test {
  rpc Watch(Item) returns (stream Item) { option (google.api.http) = { get: "/v1/watch/{id}" }; }
  rpc Sum(stream Item) returns (Item) { option (google.api.http) = { post: "/v1/sum" body: "*" }; }
  rpc Chat(stream Item) returns (stream Item) { option (google.api.http) = { post: "/v1/chat" body: "*" }; }
}
message Item { string id = 1; int32 n = 2; }
`,
  })

const post = (url: string, body: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/x-ndjson', ...headers } })

const sending = (url: string): { readonly request: ClientRequest } => {
  const request = httpRequest(url, { method: 'POST', headers: { 'content-type': 'application/x-ndjson' } })
  request.on('error', () => undefined)
  request.flushHeaders()
  return { request }
}

const open = async (url: string): Promise<{ readonly request: ClientRequest; readonly response: IncomingMessage }> => {
  const request = httpRequest(url).on('error', () => undefined)
  request.end()
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  response.on('error', () => undefined)
  return { request, response }
}
