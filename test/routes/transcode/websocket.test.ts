import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it, type TestContext } from 'node:test'
import { type handleBidiStreamingCall, type ServerDuplexStream, type ServerWritableStream, status } from '@grpc/grpc-js'
import { WebSocket } from 'ws'
import { eventually, still } from '../../support/until.ts'
import { until } from './support/pace.ts'
import { startTranscoder, type Transcoder } from './support/transcoder.ts'

describe('a streaming method over a WebSocket', () => {
  it('has one JSON message a frame, both ways', async (t) => {
    const { socket } = await chat(t, doubled)
    socket.send('{"n": 1}')
    assert.equal(await frame(socket), '{"id":"room","n":2}')
    socket.send('{"n": 2}')
    assert.equal(await frame(socket), '{"id":"room","n":4}')
  })

  it('has the answers to what stands in the address alone, without a frame from the client', async (t) => {
    const { url, metrics } = await startTranscoder(t, {
      proto,
      handlers: {
        Watch: (call: ServerWritableStream<Message, Message>) => {
          call.write(call.request)
          call.end()
        },
      } as never,
      route: ['websocket: true'],
    })
    const watch = (path: string): WebSocket => new WebSocket(`${url.replace('http', 'ws')}${path}`)
    const socket = watch('/v1/watch/room?n=3')
    const end = closed(socket)
    assert.equal(await frame(socket), '{"id":"room","n":3}')
    assert.deepEqual(await end, [1000, ''])
    await eventually(async () =>
      assert.match(await metrics(), /^http_server_request_duration_seconds_count\{.*status="101".*\} 1$/m),
    )
    await eventually(async () =>
      assert.match(await metrics(), /^portico_websockets_ended_total\{route=".*",reason="service"\} 1$/m),
    )
    assert.match(await metrics(), /^portico_websocket_messages_total\{route=".*",from="service"\} 1$/m)
    assert.deepEqual(await closed(watch('/v1/watch/room?n=three')), [4003, 'INVALID_ARGUMENT'])
  })

  it('ends when the service does, after an empty frame', async (t) => {
    const { socket } = await chat(t, doubled)
    socket.send('')
    assert.deepEqual(await closed(socket), [1000, ''])
  })

  it('says a failure in a last frame and in the close code', async (t) => {
    const { socket } = await chat(
      t,
      (call) => void call.once('data', () => call.emit('error', { code: status.NOT_FOUND })),
    )
    const end = closed(socket)
    socket.send('{}')
    const { error } = JSON.parse(await frame(socket)) as { error: { code: string } }
    assert.equal(error.code, 'NOT_FOUND')
    assert.deepEqual(await end, [4005, 'NOT_FOUND'])
  })

  it('refuses frames that are no message, and cancels the call', async (t) => {
    for (const [sent, detail] of [
      ['{"nothing": 1}', /nothing/],
      ['{', /JSON/],
      ['{"id": "other"}', /path/],
      [Buffer.from('{}'), /text/],
    ] as const) {
      let cancelled: Promise<unknown> | undefined
      const { socket } = await chat(t, (call) => {
        call.resume()
        cancelled = once(call, 'cancelled')
      })
      const end = closed(socket)
      socket.send(sent)
      const { error } = JSON.parse(await frame(socket)) as { error: { code: string; detail: string } }
      assert.match(error.detail, detail)
      assert.deepEqual(await end, [4003, 'INVALID_ARGUMENT'])
      await cancelled
    }
  })

  it('refuses a frame that is too large', async (t) => {
    const { socket } = await chat(t, doubled, ['maxBody: 1KiB'])
    socket.send(JSON.stringify({ id: 'x'.repeat(2_000) }))
    assert.equal((await closed(socket))[0], 1009)
  })

  it('is cancelled when the client leaves', async (t) => {
    let cancelled: Promise<unknown> | undefined
    const { socket } = await chat(t, (call) => {
      cancelled = once(call, 'cancelled')
      call.write({ n: 1 })
    })
    await frame(socket)
    socket.terminate()
    await cancelled
  })

  it('is told when the gateway stops', async (t) => {
    const { socket, close } = await chat(t, (call) => void call.write({ n: 1 }))
    await frame(socket)
    const end = closed(socket)
    const last = frame(socket)
    await close()
    assert.equal((JSON.parse(await last) as { error: { code: string } }).error.code, 'UNAVAILABLE')
    assert.deepEqual(await end, [4014, 'UNAVAILABLE'])
  })

  it('is read at the pace of the client', async (t) => {
    let sent = 0
    const { socket } = await chat(t, async (call) => {
      const id = 'x'.repeat(10_000)
      for (; sent < 20_000 && !call.cancelled; sent += 1)
        if (!call.write({ id, n: sent })) await once(call, 'drain').catch(() => undefined)
      call.end()
    })
    socket.pause()
    const last = await still(() => sent)
    assert.ok(last > 0 && last < 2_000, `${last} messages were sent to nobody`)
    socket.resume()
    await until(socket, 'message', () => sent > last)
  })

  it('passes the policies of the route before it opens', async (t) => {
    const { url } = await gateway(t, doubled, ['rateLimit: { limit: 1, window: 1m }'])
    const first = new WebSocket(`${url.replace('http', 'ws')}/v1/chat/room`)
    await once(first, 'open')
    first.close()
    assert.equal(await refusal(`${url}/v1/chat/room`), 429)
  })

  it('is refused where nothing streams, and where the route does not take upgrades', async (t) => {
    const { url } = await gateway(t, doubled)
    assert.notEqual(await refusal(`${url}/v1/once`), 101)
    const plain = await startTranscoder(t, { proto, handlers: { Chat: doubled } as never })
    assert.equal(await refusal(`${plain.url}/v1/chat/room`), 400)
  })
})

