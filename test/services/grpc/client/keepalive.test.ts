import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttp2Server, type ServerHttp2Session } from 'node:http2'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { WireLink } from '../../../../src/services/grpc/client/wire/link.ts'
import { connectProbe, inputOf, requestContext, startProbe } from '../fixtures/probe.ts'

// Servers of most languages end connections that ping more often than every five minutes.
const everyMs = 310_000
const withinMs = 20_000

describe('keepalive', () => {
  it('ends the streams of a service that has gone silent, and calls it anew', async (test) => {
    const service = await startProbe({
      ask: (_call, reply) => reply(null, { text: 'here' }),
      watch: (call) => void call.write({ text: 'first' }),
    })
    const between = await silencer(test, service.address)
    test.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] })
    const { watch, ask, close } = connectProbe({ address: between.address })
    test.after(async () => {
      await close()
      service.close()
    })
    const messages = watch(inputOf(''), requestContext({ budgetMs: Number.POSITIVE_INFINITY }))[Symbol.asyncIterator]()
    assert.deepEqual((await messages.next()).value, { text: 'first', number: '0' })
    between.silence()
    const next = messages.next()
    let ended = false
    next.catch(() => {
      ended = true
    })
    test.mock.timers.tick(everyMs)
    await turns()
    test.mock.timers.tick(withinMs - 1)
    await turns()
    assert.equal(ended, false)
    test.mock.timers.tick(1)
    await assert.rejects(next, { code: 'UNAVAILABLE', status: 502 })
    assert.deepEqual((await ask(inputOf(''), requestContext({}))).output, { text: 'here', number: '0' })
  })

  it('gives up a connection by which nothing came while a call was waited for', async (test) => {
    const service = await startProbe({ ask: (_call, reply) => reply(null, { text: 'here' }) })
    const between = await silencer(test, service.address)
    const { ask, close } = connectProbe({ address: between.address })
    test.after(async () => {
      await close()
      service.close()
    })
    await ask(inputOf(''), requestContext({}))
    between.silence()
    await assert.rejects(ask(inputOf(''), requestContext({ budgetMs: 300 })), { code: 'DEADLINE_EXCEEDED' })
    assert.deepEqual((await ask(inputOf(''), requestContext({}))).output, { text: 'here', number: '0' })
  })

  it('keeps a connection that answers, though nothing is called', async (test) => {
    const server = createHttp2Server()
    const session = new Promise<ServerHttp2Session>((resolve) => server.once('session', resolve))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    test.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] })
    const { port } = server.address() as AddressInfo
    const link = new WireLink({ host: '127.0.0.1', port, name: '127.0.0.1' }, { tls: undefined })
    await link.connect()
    const peer = await session
    for (let round = 0; round < 3; round += 1) {
      const asked = once(peer, 'ping')
      test.mock.timers.tick(everyMs)
      await asked
      // Answered only after the answer to the client's own has been read.
      await new Promise((resolve) => peer.ping(resolve))
      test.mock.timers.tick(withinMs)
      assert.equal(link.connected, true)
    }
    const closed = once(peer, 'close')
    link.close()
    await closed
    server.close()
  })
})

/** Passes bytes on both ways, until it is told to keep those of the connections there are to itself. */
const silencer = async (test: TestContext, address: string) => {
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const service = connect(Number(address.split(':')[1]), '127.0.0.1')
    for (const [from, to] of [
      [client, service],
      [service, client],
    ] as const) {
      sockets.add(from)
      from.on('error', () => undefined).pipe(to)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  test.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    silence(): void {
      for (const socket of sockets) socket.unpipe().pause()
    },
  }
}

/** Long enough for what has come to be read. */
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
