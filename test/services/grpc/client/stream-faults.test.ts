import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { constants, type ServerHttp2Stream } from 'node:http2'
import { createServer as createTcpServer, type Server } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { systemClock } from '../../../../src/kernel/clock.ts'
import { Problem } from '../../../../src/kernel/problem.ts'
import type { GrpcExchange } from '../../../../src/services/grpc/client/exchange.ts'
import { openTargets } from '../../../../src/services/grpc/client/targets.ts'
import { wireStream } from '../../../../src/services/grpc/client/wire/stream.ts'
import { neverSent } from '../../../../src/services/guards/failure.ts'
import { eventually } from '../../../support/until.ts'
import { answerText, probeService, questionBytes, requestContext } from '../fixtures/probe.ts'
import { ended, frame, listening, raw } from '../fixtures/raw-server.ts'

const broken = 'Service probe broke off before its answer was complete.'
const foreign = 'Service probe did not answer in gRPC.'
const tooLarge = 'Service probe gave an answer that is too large.'

describe('a server stream from what is broken', () => {
  for (const { title, answer, texts = [], message } of [
    {
      title: 'a page of HTML',
      answer: (stream: ServerHttp2Stream) => {
        stream.respond({ ':status': 200, 'content-type': 'text/html' })
        stream.end('<html>Welcome</html>')
      },
      message: foreign,
    },
    {
      title: 'gRPC-Web, which frames otherwise',
      answer: (stream: ServerHttp2Stream) => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc-web+proto' })
        stream.end(frame('x'))
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
      title: '503 of a proxy',
      answer: (stream: ServerHttp2Stream) =>
        stream.respond({ ':status': 503, 'content-type': 'text/plain' }, { endStream: true }),
      message: foreign,
    },
    {
      title: 'the first half of a last message, and an OK',
      answer: (stream: ServerHttp2Stream) => ended(stream, Buffer.concat([frame('a'), frame('hello').subarray(0, 7)])),
      texts: ['a'],
      message: broken,
    },
    {
      title: 'the first bytes of a last prefix, and an OK',
      answer: (stream: ServerHttp2Stream) => ended(stream, Buffer.concat([frame('a'), frame('hello').subarray(0, 3)])),
      texts: ['a'],
      message: broken,
    },
    {
      title: 'messages without a status after them',
      answer: (stream: ServerHttp2Stream) => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' })
        stream.end(frame('a'))
      },
      texts: ['a'],
      message: broken,
    },
    {
      title: 'a compressed message, which was not asked for',
      answer: (stream: ServerHttp2Stream) => ended(stream, Buffer.concat([frame('a'), compressed(frame('b'))])),
      texts: ['a'],
      message: broken,
    },
    {
      title: 'a message that says it is of 4 GiB',
      answer: (stream: ServerHttp2Stream) =>
        ended(stream, Buffer.concat([frame('a'), Buffer.from([0, 255, 255, 255, 255, 1])])),
      texts: ['a'],
      message: tooLarge,
    },
    ...(['INTERNAL_ERROR', 'CANCEL', 'ENHANCE_YOUR_CALM', 'NO_ERROR', 'REFUSED_STREAM'] as const).map((name) => ({
      title: `RST_STREAM with ${name} in the middle of a message`,
      answer: (stream: ServerHttp2Stream) => half(stream, () => stream.close(constants[`NGHTTP2_${name}`])),
      texts: ['a'],
      message: broken,
    })),
    {
      title: 'a connection cut in the middle of a message',
      answer: (stream: ServerHttp2Stream) => half(stream, () => stream.session?.socket.destroy()),
      texts: ['a'],
      message: broken,
    },
    {
      title: 'GOAWAY with an error in the middle of a message',
      answer: (stream: ServerHttp2Stream) =>
        half(stream, () => stream.session?.destroy(undefined, constants.NGHTTP2_PROTOCOL_ERROR)),
      texts: ['a'],
      message: broken,
    },
    {
      title: 'headers of 200 KiB',
      answer: (stream: ServerHttp2Stream) => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...flood() })
        stream.end()
      },
      message: broken,
    },
    {
      title: 'trailers of 200 KiB, an OK among them',
      answer: (stream: ServerHttp2Stream) => {
        stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
        stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', ...flood() }))
        stream.end(frame('a'))
      },
      texts: ['a'],
      message: broken,
    },
  ] as readonly Fault[])
    it(`is told to be so: ${title}`, async (test) => {
      let broke = false
      const { port, sessions } = await raw(test, (stream) => {
        if (broke) return ended(stream, frame('fine'))
        broke = true
        return answer(stream)
      })
      const { watch } = client(test, [port])
      const seen = await outcome(watch())
      assert.deepEqual(seen.texts, texts)
      assert.deepEqual([seen.problem?.code, seen.problem?.status, seen.problem?.message], ['UNAVAILABLE', 502, message])
      // What broke a stream leaves its connection alone; what broke a connection has it replaced.
      assert.deepEqual(await eventually(() => whole(watch())), ['fine'])
      assert.ok(sessions.size <= 1, `${sessions.size} sessions`)
    })

  it('is whole only where it ends behind a message, wherever it is cut', async (test) => {
    const bytes = Buffer.concat(['', 'one', 'two'].map(frame))
    let length = 0
    const { port } = await raw(test, (stream) => ended(stream, bytes.subarray(0, length)))
    const { watch } = client(test, [port])
    const whole = new Map([
      [0, []],
      [5, ['']],
      [15, ['', 'one']],
      [25, ['', 'one', 'two']],
    ])
    for (; length <= bytes.length; length += 1) {
      const { texts, problem } = await outcome(watch())
      assert.deepEqual(problem === undefined ? texts : problem.message, whole.get(length) ?? broken)
    }
  })

  it('gives a slow reader what came before its end, though the connection is gone by then', async (test) => {
    const gone = Promise.withResolvers<void>()
    const { port } = await raw(test, (stream) => {
      const { session } = stream
      session?.on('close', gone.resolve)
      stream.on('close', () => session?.destroy())
      ended(stream, Buffer.concat(Array.from({ length: 20 }, () => frame('x'.repeat(10_000)))))
    })
    const { watch } = client(test, [port])
    const messages = watch().messages[Symbol.asyncIterator]()
    await messages.next()
    await gone.promise
    let read = 1
    while ((await messages.next()).done !== true) read += 1
    assert.equal(read, 20)
  })

  it('goes on after GOAWAY, and new ones take another connection', async (test) => {
    const held = Promise.withResolvers<ServerHttp2Stream>()
    let calls = 0
    const { port, opened } = await raw(test, (stream) => {
      calls += 1
      if (calls > 1) return ended(stream, frame('new'))
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
      stream.write(frame('old 1'))
      held.resolve(stream)
    })
    const { watch } = client(test, [port])
    const messages = watch().messages[Symbol.asyncIterator]()
    const { value } = await messages.next()
    assert.equal(answerText(value ?? Buffer.alloc(0)), 'old 1')
    const stream = await held.promise
    stream.session?.goaway(constants.NGHTTP2_NO_ERROR, stream.id ?? 0)
    assert.deepEqual(await eventually(() => whole(watch())), ['new'])
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
    stream.end(frame('old 2'))
    assert.equal(answerText((await messages.next()).value ?? Buffer.alloc(0)), 'old 2')
    assert.equal((await messages.next()).done, true)
    assert.equal(opened(), 2)
  })
})

