import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createServer } from 'node:http'
import type { Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { promisify } from 'node:util'
import { closed, connect, failure, listen, ok, rawService } from './support/service.ts'

describe('a flight', () => {
  it('holds its answer back, and memory with it, until its reader goes on', async (t) => {
    const size = 64 * 1_048_576
    let written = 0
    const { send } = await rawService(t, (socket) => {
      const chunk = Buffer.alloc(65_536)
      const write = (): void => {
        while (written < size) {
          written += chunk.length
          if (!socket.write(chunk)) return void socket.once('drain', write)
        }
      }
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${size}\r\n\r\n`)
      write()
    })
    const { flight, reader } = send()
    let received = 0
    let most = 0
    reader.onChunk = (chunk) => {
      received += chunk.length
      most = Math.max(most, written - received)
      flight.pause()
      setImmediate(() => flight.resume())
    }
    await reader.answer
    assert.equal(received, size)
    assert.ok(most < 16 * 1_048_576, `${most} bytes were on their way at once`)
  })

  it('reads into the same memory again where the reader is done with it, and never where it keeps it', async (t) => {
    const sent = Buffer.alloc(1_048_576, '0123456789abcdef')
    const { send } = await rawService(t, (socket) => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${sent.length}\r\n\r\n`)
      socket.write(sent)
    })
    const kept = send()
    assert.equal((await kept.reader.answer).body, sent.toString('latin1'))
    const { reader } = send()
    const copies: Buffer[] = []
    const memory = new Set<ArrayBufferLike>()
    reader.done = true
    reader.onChunk = (chunk) => {
      copies.push(Buffer.from(chunk))
      if (chunk.length >= 16_384) memory.add(chunk.buffer)
    }
    await reader.answer
    assert.ok(Buffer.concat(copies).equals(sent))
    assert.ok(memory.size <= 2, `${memory.size} buffers were used`)
  })

  it('tells nothing while it is paused but what the last read brought', async (t) => {
    const { send, sockets } = await rawService(t, (socket) =>
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n'),
    )
    const { flight, reader } = send()
    const paused = Promise.withResolvers<void>()
    reader.onChunk = (chunk) => {
      reader.chunks.push(chunk)
      if (reader.chunks.length > 1) return
      flight.pause()
      paused.resolve()
    }
    await paused.promise
    await new Promise((resolve) => sockets[0]?.write('1\r\nc\r\n0\r\n\r\n', resolve))
    await new Promise((resolve) => setTimeout(resolve, 20))
    assert.equal(Buffer.concat(reader.chunks).toString(), 'ab')
    flight.resume()
    assert.equal((await reader.answer).body, 'abc')
  })

  it('frees its connection for others where it ends while it is paused', async (t) => {
    const { send, ask, sockets } = await rawService(t, (socket) => socket.write(ok))
    const { flight, reader } = send()
    reader.onChunk = () => flight.pause()
    await reader.answer
    assert.equal((await ask()).body, 'ok')
    assert.equal(sockets.length, 1)
  })

  for (const stage of ['before the answer', 'in the middle of the answer'] as const)
    it(`takes its connection with it when it is given up ${stage}, and tells nothing more`, async (t) => {
      const arrived = Promise.withResolvers<void>()
      const { send, ask, sockets } = await rawService(t, (socket, read) => {
        if (read === 2) socket.write(ok)
        else if (stage === 'before the answer') arrived.resolve()
        else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab')
      })
      const { flight, reader } = send()
      await (stage === 'before the answer' ? arrived.promise : reader.head.promise)
      flight.abort()
      flight.abort()
      await closed(sockets[0])
      assert.equal((await ask()).body, 'ok')
      assert.equal(reader.endings, 0)
    })

  it('only leaves the queue when it is given up before it was sent', async (t) => {
    const { send, ask, sockets, received } = await rawService(t, (socket) => setImmediate(() => socket.write(ok)), {
      maxConnections: 1,
    })
    const first = ask()
    const { flight, reader } = send({ path: '/given-up' })
    const last = ask()
    assert.equal(flight.sent, false)
    flight.abort()
    assert.deepEqual([(await first).body, (await last).body, sockets.length, reader.endings], ['ok', 'ok', 1, 0])
    assert.doesNotMatch(received(), /given-up/)
  })

  it('may be given up when it is over: the connection is another’s by then', async (t) => {
    const { send, ask, sockets } = await rawService(t, (socket, read) => {
      if (read === 1) socket.write(ok)
      else setImmediate(() => socket.write(ok))
    })
    const { flight, reader } = send()
    await reader.answer
    const next = ask()
    flight.abort()
    flight.pause()
    assert.equal((await next).body, 'ok')
    assert.equal(sockets.length, 1)
  })

  it('fails for the error of its own handler, and no other flight does', async (t) => {
    const { send, ask, sockets } = await rawService(t, (socket) => socket.write(ok))
    const { reader } = send()
    const mistake = new Error('A mistake of ours.')
    reader.onChunk = () => {
      throw mistake
    }
    assert.equal((await failure(reader.answer)).cause, mistake)
    await closed(sockets[0])
    assert.equal((await ask()).body, 'ok')
  })
})