type Message = { readonly id?: string; readonly n?: number }
type Handler = (call: ServerDuplexStream<Message, Message>) => void

const doubled: handleBidiStreamingCall<Message, Message> = (call) => {
  call.on('data', ({ id, n = 0 }: Message) => call.write({ id: id ?? '', n: 2 * n }))
  call.on('end', () => call.end())
}

const proto = `
service Test {
  rpc Chat(stream Item) returns (stream Item) { option (google.api.http) = { post: "/v1/chat/{id}" body: "*" }; }
  rpc Watch(Item) returns (stream Item) { option (google.api.http) = { get: "/v1/watch/{id}" }; }
  rpc Once(Item) returns (Item) { option (google.api.http) = { get: "/v1/once" }; }
}
message Item { string id = 1; int32 n = 2; }
`

const gateway = (t: TestContext, handler: Handler, route: readonly string[] = []): Promise<Transcoder> =>
  startTranscoder(t, { proto, handlers: { Chat: handler } as never, route: ['websocket: true', ...route] })

const chat = async (t: TestContext, handler: Handler, route: readonly string[] = []) => {
  const { url, close } = await gateway(t, handler, route)
  const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/chat/room`)
  t.after(() => socket.terminate())
  await once(socket, 'open')
  return { socket, close }
}

const frame = async (socket: WebSocket): Promise<string> => {
  const [data] = (await once(socket, 'message')) as [Buffer]
  return data.toString()
}

const closed = async (socket: WebSocket): Promise<readonly [code: number, reason: string]> => {
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer]
  return [code, reason.toString()]
}

/** The status with which an upgrade is refused, or a close code where it was not. */
const refusal = (url: string): Promise<number> =>
  new Promise((resolve) => {
    const socket = new WebSocket(url.replace('http', 'ws'))
    socket.on('unexpected-response', (_request, response) => {
      resolve(response.statusCode ?? 0)
      socket.terminate()
    })
    socket.on('open', () => socket.once('close', (code) => resolve(code)))
    socket.on('error', () => resolve(0))
  })