describe('a server stream that nobody worked on', () => {
  it('is made again where it was refused', async (test) => {
    let calls = 0
    const { port } = await raw(test, (stream) => {
      calls += 1
      if (calls === 1) stream.close(constants.NGHTTP2_REFUSED_STREAM)
      else ended(stream, frame('done'))
    })
    assert.deepEqual((await outcome(client(test, [port]).watch())).texts, ['done'])
  })

  for (const code of ['NGHTTP2_NO_ERROR', 'NGHTTP2_ENHANCE_YOUR_CALM'] as const)
    it(`is made again where a server going away (${code}) did not get to it`, async (test) => {
      let calls = 0
      const { port } = await raw(test, (stream) => {
        calls += 1
        if (calls === 2) stream.session?.goaway(constants[code], 1)
        else ended(stream, frame(`call ${calls}`))
      })
      const { watch } = client(test, [port])
      assert.deepEqual((await outcome(watch())).texts, ['call 1'])
      assert.deepEqual((await outcome(watch())).texts, ['call 3'])
    })

  it('goes to another address where one cannot be reached, or ends connections at once', async (test) => {
    const closing = await listening(
      test,
      createTcpServer((socket) => socket.on('error', () => undefined).destroy()),
    )
    const { port } = await raw(test, (stream) => ended(stream, frame('here')))
    const { watch } = client(test, [await closedPort(test), closing, port])
    for (let count = 0; count < 6; count += 1) assert.deepEqual((await outcome(watch())).texts, ['here'])
  })

  it('says so where it was refused each time', async (test) => {
    const { port } = await raw(test, (stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM))
    const { problem } = await outcome(client(test, [port]).watch())
    assert.equal(problem?.message, 'Service probe could not be reached.')
    assert.equal(neverSent(problem), true)
  })

  it('is not made again when any of it was answered', async (test) => {
    let calls = 0
    const { port } = await raw(test, (stream) => {
      calls += 1
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' })
      setImmediate(() => stream.close(constants.NGHTTP2_REFUSED_STREAM))
    })
    const { problem } = await outcome(client(test, [port]).watch())
    assert.equal(problem?.message, broken)
    assert.equal(neverSent(problem), false)
    assert.equal(calls, 1)
  })
})

