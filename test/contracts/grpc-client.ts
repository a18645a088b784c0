import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, it, type TestContext } from 'node:test'
import { status } from '@grpc/grpc-js'
import { codeOfGrpc, codes } from '../../src/kernel/code.ts'
import { Problem } from '../../src/kernel/problem.ts'
import type { Call } from '../../src/services/call.ts'
import type { GrpcAnswer, GrpcRequest, MetadataEntries } from '../../src/services/grpc/client/exchange.ts'
import { GrpcFailure } from '../../src/services/grpc/client/failure.ts'
import { neverSent } from '../../src/services/guards/failure.ts'
import type { GrpcService } from '../../src/services/service.ts'
import { statusDetails } from '../services/grpc/fixtures/details.ts'
import { answerText, questionBytes, requestContext } from '../services/grpc/fixtures/probe.ts'
import type { StartTextServer, TextHandler } from '../services/grpc/fixtures/servers.ts'
import { eventually, silence } from '../support/until.ts'

/** A client of unary calls, connected: `probe.v1.Probe/Ask`, guarded. */
export type UnaryClient = {
  readonly ask: Call<GrpcRequest, GrpcAnswer>
  readonly close: () => Promise<void>
}

export type UnaryClientSettings = Partial<Omit<GrpcService, 'kind' | 'root' | 'targets'>> & {
  readonly targets: readonly string[]
}

/** What every client of unary calls keeps, whoever wrote the server. */
export const grpcClientContract = (
  name: string,
  { connect, start }: { connect: (settings: UnaryClientSettings) => UnaryClient; start: StartTextServer },
): void => {
  const running = async (test: TestContext, handler: TextHandler, settings: Partial<UnaryClientSettings> = {}) => {
    const server = await start({ ask: handler })
    const client = connect({ targets: [server.address], ...settings })
    test.after(async () => {
      await client.close()
      server.close()
    })
    const ask = (text: string, metadata: MetadataEntries = [], context = requestContext({})) =>
      client.ask({ message: questionBytes(text), metadata }, context)
    return { ask, server, client }
  }

  describe(name, () => {
    it('asks and answers', async (test) => {
      const { ask } = await running(test, async ({ text }) => ({ text: `${text}, ${text}!` }))
      const { output, status: httpStatus } = await ask('grüße')
      assert.equal(answerText(output.message), 'grüße, grüße!')
      assert.equal(httpStatus, 200)
    })

    it('takes a message of no bytes, and sends one', async (test) => {
      const { ask } = await running(test, async ({ text }) => ({ text }))
      assert.equal((await ask('')).output.message.length, 0)
    })

    it('carries messages of many frames both ways', async (test) => {
      const { ask } = await running(test, async ({ text }) => ({ text: text.toUpperCase() }))
      const { output } = await ask('long '.repeat(60_000))
      assert.equal(answerText(output.message), 'LONG '.repeat(60_000))
    })

    it('sends metadata, binary too', async (test) => {
      const { ask } = await running(test, async ({ header }) => ({
        text: [header('x-tag'), header('x-raw-bin'), header('te'), header('user-agent')?.split('/')[0]].join(' | '),
      }))
      const { output } = await ask('', [
        ['x-tag', 'a'],
        ['x-tag', 'b'],
        ['x-raw-bin', 'AP8='],
      ])
      assert.match(answerText(output.message), /^a, b \| AP8=? \| trailers \| portico/)
    })

    it('gives what the service sent before and after its message', async (test) => {
      const { ask } = await running(test, async () => ({
        text: 'x',
        headers: [
          ['x-cost', '7'],
          ['x-head-bin', 'AP8='],
        ],
        trailers: [
          ['x-left', '9'],
          ['x-tail-bin', '/wA='],
        ],
      }))
      const { output } = await ask('')
      assert.equal(valueOf(output.headers, 'x-cost'), '7')
      assert.equal(bytesOf(output.headers, 'x-head-bin'), '00ff')
      assert.equal(valueOf(output.trailers, 'x-left'), '9')
      assert.equal(bytesOf(output.trailers, 'x-tail-bin'), 'ff00')
      assert.equal(valueOf(output.trailers, 'grpc-status'), undefined)
    })

    it('tells every status by its code, and keeps the words of the service to itself', async (test) => {
      const { ask } = await running(test, async ({ text }) => ({
        code: Number(text),
        words: 'db-7 läuft nicht 100 %',
      }))
      const seen: string[] = []
      for (const { grpc } of Object.values(codes)) {
        const problem = await failureOf(ask(String(grpc)))
        assert.equal(problem.service, 'probe')
        assert.doesNotMatch(problem.message, /db-7/)
        assert.ok(problem.cause instanceof GrpcFailure)
        assert.equal(problem.cause.message, 'db-7 läuft nicht 100 %')
        assert.equal(problem.cause.code, grpc)
        assert.equal(problem.cause.kind, 'status')
        seen.push(`${codeOfGrpc(grpc)} ${problem.code} ${problem.status}`)
      }
      assert.deepEqual(seen, expectedProblems)
    })

    it('shows the details that clients may see, and when to come back', async (test) => {
      const { ask } = await running(test, async () => ({
        code: status.RESOURCE_EXHAUSTED,
        words: 'no',
        trailers: [['grpc-status-details-bin', statusDetails()]],
      }))
      const problem = await failureOf(ask(''))
      assert.deepEqual(problem.details, [
        {
          '@type': 'type.googleapis.com/google.rpc.BadRequest',
          fieldViolations: [{ field: 'name', description: 'is missing' }],
        },
        { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '2.500s' },
      ])
      assert.equal(problem.headers['retry-after'], '3')
    })

    it('sends the time that is left as the deadline', async (test) => {
      const { ask } = await running(test, async ({ timeoutMs }) => ({ text: String(timeoutMs) }), { timeoutMs: 60_000 })
      const { output } = await ask('', [], requestContext({ budgetMs: 90_000 }))
      const left = Number(answerText(output.message))
      assert.ok(left > 30_000 && left <= 60_001, `${left} ms`)
    })

    it('ends a call that takes too long, and the service sees it', async (test) => {
      const cancelled = Promise.withResolvers<void>()
      const { ask } = await running(
        test,
        async (call) => {
          if (call.text !== 'slow') return { text: '' }
          await call.cancelled
          cancelled.resolve()
          return silence()
        },
        { timeoutMs: 1_000 },
      )
      await eventually(() => ask(''))
      await assert.rejects(ask('slow'), { code: 'DEADLINE_EXCEEDED', status: 504 })
      await cancelled.promise
    })

    it('cancels the call of a client that goes away, and leaves no listener', async (test) => {
      const [arrived, cancelled] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
      const { ask } = await running(test, async (call) => {
        arrived.resolve()
        await call.cancelled
        cancelled.resolve()
        return { text: '' }
      })
      const controller = new AbortController()
      const asked = ask('', [], requestContext({ signal: controller.signal }))
      await arrived.promise
      controller.abort()
      await assert.rejects(asked, { code: 'CANCELLED', status: 499 })
      await cancelled.promise
      assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
    })

    it('refuses an answer over its bound, and goes on', async (test) => {
      const { ask } = await running(test, async ({ text }) => ({ text: 'x'.repeat(Number(text)) }), {
        maxAnswerBytes: 10_000,
      })
      await assert.rejects(ask('20000'), {
        code: 'UNAVAILABLE',
        status: 502,
        message: 'Service probe gave an answer that is too large.',
      })
      assert.equal(answerText((await ask('5')).output.message), 'xxxxx')
    })

    it('says that a request is too large, whether it or the service finds so', async (test) => {
      const { ask } = await running(test, async () => ({ text: '' }), { maxRequestBytes: 3_000_000 })
      const tooLarge = {
        code: 'RESOURCE_EXHAUSTED',
        status: 413,
        message: 'The request is too large for service probe.',
      }
      await assert.rejects(ask('x'.repeat(3_000_000)), tooLarge)
      await assert.rejects(ask('x'.repeat(2_000_000)), tooLarge)
    })

    it('makes many calls at once, and mixes none up', async (test) => {
      const { ask } = await running(test, async ({ text }) => ({ text: `${text}!` }), {
        concurrency: { max: 512, queue: 512 },
      })
      const texts = Array.from({ length: 300 }, (_, index) => `call ${index}`)
      const answers = await Promise.all(texts.map((text) => ask(text)))
      assert.deepEqual(
        answers.map(({ output }) => answerText(output.message)),
        texts.map((text) => `${text}!`),
      )
    })

    it('fails what is under way when the service vanishes, and finds it again', async (test) => {
      const arrived = Promise.withResolvers<void>()
      const { ask, server } = await running(test, async ({ text, cancelled }) => {
        if (text !== 'wait') return { text: 'back' }
        arrived.resolve()
        await cancelled
        return { text: '' }
      })
      const problem = failureOf(ask('wait'))
      await arrived.promise
      await server.vanish()
      const { code, status: httpStatus, message } = await problem
      assert.deepEqual([code, httpStatus], ['UNAVAILABLE', 502])
      assert.equal(message, 'Service probe broke off before its answer was complete.')
      await server.comeBack()
      const { output } = await eventually(() => ask(''))
      assert.equal(answerText(output.message), 'back')
    })

    it('says of a call that reached nobody that nothing was sent', async (test) => {
      const { ask, server } = await running(test, async () => ({ text: '' }))
      await server.vanish()
      const problem = await failureOf(ask(''))
      assert.deepEqual([problem.code, problem.status], ['UNAVAILABLE', 502])
      assert.equal(problem.message, 'Service probe could not be reached.')
      assert.equal(neverSent(problem), true)
    })
  })
}

