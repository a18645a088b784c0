import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, it, type TestContext } from 'node:test'
import { Metadata, Server, ServerCredentials, type ServerDuplexStream, status } from '@grpc/grpc-js'
import { systemClock } from '../../../../src/kernel/clock.ts'
import { grpcJsExchange } from '../../../../src/services/grpc/client/streaming.ts'
import { openTargets } from '../../../../src/services/grpc/client/targets.ts'
import type { GrpcService } from '../../../../src/services/service.ts'
import { answerText, probeService, requestContext } from '../fixtures/probe.ts'
import { ended, frame, raw } from '../fixtures/raw-server.ts'

type Chat = ServerDuplexStream<Buffer, Buffer>

describe('an exchange', () => {
  it('sends and receives by turns', async (test) => {
    const open = await chat(test, (call) => {
      call.on('data', (bytes: Buffer) => call.write(Buffer.concat([bytes, Buffer.from('!')])))
      call.on('end', () => call.end())
    })
    const exchange = open([], requestContext({}))
    const messages = exchange.messages[Symbol.asyncIterator]()
    for (const text of ['one', 'two']) {
      await exchange.send(Buffer.from(text))
      assert.equal(String((await messages.next()).value), `${text}!`)
    }
    exchange.end()
    assert.deepEqual(await messages.next(), { done: true, value: undefined })
  })

  it('takes many messages before one answer', async (test) => {
    const open = await chat(test, (call) => {
      let sum = 0
      call.on('data', (bytes: Buffer) => {
        sum += Number(bytes)
      })
      call.on('end', () => last(call, Buffer.from(String(sum))))
    })
    const exchange = open([], requestContext({}))
    for (let number = 1; number <= 100; number += 1) await exchange.send(Buffer.from(String(number)))
    exchange.end()
    assert.deepEqual(await textsOf(exchange.messages), ['5050'])
  })

  it('gives what the service sends before and after the messages', async (test) => {
    const open = await chat(test, (call) => {
      call.sendMetadata(metadata('x-cost', '7'))
      call.end(metadata('x-left', '9'))
    })
    const exchange = open([['x-tag', 'a']], requestContext({}))
    assert.deepEqual(await exchange.headers, [['x-cost', '7']])
    assert.deepEqual(await textsOf(exchange.messages), [])
    assert.deepEqual(await exchange.trailers, [['x-left', '9']])
  })

  it('holds the sender back while the service does not read', async (test) => {
    const paused = Promise.withResolvers<Chat>()
    const open = await chat(test, (call) => paused.resolve(call.pause()))
    const exchange = open([], requestContext({}))
    const message = Buffer.alloc(100_000)
    let sent = 0
    let settled = Promise.withResolvers<void>()
    const sending = (async () => {
      for (; sent < 300; sent += 1) {
        await exchange.send(message)
        settled.resolve()
      }
      exchange.end()
    })()
    const call = await paused.promise
    // Held back when nothing more goes out for a while.
    for (let quiet = false; !quiet; ) {
      settled = Promise.withResolvers()
      const timer = Promise.withResolvers<void>()
      setTimeout(timer.resolve, 100)
      quiet = await Promise.race([settled.promise.then(() => false), timer.promise.then(() => true)])
    }
    assert.ok(sent < 200, `${sent} messages went out while nobody read`)
    let read = 0
    call.on('data', () => {
      read += 1
    })
    call.on('end', () => call.end())
    call.resume()
    await sending
    assert.deepEqual(await textsOf(exchange.messages), [])
    assert.equal(read, 300)
  })

  it('reads no more than a little ahead of a slow consumer', async (test) => {
    let written = 0
    const blocked = Promise.withResolvers<void>()
    const open = await chat(test, (call) => {
      const message = Buffer.alloc(200_000)
      const write = (): void => {
        while (written < 200) {
          written += 1
          if (call.write(message)) continue
          const timer = setTimeout(blocked.resolve, 100)
          call.once('drain', () => {
            clearTimeout(timer)
            write()
          })
          return
        }
        call.end()
      }
      write()
    })
    const exchange = open([], requestContext({}))
    exchange.end()
    await blocked.promise
    assert.ok(written < 60, `${written} messages were taken while nobody read`)
    assert.equal((await textsOf(exchange.messages)).length, 200)
  })

  it('tells senders and readers the problem that ended the call', async (test) => {
    const open = await chat(test, (call) => {
      call.write(Buffer.from('first'))
      call.once('data', () => call.emit('error', { code: status.FAILED_PRECONDITION, details: 'db-7 is down' }))
    })
    const exchange = open([], requestContext({}))
    const messages = exchange.messages[Symbol.asyncIterator]()
    assert.equal(String((await messages.next()).value), 'first')
    await exchange.send(Buffer.from('x'))
    const problem = { code: 'FAILED_PRECONDITION', status: 400, service: 'probe', message: /^(?!.*db-7)/ }
    await assert.rejects(messages.next(), problem)
    await assert.rejects(exchange.send(Buffer.from('y')), problem)
    assert.deepEqual(await messages.next(), { done: true, value: undefined })
  })

  it('drops what is sent after the service has ended the call well', async (test) => {
    const open = await chat(test, (call) => last(call, Buffer.from('enough')))
    const exchange = open([], requestContext({}))
    assert.deepEqual(await textsOf(exchange.messages), ['enough'])
    await exchange.send(Buffer.from('more'))
    exchange.end()
  })

  it('refuses a message over the bound, and the call goes on', async (test) => {
    const open = await chat(
      test,
      (call) => {
        call.on('data', (bytes: Buffer) => call.write(bytes))
        call.on('end', () => call.end())
      },
      { maxRequestBytes: 10 },
    )
    const exchange = open([], requestContext({}))
    await assert.rejects(exchange.send(Buffer.alloc(11)), { code: 'RESOURCE_EXHAUSTED', status: 413 })
    await exchange.send(Buffer.from('short'))
    exchange.end()
    assert.deepEqual(await textsOf(exchange.messages), ['short'])
  })

  it('fails where a message that comes is over the bound', async (test) => {
    const open = await chat(test, (call) => last(call, Buffer.alloc(5_000)), { maxAnswerBytes: 1_000 })
    const exchange = open([], requestContext({}))
    await assert.rejects(textsOf(exchange.messages), { code: 'UNAVAILABLE', status: 502, message: /too large/ })
  })

  for (const { title, leave } of [
    { title: 'the signal aborts', leave: ({ abort }: Leaving) => abort() },
    { title: 'it is called off', leave: ({ exchange }: Leaving) => exchange.cancel() },
  ])
    it(`ends for all when ${title}`, async (test) => {
      const [arrived, cancelled] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
      const open = await chat(test, (call) => {
        call.on('cancelled', () => cancelled.resolve())
        arrived.resolve()
      })
      const controller = new AbortController()
      const exchange = open([], requestContext({ signal: controller.signal }))
      const reading = textsOf(exchange.messages)
      await arrived.promise
      leave({ exchange, abort: () => controller.abort() })
      await assert.rejects(reading, { code: 'CANCELLED' })
      await assert.rejects(exchange.send(Buffer.from('x')), { code: 'CANCELLED' })
      await cancelled.promise
      assert.deepEqual([await exchange.headers, await exchange.trailers], [[], []])
      assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
    })

  it('is cancelled when the reader leaves early', async (test) => {
    const cancelled = Promise.withResolvers<void>()
    const open = await chat(test, (call) => {
      call.on('cancelled', () => cancelled.resolve())
      call.write(Buffer.from('one'))
    })
    for await (const message of open([], requestContext({})).messages) {
      assert.equal(String(message), 'one')
      break
    }
    await cancelled.promise
  })

  it('of grpc-js cannot see that the last message was cut short: record 8 says so', async (test) => {
    const { port } = await raw(test, (stream) => ended(stream, Buffer.concat([frame('a'), frame('b').subarray(0, 7)])))
    const service = probeService({ targets: [`127.0.0.1:${port}`] })
    const targets = openTargets(service, { clock: systemClock })
    test.after(() => targets.close())
    const exchange = grpcJsExchange({ service, targets, clock: systemClock }, '/probe.v1.Probe/Chat')(
      [],
      requestContext({}),
    )
    exchange.end()
    const texts: string[] = []
    for await (const message of exchange.messages) texts.push(answerText(message))
    assert.deepEqual(texts, ['a'])
  })

  it('is not begun for metadata that cannot be sent, or a signal that has aborted', async (test) => {
    const open = await chat(test, () => assert.fail('called'))
    assert.throws(() => open([['x-tag', 'a\r\nx: y']], requestContext({})), { code: 'INVALID_ARGUMENT' })
    assert.throws(() => open([['grpc-timeout', '1S']], requestContext({})), { code: 'INVALID_ARGUMENT' })
    assert.throws(() => open([], requestContext({ signal: AbortSignal.abort() })), { code: 'CANCELLED' })
  })
})