describe('an origin that closes', () => {
  it('fails what is under way, what waits and what comes later, and leaves no socket', async (t) => {
    const arrived = Promise.withResolvers<void>()
    const { ask, origin, sockets } = await rawService(t, () => arrived.resolve(), { maxConnections: 1 })
    const [running, waiting] = [failure(ask()), failure(ask())]
    await arrived.promise
    await origin.close()
    const codes = [(await running).code, (await waiting).code, (await failure(ask())).code]
    assert.deepEqual(codes, ['closed', 'closed', 'closed'])
    assert.equal(origin.size, 0)
    await closed(sockets[0])
    await origin.close()
  })

  it('gives up connections that are still being opened', async (t) => {
    const { ask, origin } = await rawService(t, () => {})
    const asked = failure(ask())
    await origin.close()
    assert.equal((await asked).code, 'closed')
    assert.equal(origin.size, 0)
  })
})

describe('many exchanges', () => {
  it('leave no listener, timer or socket behind', async (t) => {
    const server = createServer((_, response) => response.end('ok'))
    const port = await listen(server)
    t.after(() => server.close())
    const { ask, origin } = connect(t, { origin: `http://127.0.0.1:${port}` })
    const sockets = watchSockets(t)
    const settle = async (count: number): Promise<string[]> => {
      for (let round = 0; round < count / 20; round += 1) await Promise.all(Array.from({ length: 20 }, () => ask()))
      return process.getActiveResourcesInfo().sort()
    }
    const before = await settle(100)
    const listeners = listenersOf(sockets)
    assert.equal(listeners.length, 1)
    assert.deepEqual(await settle(1_000), before)
    assert.deepEqual([sockets.length, origin.size], [20, 20])
    assert.deepEqual(listenersOf(sockets), listeners)
    await origin.close()
    assert.ok(sockets.every((socket) => socket.closed))
  })

  it('do not keep the process alive when they are over', async (t) => {
    const server = createServer((_, response) => response.end('ok'))
    server.keepAliveTimeout = 60_000
    const port = await listen(server)
    t.after(() => {
      server.closeAllConnections()
      server.close()
    })
    const file = new URL('../../../../src/services/rest/wire/origin.ts', import.meta.url)
    const script = `
      import { Origin } from '${file.href}'
      new Origin({ origin: 'http://127.0.0.1:${port}' }).dispatch(
        { method: 'GET', path: '/', headers: [], body: null, repeatable: false },
        { onHead() {}, onData: () => true, onEnd() { console.log('ended') }, onError(error) { throw error } },
      )`
    const run = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], { timeout: 10_000 })
    assert.equal((await run).stdout, 'ended\n')
  })
})

/** The sockets that are opened from now on. */
const watchSockets = (t: TestContext): Socket[] => {
  const sockets: Socket[] = []
  const watch = (message: unknown): void => {
    sockets.push((message as { socket: Socket }).socket)
  }
  subscribe('net.client.socket', watch)
  t.after(() => unsubscribe('net.client.socket', watch))
  return sockets
}

const listenersOf = (sockets: readonly Socket[]): string[] => [
  ...new Set(
    sockets.map((socket) =>
      socket
        .eventNames()
        .map((name) => `${String(name)} ${socket.listenerCount(name)}`)
        .join(),
    ),
  ),
]
