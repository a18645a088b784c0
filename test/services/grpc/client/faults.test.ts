import assert from 'node:assert/strict'
import { createServer as createHttpServer } from 'node:http'
import { constants, type ServerHttp2Stream } from 'node:http2'
import { createServer as createTcpServer, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { systemClock } from '../../../../src/kernel/clock.ts'
import { guarded } from '../../../../src/services/call.ts'
import { grpcJsExchange } from '../../../../src/services/grpc/client/streaming.ts'
import { openTargets } from '../../../../src/services/grpc/client/targets.ts'
import type { Connection } from '../../../../src/services/grpc/client/wire/call.ts'
import { wireUnary } from '../../../../src/services/grpc/client/wire/unary.ts'
import { neverSent } from '../../../../src/services/guards/failure.ts'
import { serviceGuards } from '../../../../src/services/stack.ts'
import { calm } from '../../../support/guards.ts'
import { eventually } from '../../../support/until.ts'
import { answerText, probeService, questionBytes, requestContext } from '../fixtures/probe.ts'
import { ended, frame, listening, raw } from '../fixtures/raw-server.ts'
import { unaryOver } from '../fixtures/unary-over.ts'

const path = '/probe.v1.Probe/Ask'
const clients = {
  'our own client': (connection: Connection) => wireUnary(connection, path),
  'the client of grpc-js': (connection: Connection) => unaryOver(connection.service, grpcJsExchange(connection, path)),
}

const broken = 'Service probe broke off before its answer was complete.'
const foreign = 'Service probe did not answer in gRPC.'

for (const [name, client] of Object.entries(clients)) {
  const asking = (test: TestContext, port: number, timeoutMs = 2_000) => {
    const service = probeService({ targets: [`127.0.0.1:${port}`], timeoutMs })
    const targets = openTargets(service, { clock: systemClock })
    test.after(() => targets.close())
    const call = guarded(
      client({ service, targets, clock: systemClock }),
      serviceGuards(service, calm(), { clock: systemClock }),
    )
    return async (): Promise<string> => {
      const { output } = await call({ message: questionBytes('x'), metadata: [] }, requestContext({}))
      return answerText(output.message)
    }
  }

  describe(`${name}, asking what is broken`, () => {
    for (const { title, answer, message } of [
      {
        title: 'a page of HTML',
        answer: (stream: ServerHttp2Stream) => {
          stream.respond({ ':status': 200, 'content-type': 'text/html' })
          stream.end('<html>Welcome</html>')
        },
        message: foreign,
      },
      {
        title: '404 in plain text',
        answer: (stream: ServerHttp2Stream) => {
          stream.respond({ ':status': 404, 'content-type': 'text/plain' })
          stream.end('not here')
        },
        message: foreign,
      },
      {
        title: 'a redirect',
        answer: (stream: ServerHttp2Stream) =>
          stream.respond({ ':status': 302, location: 'https://elsewhere.example' }, { endStream: true }),
        message: foreign,
      },
      {
        title: '503 of a proxy',
        answer: (stream: ServerHttp2Stream) => {
          stream.respond({ ':status': 503, 'content-type': 'text/plain' })
          stream.end('no upstream')
        },
        message: foreign,
      },
      {
        title: 'an answer without a status',
        answer: (stream: ServerHttp2Stream) => {
          stream.respond({ ':status': 200, 'content-type': 'application/grpc' })
          stream.end(frame('x'))
        },
        message: broken,
      },
      {
        title: 'half a message',
        answer: (stream: ServerHttp2Stream) => ended(stream, frame('hello').subarray(0, 7)),
        message: broken,
      },
      {
        title: 'two messages',
        answer: (stream: ServerHttp2Stream) => ended(stream, Buffer.concat([frame('a'), frame('b')])),
        message: broken,
      },
      { title: 'an OK without a message', answer: (stream: ServerHttp2Stream) => ended(stream), message: broken },
      {
        title: 'RST_STREAM with INTERNAL_ERROR',
        answer: (stream: ServerHttp2Stream) => stream.close(constants.NGHTTP2_INTERNAL_ERROR),
        message: broken,
      },
      {
        title: 'RST_STREAM with CANCEL in the middle of a message',
        answer: (stream: ServerHttp2Stream) => {
          stream.respond({ ':status': 200, 'content-type': 'application/grpc' })
          stream.write(frame('hello').subarray(0, 7), () => stream.close(constants.NGHTTP2_CANCEL))
        },
        message: broken,
      },
      {
        title: 'a connection cut in the middle of a message',
        answer: (stream: ServerHttp2Stream) => {
          stream.respond({ ':status': 200, 'content-type': 'application/grpc' })
          stream.write(frame('hello').subarray(0, 7), () => stream.session?.socket.destroy())
        },
        message: broken,
      },
      {
        title: 'GOAWAY with an error in the middle of a call',
        answer: (stream: ServerHttp2Stream) => stream.session?.destroy(undefined, constants.NGHTTP2_PROTOCOL_ERROR),
        message: broken,
      },
      {
        title: 'headers of 200 KiB',
        answer: (stream: ServerHttp2Stream) => {
          const headers = Object.fromEntries(
            Array.from({ length: 100 }, (_, index) => [`x-${index}`, 'v'.repeat(2_000)]),
          )
          stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...headers })
          stream.end()
        },
        message: broken,
      },
    ])
      it(`answers 502 to ${title}, and goes on`, async (test) => {
        let broke = false
        const { port, sessions } = await raw(test, (stream) => {
          if (broke) return ended(stream, frame('fine'))
          broke = true
          return answer(stream)
        })
        const ask = asking(test, port)
        await assert.rejects(ask(), { code: 'UNAVAILABLE', status: 502, message })
        assert.equal(await eventually(ask), 'fine')
        // What broke a stream leaves its connection alone; what broke a connection has it replaced.
        assert.ok(sessions.size <= 1, `${sessions.size} sessions`)
      })

    it('answers 502 to a server of HTTP/1.1', async (test) => {
      const server = createHttpServer((_request, response) => response.end('hello'))
      const ask = asking(test, await listening(test, server))
      await assert.rejects(ask(), { code: 'UNAVAILABLE', status: 502 })
    })

    it('answers 502 to a server that speaks first and is no gRPC', async (test) => {
      const server = createTcpServer((socket) => socket.on('error', () => undefined).end('SSH-2.0-OpenSSH_9.6\r\n'))
      const ask = asking(test, await listening(test, server))
      await assert.rejects(ask(), { code: 'UNAVAILABLE', status: 502 })
    })

    it('ends in time where a server accepts and says nothing', async (test) => {
      const sockets: Socket[] = []
      const server = createTcpServer((socket) => sockets.push(socket))
      test.after(() => sockets.forEach((socket) => socket.destroy()))
      const ask = asking(test, await listening(test, server), 100)
      await assert.rejects(ask(), { code: 'DEADLINE_EXCEEDED', status: 504 })
    })

    it('lets calls in flight end after GOAWAY, and makes new ones on another connection', async (test) => {
      const held = Promise.withResolvers<ServerHttp2Stream>()
      let calls = 0
      const { port, opened } = await raw(test, (stream) => {
        calls += 1
        if (calls === 1) held.resolve(stream)
        else ended(stream, frame('new'))
      })
      const ask = asking(test, port)
      const first = ask()
      const stream = await held.promise
      stream.session?.goaway(constants.NGHTTP2_NO_ERROR, stream.id ?? 0)
      assert.equal(await eventually(ask), 'new')
      ended(stream, frame('old'))
      assert.equal(await first, 'old')
      assert.equal(opened(), 2)
    })
  })
}

