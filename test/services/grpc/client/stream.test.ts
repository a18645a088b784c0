import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, it, type TestContext } from 'node:test'
import { type ServerWritableStream, status } from '@grpc/grpc-js'
import type { Json } from '../../../../src/kernel/json.ts'
import {
  connectProbe,
  inputOf,
  type Message,
  type ProbeHandlers,
  requestContext,
  startProbe,
} from '../fixtures/probe.ts'

type Stream = ServerWritableStream<Message, Message | Buffer>

describe('a server stream', () => {
  it('gives every message in order, and ends', async (test) => {
    const { watch } = await probe(test, (call) => {
      for (const number of [1, 2, 3]) call.write({ number })
      call.end()
    })
    assert.deepEqual(await numbersOf(watch(inputOf(''), requestContext({}))), ['1', '2', '3'])
  })

  it('starts nothing before somebody reads', async (test) => {
    let calls = 0
    const { watch } = await probe(test, (call) => {
      calls += 1
      call.end()
    })
    const stream = watch(inputOf(''), requestContext({}))
    assert.equal(calls, 0)
    assert.deepEqual(await numbersOf(stream), [])
    assert.equal(calls, 1)
  })

  it('holds the service back while the consumer is slow', async (test) => {
    const large = 'x'.repeat(50_000)
    let written = 0
    const blocked = Promise.withResolvers<void>()
    const { watch } = await probe(test, (call) => {
      const write = (): void => {
        while (written < 500) {
          written += 1
          if (!call.write({ text: large, number: written })) {
            // Blocked when nothing drains for a while; the first pauses are only TCP's.
            const timer = setTimeout(() => blocked.resolve(), 40)
            call.once('drain', () => {
              clearTimeout(timer)
              write()
            })
            return
          }
        }
        call.end()
      }
      write()
    })
    const messages = watch(inputOf(''), requestContext({}))[Symbol.asyncIterator]()
    await messages.next()
    await blocked.promise
    assert.ok(written < 200, `${written} messages were taken while nobody read`)
    const rest = await numbersOf({ [Symbol.asyncIterator]: () => messages })
    assert.equal(rest.length, 499)
    assert.equal(rest.at(-1), '500')
  })

  it('cancels the call when the consumer leaves the loop', async (test) => {
    const cancelled = Promise.withResolvers<void>()
    const { watch } = await probe(test, (call) => {
      call.on('cancelled', () => cancelled.resolve())
      call.write({ number: 1 })
    })
    const { signal } = new AbortController()
    for await (const message of watch(inputOf(''), requestContext({ signal }))) {
      assert.deepEqual(message, { text: '', number: '1' })
      break
    }
    await cancelled.promise
    assert.equal(getEventListeners(signal, 'abort').length, 0)
  })

  it('ends at once where the consumer returns while it waits for a message', async (test) => {
    const [arrived, cancelled] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const { watch } = await probe(test, (call) => {
      call.on('cancelled', () => cancelled.resolve())
      arrived.resolve()
    })
    const messages = watch(inputOf(''), requestContext({}))[Symbol.asyncIterator]()
    const waiting = messages.next()
    await arrived.promise
    await messages.return?.()
    assert.deepEqual(await waiting, { done: true, value: undefined })
    assert.deepEqual(await messages.next(), { done: true, value: undefined })
    await cancelled.promise
  })

  it('cancels the call when the signal aborts, and says so', async (test) => {
    const cancelled = Promise.withResolvers<void>()
    const { watch } = await probe(test, (call) => {
      call.on('cancelled', () => cancelled.resolve())
      call.write({ number: 1 })
    })
    const controller = new AbortController()
    const messages = watch(inputOf(''), requestContext({ signal: controller.signal }))[Symbol.asyncIterator]()
    await messages.next()
    const waiting = messages.next()
    controller.abort()
    await assert.rejects(waiting, { name: 'Problem', code: 'CANCELLED' })
    await cancelled.promise
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
  })

  it('makes no call for a signal that has aborted already', async (test) => {
    const { watch } = await probe(test, () => assert.fail('called'))
    await assert.rejects(numbersOf(watch(inputOf(''), requestContext({ signal: AbortSignal.abort() }))), {
      code: 'CANCELLED',
    })
  })

  it('gives the messages before an error, and then the problem', async (test) => {
    const { watch } = await probe(test, (call) => {
      call.write({ number: 1 })
      call.emit('error', { code: status.INTERNAL, details: 'db-7.internal is down' })
    })
    const messages = watch(inputOf(''), requestContext({}))[Symbol.asyncIterator]()
    assert.deepEqual((await messages.next()).value, { text: '', number: '1' })
    await assert.rejects(messages.next(), { code: 'INTERNAL', status: 502, service: 'probe', message: /^(?!.*db-7)/ })
    assert.deepEqual(await messages.next(), { done: true, value: undefined })
  })

  it('answers 502 to a garbage message, and cancels the call', async (test) => {
    const cancelled = Promise.withResolvers<void>()
    const { watch } = await probe(test, (call) => {
      call.on('cancelled', () => cancelled.resolve())
      call.write(Buffer.from('ffffff', 'hex'))
    })
    await assert.rejects(numbersOf(watch(inputOf(''), requestContext({}))), { code: 'UNAVAILABLE', status: 502 })
    await cancelled.promise
  })

  it('ends with the budget, where there is one', async (test) => {
    const { watch } = await probe(test, (call) => void call.write({ number: 1 }))
    await assert.rejects(numbersOf(watch(inputOf(''), requestContext({ budgetMs: 40 }))), { code: 'DEADLINE_EXCEEDED' })
  })
})

const probe = async (test: TestContext, watch: (call: Stream) => void) => {
  const handlers: ProbeHandlers = { watch }
  const server = await startProbe(handlers)
  const client = connectProbe({ address: server.address })
  test.after(async () => {
    await client.close()
    server.close()
  })
  return client
}

const numbersOf = async (messages: AsyncIterable<Json>): Promise<readonly string[]> => {
  const numbers: string[] = []
  for await (const message of messages) numbers.push((message as { number: string }).number)
  return numbers
}
