import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { getEventListeners } from 'node:events'
import { describe, it, type TestContext } from 'node:test'
import { status } from '@grpc/grpc-js'
import { codeOfGrpc, codes } from '../../src/kernel/code.ts'
import { Problem } from '../../src/kernel/problem.ts'
import type { GrpcExchange, MetadataEntries, OpenExchange } from '../../src/services/grpc/client/exchange.ts'
import { GrpcFailure } from '../../src/services/grpc/client/failure.ts'
import { neverSent } from '../../src/services/guards/failure.ts'
import type { GrpcService } from '../../src/services/service.ts'
import { statusDetails } from '../services/grpc/fixtures/details.ts'
import { answerText, questionBytes, requestContext } from '../services/grpc/fixtures/probe.ts'
import type { StartTextServer, TextEnding, TextStreamHandler } from '../services/grpc/fixtures/servers.ts'
import { holdUp } from '../support/own-time.ts'
import { eventually, silence, still } from '../support/until.ts'

/** A client of server streams, connected: `probe.v1.Probe/Watch`. */
export type StreamClient = { readonly open: OpenExchange; readonly close: () => void }

export type StreamClientSettings = Partial<Omit<GrpcService, 'kind' | 'root' | 'targets'>> & {
  readonly targets: readonly string[]
}

