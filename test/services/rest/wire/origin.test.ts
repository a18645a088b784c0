import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { describe, it } from 'node:test'
import { closed, connect, failure, listen, ok, rawService } from './support/service.ts'

describe('an origin', () => {
  it('uses a connection again when its answer has ended', async (t) => {
    const { ask, sockets, received } = await rawService(t, (socket) => socket.write(ok))
    for (let count = 0; count < 3; count += 1) assert.equal((await ask({ path: `/${count}` })).body, 'ok')
    assert.equal(sockets.length, 1)
    assert.match(received(), /^GET \/0 HTTP\/1\.1\r\nhost: 127\.0\.0\.1:\d+\r\nconnection: keep-alive\r\n\r\nGET \/1 /)
  })

  it('sends each of many requests at once on a connection of its own, and keeps these', async (t) => {
    const { ask, origin, sockets } = await rawService(t, (socket) => socket.write(ok))
    await Promise.all(Array.from({ length: 20 }, () => ask()))
    await Promise.all(Array.from({ length: 20 }, () => ask()))
    assert.deepEqual([sockets.length, origin.size], [20, 20])
  })

  it('opens no more connections than it may, and serves who waits in order', async (t) => {
    const seen: string[] = []
    const { ask, sockets } = await rawService(
      t,
      (socket, _, bytes) => {
        seen.push(bytes.split(' ')[1] as string)
        setImmediate(() => socket.write(ok))
      },
      { maxConnections: 1 },
    )
    await Promise.all(['/1', '/2', '/3', '/4'].map((path) => ask({ path })))
    assert.deepEqual([seen, sockets.length], [['/1', '/2', '/3', '/4'], 1])
  })

  it('keeps an idle connection a second less long than the service does', async (t) => {
    const times: Readonly<Record<string, readonly number[]>> = { 'timeout=5': [3_999, 4_000], 'timeout=1': [0, 0] }
    for (const [keepAlive, [kept, over]] of Object.entries(times)) {
      let now = 0
      const { ask, sockets } = await rawService(
        t,
        (socket) => socket.write(`HTTP/1.1 200 OK\r\nkeep-alive: ${keepAlive}\r\ncontent-length: 0\r\n\r\n`),
        { now: () => now },
      )
      await ask()
      now += kept as number
      await ask()
      assert.equal(sockets.length, kept === 0 ? 2 : 1)
      now += over as number
      await ask()
      assert.equal(sockets.length, kept === 0 ? 3 : 2)
    }
  })

  it('asks anew where the origin is when a connection is old', async (t) => {
    let now = 0
    const { ask, sockets } = await rawService(t, (socket) => socket.write(ok), { now: () => now, maxAgeMs: 10 })
    await ask()
    now = 10
    await ask()
    await closed(sockets[0])
    await ask()
    assert.equal(sockets.length, 2)
  })

  const notKept: Readonly<Record<string, string>> = {
    'Connection: close': 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok',
    'HTTP/1.0': 'HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok',
    'bytes behind the answer': `${ok}HTTP/1.1 200 OK\r\n`,
    'a second answer': `${ok}HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged`,
  }
  for (const [what, bytes] of Object.entries(notKept))
    it(`closes a connection after ${what}`, async (t) => {
      const { ask, sockets } = await rawService(t, (socket) => socket.write(bytes))
      assert.equal((await ask()).body, 'ok')
      await closed(sockets[0])
      assert.equal((await ask()).body, 'ok')
      assert.equal(sockets.length, 2)
    })

  it('closes a connection on which an answer to nothing comes', async (t) => {
    const { ask, sockets } = await rawService(t, (socket) => socket.write(ok))
    await ask()
    sockets[0]?.write('HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged')
    await closed(sockets[0])
    assert.equal((await ask()).body, 'ok')
    assert.equal(sockets.length, 2)
  })

  it('reads an answer of unknown length to the end of the connection', async (t) => {
    const { ask, sockets } = await rawService(t, (socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nall of it'))
    assert.equal((await ask()).body, 'all of it')
    assert.equal((await ask()).body, 'all of it')
    assert.equal(sockets.length, 2)
  })

  it('skips interim answers', async (t) => {
    const { ask } = await rawService(t, (socket) => {
      socket.write('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n')
      setImmediate(() => socket.write(ok))
    })
    assert.equal((await ask()).status, 200)
  })

  const halves: Readonly<Record<string, readonly [bytes: string, code: string]>> = {
    nothing: ['', 'broken'],
    'half a head': ['HTTP/1.1 200 OK\r\ncontent-le', 'broken'],
    'half a body': ['HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab', 'broken'],
    'half a chunk': ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab', 'broken'],
    'chunks without a last one': ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n', 'broken'],
    'an interim answer': ['HTTP/1.1 100 Continue\r\n\r\n', 'broken'],
    'no HTTP': ['220 smtp.example ESMTP\r\n', 'malformed'],
  }
  for (const [what, [bytes, code]] of Object.entries(halves))
    for (const how of ['ends', 'resets'] as const)
      it(`fails once where the service sends ${what} and ${how} the connection`, async (t) => {
        const { send, sockets, reads } = await rawService(t, (socket) => {
          if (how === 'ends') socket.end(bytes)
          else socket.write(bytes, () => setImmediate(() => socket.resetAndDestroy()))
        })
        const { reader } = send({ repeatable: true })
        const error = await failure(reader.answer)
        assert.equal(error.code, code)
        await closed(sockets[0])
        assert.deepEqual([reader.endings, reads()], [1, 1])
      })

  it('breaks an answer of unknown length off where the connection is reset', async (t) => {
    const { send, sockets } = await rawService(t, (socket) => socket.write('HTTP/1.1 200 OK\r\n\r\nhalf'))
    const { reader } = send()
    await reader.head.promise
    sockets[0]?.resetAndDestroy()
    assert.equal((await failure(reader.answer)).code, 'broken')
  })

  it('destroys the connection of a malformed answer', async (t) => {
    const { ask, sockets } = await rawService(t, (socket) =>
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'),
    )
    assert.equal((await failure(ask())).code, 'malformed')
    await closed(sockets[0])
  })

  for (const host of ['localhost', '[::1]'])
    it(`finds a service at ${host}, whichever family it listens on`, async (t) => {
      const server = createServer((socket) => socket.on('error', () => {}).on('data', () => socket.write(ok)))
      server.listen(0, host === 'localhost' ? '127.0.0.1' : '::1')
      const listening = await once(server, 'listening').then(
        () => true,
        () => false,
      )
      if (!listening) return t.skip('This machine has no IPv6.')
      t.after(() => server.close())
      const { ask } = connect(t, { origin: `http://${host}:${(server.address() as AddressInfo).port}` })
      assert.equal((await ask()).body, 'ok')
    })

  it('says that nobody listens, and that a name is unknown', async (t) => {
    const server = createServer()
    const port = await listen(server)
    server.close()
    await once(server, 'close')
    const { ask } = connect(t, { origin: `http://127.0.0.1:${port}` })
    const error = await failure(ask())
    assert.equal(error.code, 'unreachable')
    assert.doesNotMatch(error.message, /127\.0\.0\.1|\d{4}/)
    assert.equal((await failure(connect(t, { origin: 'http://no-such-host.invalid' }).ask())).code, 'unreachable')
  })

  it('fails each of many requests where no connection can be opened', async (t) => {
    const server = createServer()
    const port = await listen(server)
    server.close()
    await once(server, 'close')
    const { ask, origin } = connect(t, { origin: `http://127.0.0.1:${port}`, maxConnections: 3 })
    const errors = await Promise.all(Array.from({ length: 10 }, () => failure(ask())))
    assert.deepEqual([...new Set(errors.map(({ code }) => code))], ['unreachable'])
    await origin.close()
    assert.equal(origin.size, 0)
  })

  it('gives up a connection that takes too long to open', async (t) => {
    // A TLS handshake that is never answered.
    const server = createServer((socket) => socket.on('error', () => {}))
    const port = await listen(server)
    t.after(() => server.close())
    const { ask } = connect(t, { origin: `https://127.0.0.1:${port}`, connectTimeoutMs: 20 })
    assert.equal((await failure(ask())).code, 'connect_timeout')
  })
})

describe('the keep-alive race', () => {
  for (const how of ['ends', 'resets'] as const)
    it(`is lost without loss where a service ${how} a connection under a request that may be repeated`, async (t) => {
      const { ask, reads, sockets } = await rawService(t, (socket, read) => {
        if (read !== 2) socket.write(ok)
        else if (how === 'ends') socket.end()
        else socket.resetAndDestroy()
      })
      await ask()
      assert.equal((await ask({ repeatable: true })).body, 'ok')
      assert.deepEqual([reads(), sockets.length], [3, 2])
    })

  it('never repeats what may not be repeated', async (t) => {
    const { ask, reads } = await rawService(t, (socket, read) => (read === 2 ? socket.destroy() : socket.write(ok)))
    await ask()
    assert.equal((await failure(ask({ method: 'POST', body: 'x' }))).code, 'broken')
    assert.equal(reads(), 2)
  })

  it('repeats once, and nothing on a new connection', async (t) => {
    const { ask, reads } = await rawService(t, (socket, read) => (read >= 2 ? socket.destroy() : socket.write(ok)))
    await ask()
    assert.equal((await failure(ask({ repeatable: true }))).code, 'broken')
    assert.equal(reads(), 3)
    assert.equal((await failure(ask({ repeatable: true }))).code, 'broken')
    assert.equal(reads(), 4)
  })

  it('repeats nothing of whose answer a byte has come', async (t) => {
    const { ask, reads } = await rawService(t, (socket, read) => (read === 2 ? socket.end('H') : socket.write(ok)))
    await ask()
    assert.equal((await failure(ask({ repeatable: true }))).code, 'broken')
    assert.equal(reads(), 2)
  })

  it('takes no other idle connection, for that is most likely closed too', async (t) => {
    let stale = false
    const { ask, sockets } = await rawService(t, (socket) => {
      if (stale && sockets.indexOf(socket) < 3) socket.destroy()
      else socket.write(ok)
    })
    await Promise.all([ask(), ask(), ask()])
    assert.equal(sockets.length, 3)
    stale = true
    assert.equal((await ask({ repeatable: true })).body, 'ok')
    assert.equal(sockets.length, 4)
  })
})