describe('our own client', () => {
  it('repeats a call whose stream was refused, for nothing of it was done', async (test) => {
    let calls = 0
    const { port } = await raw(test, (stream) => {
      calls += 1
      if (calls === 1) stream.close(constants.NGHTTP2_REFUSED_STREAM)
      else ended(stream, frame('done'))
    })
    assert.equal(await wire(test, [`127.0.0.1:${port}`]).ask(), 'done')
  })

  for (const code of ['NGHTTP2_NO_ERROR', 'NGHTTP2_ENHANCE_YOUR_CALM'] as const)
    it(`repeats a call that a server going away (${code}) did not get to`, async (test) => {
      let calls = 0
      const { port } = await raw(test, (stream) => {
        calls += 1
        if (calls === 2) stream.session?.goaway(constants[code], 1)
        else ended(stream, frame(`call ${calls}`))
      })
      const { ask } = wire(test, [`127.0.0.1:${port}`])
      assert.equal(await ask(), 'call 1')
      assert.equal(await ask(), 'call 3')
    })

  it('says so where it was refused each time, and that nothing was sent', async (test) => {
    const { port } = await raw(test, (stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM))
    await assert.rejects(wire(test, [`127.0.0.1:${port}`]).ask(), (thrown) => neverSent(thrown))
  })

  it('names what is no gRPC also where it never began as HTTP/2', async (test) => {
    const server = createHttpServer((_request, response) => response.end('hello'))
    const port = await listening(test, server)
    await assert.rejects(wire(test, [`127.0.0.1:${port}`]).ask(), { message: foreign })
  })

  it('refuses a message that is compressed though it asked for none', async (test) => {
    const { port } = await raw(test, (stream) => {
      const bytes = frame('x')
      bytes[0] = 1
      ended(stream, bytes)
    })
    await assert.rejects(wire(test, [`127.0.0.1:${port}`]).ask(), { code: 'UNAVAILABLE', status: 502, message: broken })
  })

  it('opens more connections where the server bounds the streams of one', async (test) => {
    const held: ServerHttp2Stream[] = []
    const all = Promise.withResolvers<void>()
    const { port, opened } = await raw(
      test,
      (stream) => {
        held.push(stream)
        if (held.length === 6) all.resolve()
      },
      { settings: { maxConcurrentStreams: 2 } },
    )
    const { ask } = wire(test, [`127.0.0.1:${port}`])
    const calls = Array.from({ length: 6 }, ask)
    await all.promise
    assert.equal(opened(), 3)
    for (const stream of held) ended(stream, frame('x'))
    await Promise.all(calls)
  })

  it('keeps nothing of a thousand calls', async (test) => {
    const { port, sessions } = await raw(test, (stream) => ended(stream, frame('x')))
    const { ask } = wire(test, [`127.0.0.1:${port}`])
    for (let round = 0; round < 20; round += 1) await Promise.all(Array.from({ length: 50 }, ask))
    const [session] = sessions
    assert.equal(sessions.size, 1)
    assert.equal(session?.state.outboundQueueSize, 0)
    const sockets = process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap')
    assert.ok(sockets.length <= 4, `${sockets.length} sockets`)
  })
})

const wire = (test: TestContext, addresses: readonly string[]) => {
  const service = probeService({ targets: addresses, timeoutMs: 2_000, concurrency: { max: 64, queue: 0 } })
  const targets = openTargets(service, { clock: systemClock })
  test.after(() => targets.close())
  const call = guarded(
    wireUnary({ service, targets, clock: systemClock }, path),
    serviceGuards(service, calm(), { clock: systemClock }),
  )
  return {
    ask: async (): Promise<string> => {
      const { output } = await call({ message: questionBytes('x'), metadata: [] }, requestContext({}))
      return answerText(output.message)
    },
  }
}