/** What every client of server streams keeps, whoever wrote the server. */
export const grpcStreamsContract = (
  name: string,
  { connect, start }: { connect: (settings: StreamClientSettings) => StreamClient; start: StartTextServer },
): void => {
  const running = async (
    test: TestContext,
    handler: TextStreamHandler,
    settings: Partial<StreamClientSettings> = {},
  ) => {
    const server = await start({ watch: handler })
    const client = connect({ targets: [server.address], ...settings })
    test.after(() => {
      client.close()
      server.close()
    })
    const watch = (text = '', metadata: MetadataEntries = [], context = requestContext({})): GrpcExchange => {
      const exchange = client.open(metadata, context)
      exchange.send(questionBytes(text)).catch(() => undefined)
      exchange.end()
      return exchange
    }
    return { watch, server, client }
  }

  describe(name, () => {
    it('gives every message in order, and what came before and after them', async (test) => {
      const { watch } = await running(test, async function* ({ text, sendHeaders }) {
        sendHeaders([
          ['x-cost', '7'],
          ['x-head-bin', 'AP8='],
        ])
        for (const number of [1, 2, 3]) yield `${text} ${number}`
        return { trailers: [['x-left', '9']] }
      })
      const exchange = watch('grüße')
      assert.deepEqual(await textsOf(exchange), ['grüße 1', 'grüße 2', 'grüße 3'])
      const headers = new Map(await exchange.headers)
      assert.equal(headers.get('x-cost'), '7')
      assert.equal(Buffer.from(headers.get('x-head-bin') ?? '', 'base64').toString('hex'), '00ff')
      const trailers = new Map(await exchange.trailers)
      assert.equal(trailers.get('x-left'), '9')
      assert.equal(trailers.get('grpc-status'), undefined)
    })

    it('gives nothing where nothing was sent', async (test) => {
      const { watch } = await running(test, () => noMessages({}))
      assert.deepEqual(await textsOf(watch()), [])
    })

    it('keeps messages apart, whether of no bytes or of many frames', async (test) => {
      const lengths = [0, 300_000, 1, 0, 0, 16_379, 16_380, 70_000, 0]
      const { watch } = await running(test, async function* () {
        for (const length of lengths) yield 'x'.repeat(length)
        return {}
      })
      assert.deepEqual(
        (await textsOf(watch())).map(({ length }) => length),
        lengths,
      )
    })

    it('gives ten thousand small messages, and loses none', async (test) => {
      const { watch } = await running(test, async function* () {
        for (let number = 0; number < 10_000; number += 1) yield String(number)
        return {}
      })
      const texts = await textsOf(watch())
      assert.equal(texts.length, 10_000)
      assert.ok(texts.every((text, index) => text === String(index)))
    })

    it('sends metadata, and the time that is left as the deadline', async (test) => {
      const { watch } = await running(test, async function* ({ header, timeoutMs }) {
        yield [header('x-tag'), header('te'), header('user-agent')?.split('/')[0]].join(' | ')
        yield String(timeoutMs)
        return {}
      })
      const [sent, left] = await textsOf(watch('', [['x-tag', 'a']], requestContext({ budgetMs: 60_000 })))
      assert.match(sent ?? '', /^a \| trailers \| portico/)
      assert.ok(Number(left) > 30_000 && Number(left) <= 60_001, `${left} ms`)
    })

    it('tells every status after the messages before it, and keeps the words of the service to itself', async (test) => {
      const { watch } = await running(test, async function* ({ text }) {
        yield 'first'
        return { code: Number(text), words: 'db-7 läuft nicht 100 %', trailers: [['x-left', '9']] } satisfies TextEnding
      })
      for (const { grpc } of Object.values(codes)) {
        const exchange = watch(String(grpc))
        const { texts, problem } = await until(exchange)
        assert.deepEqual(texts, ['first'])
        assert.equal(problem.service, 'probe')
        assert.doesNotMatch(problem.message, /db-7/)
        assert.ok(problem.cause instanceof GrpcFailure)
        assert.deepEqual([problem.cause.kind, codeOfGrpc(problem.cause.code)], ['status', codeOfGrpc(grpc)])
        assert.equal(problem.cause.message, 'db-7 läuft nicht 100 %')
      }
    })

    it('tells a failure before any message, with its details', async (test) => {
      const trailers = [['grpc-status-details-bin', statusDetails()]] as const
      const { watch } = await running(test, () =>
        noMessages({ code: status.RESOURCE_EXHAUSTED, words: 'no', trailers }),
      )
      const { texts, problem } = await until(watch())
      assert.deepEqual(texts, [])
      assert.deepEqual([problem.code, problem.status, problem.headers['retry-after']], ['RESOURCE_EXHAUSTED', 429, '3'])
    })

    it('holds the service back while nobody reads, and loses nothing by it', async (test) => {
      let sent = 0
      // Some servers compress for clients that take it.
      const large = randomBytes(25_000).toString('hex')
      const { watch } = await running(test, async function* () {
        for (; sent < 500; sent += 1) yield large
        return {}
      })
      const messages = watch().messages[Symbol.asyncIterator]()
      await messages.next()
      await still(() => sent)
      assert.ok(sent < 100, `${sent} messages were taken while nobody read`)
      let read = 1
      while ((await messages.next()).done !== true) read += 1
      assert.equal(read, 500)
    })

    for (const { title, leave, code } of [
      { title: 'the signal aborts', leave: ({ abort }: Leaving) => abort(), code: 'CANCELLED' },
      { title: 'it is called off', leave: ({ exchange }: Leaving) => exchange.cancel(), code: 'CANCELLED' },
      { title: 'the reader leaves', leave: ({ leaveLoop }: Leaving) => leaveLoop(), code: undefined },
    ])
      it(`ends when ${title}, the service sees it, and no listener is left`, async (test) => {
        const cancelled = Promise.withResolvers<void>()
        const { watch } = await running(test, async function* (call) {
          yield 'one'
          await call.cancelled
          cancelled.resolve()
          return {}
        })
        const controller = new AbortController()
        const exchange = watch('', [], requestContext({ signal: controller.signal }))
        const messages = exchange.messages[Symbol.asyncIterator]()
        await messages.next()
        const waiting = messages.next()
        leave({ exchange, abort: () => controller.abort(), leaveLoop: () => void messages.return?.() })
        if (code === undefined) assert.equal((await waiting).done, true)
        else await assert.rejects(waiting, { code })
        await cancelled.promise
        assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
        assert.deepEqual(await exchange.trailers, [])
      })

    it('ends at its deadline, and the service sees it', async (test) => {
      const cancelled = Promise.withResolvers<void>()
      const { watch } = await running(test, async function* (call) {
        yield 'one'
        await call.cancelled
        cancelled.resolve()
        return silence()
      })
      const { texts, problem } = await until(watch('', [], requestContext({ budgetMs: 1_000 })))
      assert.deepEqual(texts, ['one'])
      assert.deepEqual([problem.code, problem.status], ['DEADLINE_EXCEEDED', 504])
      await cancelled.promise
    })

    it('is not late where this process was, and all has come', async (test) => {
      const { watch } = await running(test, async function* () {
        yield 'one'
        setImmediate(holdUp, 700)
        return {}
      })
      assert.deepEqual(await textsOf(watch('', [], requestContext({ budgetMs: 600 }))), ['one'])
    })

    it('refuses a message over its bound after those before it, and goes on', async (test) => {
      const { watch } = await running(
        test,
        async function* ({ text }) {
          yield 'small'
          yield 'x'.repeat(Number(text))
          return {}
        },
        { maxAnswerBytes: 10_000 },
      )
      const { texts, problem } = await until(watch('20000'))
      assert.deepEqual(texts, ['small'])
      assert.deepEqual([problem.code, problem.status], ['UNAVAILABLE', 502])
      assert.equal(problem.message, 'Service probe gave an answer that is too large.')
      assert.equal((await textsOf(watch('5'))).length, 2)
    })

    it('says that a request is too large, whether it or the service finds so', async (test) => {
      const { watch, client } = await running(
        test,
        async function* () {
          yield 'not called'
          return {}
        },
        { maxRequestBytes: 3_000_000 },
      )
      const tooLarge = { code: 'RESOURCE_EXHAUSTED', status: 413 }
      const exchange = client.open([], requestContext({}))
      await assert.rejects(exchange.send(Buffer.alloc(3_000_001)), tooLarge)
      exchange.cancel()
      await assert.rejects(textsOf(watch('x'.repeat(2_000_000))), tooLarge)
    })

    it('fails what is under way when the service vanishes, and finds it again', async (test) => {
      const { watch, server } = await running(test, async function* ({ text, cancelled }) {
        yield 'one'
        if (text === 'wait') await cancelled
        return {}
      })
      const messages = watch('wait').messages[Symbol.asyncIterator]()
      await messages.next()
      const told = assert.rejects(messages.next(), {
        code: 'UNAVAILABLE',
        status: 502,
        message: 'Service probe broke off before its answer was complete.',
      })
      await server.vanish()
      await told
      await server.comeBack()
      assert.deepEqual(await eventually(() => textsOf(watch())), ['one'])
    })

    it('says of a stream that reached nobody that nothing was sent', async (test) => {
      const { watch, server } = await running(test, async function* () {
        yield 'one'
        return {}
      })
      await server.vanish()
      const { problem } = await until(watch())
      assert.deepEqual([problem.code, problem.status], ['UNAVAILABLE', 502])
      assert.equal(problem.message, 'Service probe could not be reached.')
      assert.equal(neverSent(problem), true)
    })

    it('carries many streams at once, and mixes none up', async (test) => {
      const { watch } = await running(test, async function* ({ text }) {
        for (const number of [1, 2, 3]) yield `${text} ${number}`
        return {}
      })
      const names = Array.from({ length: 100 }, (_, index) => `stream ${index}`)
      assert.deepEqual(
        await Promise.all(names.map((text) => textsOf(watch(text)))),
        names.map((text) => [`${text} 1`, `${text} 2`, `${text} 3`]),
      )
    })
  })
}

type Leaving = { readonly exchange: GrpcExchange; readonly abort: () => void; readonly leaveLoop: () => void }

async function* noMessages(ending: TextEnding): AsyncGenerator<string, TextEnding, void> {
  yield* []
  return ending
}

const textsOf = async ({ messages }: GrpcExchange): Promise<readonly string[]> => {
  const texts: string[] = []
  for await (const message of messages) texts.push(answerText(message))
  return texts
}

/** The messages of a stream that fails, and how. */
const until = async ({ messages }: GrpcExchange) => {
  const texts: string[] = []
  try {
    for await (const message of messages) texts.push(answerText(message))
  } catch (thrown) {
    assert.ok(thrown instanceof Problem, String(thrown))
    return { texts, problem: thrown }
  }
  return assert.fail('the stream ended well')
}