describe('an exchange of one message', () => {
  it('refuses a second one, and the stream goes on', async (test) => {
    const { port } = await raw(test, (stream) => ended(stream, frame('fine')))
    const exchange = client(test, [port]).watch()
    await assert.rejects(exchange.send(questionBytes('more')), { code: 'INVALID_ARGUMENT' })
    assert.deepEqual((await outcome(exchange)).texts, ['fine'])
  })

  it('fails where it is ended without any', async (test) => {
    const { port } = await raw(test, () => assert.fail('called'))
    const exchange = client(test, [port]).open()
    exchange.end()
    const { problem } = await outcome(exchange)
    assert.equal(problem?.code, 'INVALID_ARGUMENT')
  })

  it('keeps nothing of a thousand streams, left or whole', async (test) => {
    const { port, sessions } = await raw(test, (stream) => {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' })
      stream.write(frame('x'))
    })
    const { watch } = client(test, [port])
    const { signal } = new AbortController()
    const one = async (): Promise<void> => {
      for await (const message of watch(signal).messages) {
        assert.equal(answerText(message), 'x')
        break
      }
    }
    for (let round = 0; round < 20; round += 1) await Promise.all(Array.from({ length: 50 }, one))
    assert.equal(sessions.size, 1)
    assert.equal(getEventListeners(signal, 'abort').length, 0)
  })
})

type Fault = {
  readonly title: string
  readonly answer: (stream: ServerHttp2Stream) => void
  readonly texts?: readonly string[]
  readonly message: string
}

const client = (test: TestContext, ports: readonly number[]) => {
  const service = probeService({ targets: ports.map((port) => `127.0.0.1:${port}`) })
  const targets = openTargets(service, { clock: systemClock })
  test.after(() => targets.close())
  const open = wireStream({ service, targets, clock: systemClock }, '/probe.v1.Probe/Watch')
  return {
    open: () => open([], requestContext({})),
    watch: (signal?: AbortSignal): GrpcExchange => {
      const exchange = open([], requestContext(signal === undefined ? {} : { signal }))
      exchange.send(questionBytes('x')).catch(() => undefined)
      exchange.end()
      return exchange
    },
  }
}

/** The messages of a stream, and the problem it ended with. */
const outcome = async ({ messages }: GrpcExchange) => {
  const texts: string[] = []
  try {
    for await (const message of messages) texts.push(answerText(message))
    return { texts, problem: undefined }
  } catch (thrown) {
    assert.ok(thrown instanceof Problem, String(thrown))
    return { texts, problem: thrown }
  }
}

/** The messages of a stream that ends well. */
const whole = async (exchange: GrpcExchange): Promise<readonly string[]> => {
  const { texts, problem } = await outcome(exchange)
  if (problem !== undefined) throw problem
  return texts
}

const half = (stream: ServerHttp2Stream, then: () => void): void => {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' })
  stream.write(frame('a'))
  // Later than its first message, which is read by then.
  stream.write(frame('hello').subarray(0, 7), () => setImmediate(then))
}

const compressed = (bytes: Buffer): Buffer => {
  bytes[0] = 1
  return bytes
}

const flood = (): Record<string, string> =>
  Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`x-${index}`, 'v'.repeat(2_000)]))

/** A port at which nobody listens. */
const closedPort = async (test: TestContext): Promise<number> => {
  const server: Server = createTcpServer()
  const port = await listening(test, server)
  await new Promise((resolve) => server.close(resolve))
  return port
}