const failureOf = (call: Promise<unknown>): Promise<Problem> =>
  call.then(
    () => assert.fail('the call succeeded'),
    (thrown: unknown) => {
      assert.ok(thrown instanceof Problem, String(thrown))
      return thrown
    },
  )

const valueOf = (entries: MetadataEntries, name: string): string | undefined =>
  entries.find((entry) => entry[0] === name)?.[1]

const bytesOf = (entries: MetadataEntries, name: string): string =>
  Buffer.from(valueOf(entries, name) ?? '', 'base64').toString('hex')

/** Each code, with what a client sees of it where the service does not have the caller's identity. */
const expectedProblems = [
  'CANCELLED UNAVAILABLE 502',
  'UNKNOWN UNKNOWN 502',
  'INVALID_ARGUMENT INVALID_ARGUMENT 400',
  'DEADLINE_EXCEEDED DEADLINE_EXCEEDED 504',
  'NOT_FOUND NOT_FOUND 404',
  'ALREADY_EXISTS ALREADY_EXISTS 409',
  'PERMISSION_DENIED UNAVAILABLE 502',
  'RESOURCE_EXHAUSTED RESOURCE_EXHAUSTED 429',
  'FAILED_PRECONDITION FAILED_PRECONDITION 400',
  'ABORTED ABORTED 409',
  'OUT_OF_RANGE OUT_OF_RANGE 400',
  'UNIMPLEMENTED UNIMPLEMENTED 502',
  'INTERNAL INTERNAL 502',
  'UNAVAILABLE UNAVAILABLE 503',
  'DATA_LOSS DATA_LOSS 502',
  'UNAUTHENTICATED UNAVAILABLE 502',
]
