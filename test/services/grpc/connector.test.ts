import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { Metadata, status } from '@grpc/grpc-js'
import type { Problem } from '../../../src/kernel/problem.ts'
import { connectGrpc } from '../../../src/services/grpc/connector.ts'
import { eventually } from '../../support/until.ts'
import {
  connectProbe,
  inputOf,
  type ProbeClient,
  type ProbeHandlers,
  probeMethod,
  requestContext,
  startProbe,
} from './fixtures/probe.ts'

describe('connectGrpc', () => {
  it('asks and answers', async (test) => {
    const { ask } = await probe(test, {
      ask: ({ request }, reply) => reply(null, { text: `${request.text}!`, number: request.number ?? 0 }),
    })
    const input = { message: { text: 'hi', number: '9007199254740991' }, metadata: [] }
    assert.deepEqual(await ask(input, requestContext({})), {
      output: { text: 'hi!', number: '9007199254740991' },
      status: 200,
    })
  })

  it('refuses a request that does not fit before it calls', async (test) => {
    const { ask } = await probe(test, {})
    await assert.rejects(ask({ message: { text: 1 }, metadata: [] }, requestContext({})), {
      code: 'INVALID_ARGUMENT',
      message: /^text: expected a string/,
    })
  })

  it('sends the end of the attempt as the deadline', async (test) => {
    let deadline = 0
    const { ask } = await probe(
      test,
      {
        ask: (call, reply) => {
          deadline = Number(call.getDeadline())
          reply(null, {})
        },
      },
      { timeoutMs: 40_000 },
    )
    await ask(inputOf(''), requestContext({ budgetMs: 90_000 }))
    assert.ok(Math.abs(deadline - Date.now() - 40_000) < 9_000, `${deadline - Date.now()} ms`)
    await ask(inputOf(''), requestContext({ budgetMs: 20_000 }))
    assert.ok(Math.abs(deadline - Date.now() - 20_000) < 9_000, `${deadline - Date.now()} ms`)
  })

  it('ends a call that takes too long with 504, and the service sees it cancelled', async (test) => {
    const cancelled = Promise.withResolvers<void>()
    const { ask, connector } = await probe(
      test,
      { ask: (call) => call.on('cancelled', () => cancelled.resolve()) },
      { timeoutMs: 50 },
    )
    await connector.targets.targets[0]?.link.link.connect() // or connecting might take the time
    await assert.rejects(ask(inputOf(''), requestContext({})), {
      code: 'DEADLINE_EXCEEDED',
      status: 504,
      service: 'probe',
    })
    await cancelled.promise
  })

  it('cancels the call when the client goes away, and the service sees it', async (test) => {
    const [arrived, cancelled] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const { ask } = await probe(test, {
      ask: (call) => {
        call.on('cancelled', () => cancelled.resolve())
        arrived.resolve()
      },
    })
    const controller = new AbortController()
    const running = ask(inputOf(''), requestContext({ signal: controller.signal }))
    await arrived.promise
    controller.abort()
    await assert.rejects(running, { code: 'CANCELLED', status: 499 })
    await cancelled.promise
  })

  it('answers 502 where nobody listens', async (test) => {
    const { ask } = connected(test, { address: await freeAddress() })
    const problem = await failureOf(ask(inputOf(''), requestContext({})))
    assert.equal(problem.code, 'UNAVAILABLE')
    assert.equal(problem.status, 502)
    assert.equal(problem.message, 'Service probe could not be reached.')
  })

  it('reaches a service that comes up later', async (test) => {
    const address = await freeAddress()
    const { ask } = connected(test, { address })
    await assert.rejects(ask(inputOf(''), requestContext({})), { code: 'UNAVAILABLE' })
    const server = await startProbe({ ask: (_call, reply) => reply(null, { text: 'up' }) }, undefined, address)
    test.after(server.close)
    const again = await eventually(() => ask(inputOf(''), requestContext({})))
    assert.deepEqual(again, { output: { text: 'up', number: '0' }, status: 200 })
  })

  it('answers 502 to garbage, and to an answer that is too large', async (test) => {
    const { ask } = await probe(
      test,
      {
        ask: ({ request }, reply) =>
          reply(null, request.text === 'garbage' ? Buffer.from('ffffff', 'hex') : { text: 'x'.repeat(2_000) }),
      },
      { maxAnswerBytes: 1_000 },
    )
    await assert.rejects(ask(inputOf('garbage'), requestContext({})), {
      code: 'UNAVAILABLE',
      status: 502,
      service: 'probe',
    })
    await assert.rejects(ask(inputOf('large'), requestContext({})), {
      code: 'UNAVAILABLE',
      status: 502,
      message: 'Service probe gave an answer that is too large.',
    })
  })

  for (const { from, identity, code, httpStatus } of [
    { from: 'NOT_FOUND', code: 'NOT_FOUND', httpStatus: 404 },
    { from: 'INVALID_ARGUMENT', code: 'INVALID_ARGUMENT', httpStatus: 400 },
    { from: 'ALREADY_EXISTS', code: 'ALREADY_EXISTS', httpStatus: 409 },
    { from: 'RESOURCE_EXHAUSTED', code: 'RESOURCE_EXHAUSTED', httpStatus: 429 },
    { from: 'UNAVAILABLE', code: 'UNAVAILABLE', httpStatus: 503 },
    { from: 'INTERNAL', code: 'INTERNAL', httpStatus: 502 },
    { from: 'UNKNOWN', code: 'UNKNOWN', httpStatus: 502 },
    { from: 'UNIMPLEMENTED', code: 'UNIMPLEMENTED', httpStatus: 502 },
    { from: 'DATA_LOSS', code: 'DATA_LOSS', httpStatus: 502 },
    { from: 'CANCELLED', code: 'UNAVAILABLE', httpStatus: 502 },
    { from: 'UNAUTHENTICATED', code: 'UNAVAILABLE', httpStatus: 502 },
    { from: 'PERMISSION_DENIED', code: 'UNAVAILABLE', httpStatus: 502 },
    { from: 'UNAUTHENTICATED', identity: 'forward', code: 'UNAUTHENTICATED', httpStatus: 401 },
    { from: 'PERMISSION_DENIED', identity: 'forward', code: 'PERMISSION_DENIED', httpStatus: 403 },
  ] as const) {
    it(`answers ${httpStatus} ${code} to ${from}${identity === 'forward' ? ' of a service with the caller’s identity' : ''}`, async (test) => {
      const { ask } = await probe(
        test,
        { ask: (_call, reply) => reply({ code: status[from], details: 'db-7.internal is down' }) },
        { identity: identity ?? 'none' },
      )
      const problem = await failureOf(ask(inputOf(''), requestContext({})))
      assert.deepEqual([problem.code, problem.status, problem.service], [code, httpStatus, 'probe'])
      assert.doesNotMatch(problem.message, /db-7/)
      assert.match(String(problem.cause), /db-7/)
    })
  }

  it('tells a service that is unavailable from one that cannot be reached, also after its headers', async (test) => {
    const { ask } = await probe(test, {
      ask: (call, reply) => {
        call.sendMetadata(new Metadata())
        reply({ code: status.UNAVAILABLE })
      },
    })
    await assert.rejects(ask(inputOf(''), requestContext({})), { code: 'UNAVAILABLE', status: 503 })
  })

  it('passes trace headers and own metadata on, and authorization to who may have it', async (test) => {
    const forward = { authorization: 'Bearer t', traceparent: '00-a-b-01', tracestate: 'x=1' }
    const own = [
      ['x-tag', 'a'],
      ['x-tag', 'b'],
      ['x-raw-bin', 'AAE='],
    ] as const
    for (const { identity, authorization } of [
      { identity: 'forward', authorization: ['Bearer t'] },
      { identity: 'none', authorization: [] },
    ] as const) {
      let seen: Metadata | undefined
      const { ask } = await probe(
        test,
        {
          ask: (call, reply) => {
            seen = call.metadata
            reply(null, {})
          },
        },
        { identity },
      )
      await ask(inputOf('', own), requestContext({ forward }))
      assert.deepEqual(seen?.get('authorization'), authorization)
      assert.deepEqual(seen?.get('traceparent'), ['00-a-b-01'])
      assert.deepEqual(seen?.get('tracestate'), ['x=1'])
      assert.deepEqual(seen?.get('x-tag'), ['a, b'])
      assert.deepEqual(seen?.get('x-raw-bin'), [Buffer.from([0, 1])])
    }
  })

  it('refuses metadata with line breaks', async (test) => {
    const { ask } = await probe(test, {})
    await assert.rejects(ask(inputOf('', [['x-tag', 'a\r\nx-admin: 1']]), requestContext({})), {
      code: 'INVALID_ARGUMENT',
      message: /x-tag/,
    })
  })

  it('shares the slots of a service among its methods', async (test) => {
    let open = 0
    let most = 0
    const { connector } = await probe(
      test,
      {
        ask: (_call, reply) => {
          open += 1
          most = Math.max(most, open)
          setImmediate(() => {
            open -= 1
            reply(null, {})
          })
        },
      },
      { concurrency: { max: 2, queue: 8 } },
    )
    const calls = [connector.call(probeMethod('Ask')), connector.call(probeMethod('Ask'))]
    await Promise.all([...calls, ...calls, ...calls].map((call) => call(inputOf(''), requestContext({}))))
    assert.equal(most, 2)
  })

  it('tells the observer of each call', async (test) => {
    const outcomes: string[] = []
    const { ask } = await probe(
      test,
      { ask: ({ request }, reply) => (request.text === 'no' ? reply({ code: status.NOT_FOUND }) : reply(null, {})) },
      { observe: ({ service, outcome }) => outcomes.push(`${service} ${outcome}`) },
    )
    await ask(inputOf('yes'), requestContext({}))
    await assert.rejects(ask(inputOf('no'), requestContext({})))
    assert.deepEqual(outcomes, ['probe OK', 'probe NOT_FOUND'])
  })

  it('keeps the connection until the last connector gives it back, and lets calls in flight end', async (test) => {
    const gate = Promise.withResolvers<void>()
    const arrived = Promise.withResolvers<void>()
    const { ask, connector, resources, service } = await probe(test, {
      ask: ({ request }, reply) => {
        if (request.text !== 'slow') return reply(null, {})
        arrived.resolve()
        return void gate.promise.then(() => reply(null, { text: 'done' }))
      },
    })
    const second = connectGrpc(service, resources, { clock: { now: () => 0, date: () => Date.now() } })
    const slow = ask(inputOf('slow'), requestContext({}))
    await arrived.promise
    await second.release()
    assert.equal((await ask(inputOf(''), requestContext({}))).status, 200)
    await connector.release()
    gate.resolve()
    assert.deepEqual((await slow).output, { text: 'done', number: '0' })
  })
})

const connected = (test: TestContext, settings: ProbeClient) => {
  const client = connectProbe(settings)
  test.after(client.close)
  return client
}

const probe = async (test: TestContext, handlers: ProbeHandlers, settings: ProbeClient = {}) => {
  const server = await startProbe(handlers)
  test.after(server.close)
  return connected(test, { address: server.address, ...settings })
}

const failureOf = (call: Promise<unknown>): Promise<Problem> =>
  call.then(
    () => assert.fail('the call succeeded'),
    (thrown: unknown) => thrown as Problem,
  )

/** An address that nobody listens on. */
const freeAddress = async (): Promise<string> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return `127.0.0.1:${port}`
}