type Leaving = { readonly exchange: { cancel(): void }; readonly abort: () => void }

/** A server of one bidirectional method in bytes, and a client that opens it. */
const chat = async (
  test: TestContext,
  handler: (call: Chat) => void,
  settings: Partial<Omit<GrpcService, 'targets'>> = {},
) => {
  const asIs = (bytes: Buffer): Buffer => bytes
  const server = new Server()
  const method = {
    path: '/probe.v1.Probe/Chat',
    requestStream: true,
    responseStream: true,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  }
  server.addService({ chat: method }, { chat: handler })
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    )
  })
  const service = probeService({ targets: [`127.0.0.1:${port}`], ...settings })
  const targets = openTargets(service, { clock: systemClock })
  test.after(() => {
    targets.close()
    server.forceShutdown()
  })
  return grpcJsExchange({ service, targets, clock: systemClock }, method.path)
}

/** The last message of a service; `end` takes none. */
const last = (call: Chat, message: Buffer): void => {
  call.write(message)
  call.end()
}

const metadata = (name: string, value: string): Metadata => {
  const made = new Metadata()
  made.set(name, value)
  return made
}

const textsOf = async (messages: AsyncIterable<Uint8Array>): Promise<readonly string[]> => {
  const texts: string[] = []
  for await (const message of messages) texts.push(Buffer.from(message).toString())
  return texts
}
