import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { describe, it, type TestContext } from 'node:test'
import type { BodySink, BodySource } from '../../../../src/services/rest/wire/body-source.ts'
import { closed, connect, failure, listen, ok, rawService } from './support/service.ts'

describe('a request body', () => {
  const bodies: Readonly<Record<string, () => Buffer | string | Source>> = {
    'a text': () => 'é'.repeat(50_000),
    bytes: () => Buffer.from('é'.repeat(50_000)),
    'a source of known length': () => new Source(['é'.repeat(25_000), '', 'é'.repeat(25_000)], 100_000),
    'a source of unknown length': () => new Source(['é'.repeat(25_000), '', 'é'.repeat(25_000)]),
    'a source that ends later': () => new Source(['é'.repeat(50_000)], undefined, true),
  }
  for (const [what, make] of Object.entries(bodies))
    it(`arrives whole, and the next request after it (${what})`, async (t) => {
      const { ask, origin } = await echo(t)
      for (let count = 0; count < 3; count += 1) {
        const { body } = await ask({ method: 'POST', body: make() })
        assert.equal(body, Buffer.from('é'.repeat(50_000)).toString('latin1'))
      }
      assert.equal(origin.size, 1)
    })

  it('arrives empty where its source has nothing', async (t) => {
    const { ask } = await echo(t)
    for (const length of [0, undefined])
      assert.equal((await ask({ method: 'POST', body: new Source([], length) })).body, '')
  })

  it('is asked for no faster than the service reads', async (t) => {
    let reading = false
    const server = createServer((request, response) => {
      if (!reading) request.pause()
      request.on('end', () => response.end('ok'))
      go.promise.then(() => request.resume()).catch(() => {})
    })
    const go = Promise.withResolvers<void>()
    const port = await listen(server)
    t.after(() => server.close())
    const { ask } = connect(t, { origin: `http://127.0.0.1:${port}` })
    const source = new Flood(64 * 1_048_576)
    const answered = ask({ method: 'POST', body: source })
    await source.held.promise
    assert.ok(source.given < 32 * 1_048_576, `${source.given} bytes were taken`)
    reading = true
    go.resolve()
    assert.equal((await answered).body, 'ok')
    assert.equal(source.given, 64 * 1_048_576)
  })

  for (const [what, source] of Object.entries({
    longer: () => new Source(['abc', 'def'], 4),
    shorter: () => new Source(['abc'], 4),
  }))
    it(`that is ${what} than its length fails, and takes the connection with it`, async (t) => {
      const { ask, sockets } = await rawService(t, () => {})
      const body = source()
      assert.equal((await failure(ask({ method: 'POST', body }))).code, 'invalid_request')
      assert.equal(body.stopped, 1)
      await closed(sockets[0])
    })

  it('that breaks off breaks the exchange off, and says why', async (t) => {
    const why = new Error('The client left.')
    const { ask, sockets } = await rawService(t, () => source.sink?.fail(why))
    const source = new Source(['abc'], undefined, true, false)
    const error = await failure(ask({ method: 'POST', body: source }))
    assert.deepEqual([error.code, error.cause], ['broken', why])
    await closed(sockets[0])
  })

  for (const length of [undefined, 1_000])
    it(`that is answered before its end is sent no further, and its connection not used again (${length})`, async (t) => {
      const { ask, sockets } = await rawService(t, (socket) => socket.write(ok))
      const source = new Source(['abc'], length, true, false)
      assert.equal((await ask({ method: 'POST', body: source })).body, 'ok')
      assert.equal(source.stopped, 1)
      await closed(sockets[0])
      assert.equal((await ask()).body, 'ok')
      assert.equal(sockets.length, 2)
    })

  it('of bytes that is answered before its end is not followed by another request', async (t) => {
    const { ask, sockets } = await rawService(t, (socket) => {
      socket.pause()
      socket.write(ok)
    })
    assert.equal((await ask({ method: 'POST', body: Buffer.alloc(32 * 1_048_576) })).body, 'ok')
    sockets[0]?.resume()
    await closed(sockets[0])
  })
})

/** Gives its parts at once, and its end at once, later or never. */
class Source implements BodySource {
  readonly length: number | undefined
  readonly #parts: readonly string[]
  readonly #later: boolean
  readonly #ends: boolean
  sink: BodySink | undefined
  stopped = 0

  constructor(parts: readonly string[], length?: number, later = false, ends = true) {
    this.#parts = parts
    this.length = length
    this.#later = later
    this.#ends = ends
  }

  start(sink: BodySink): void {
    this.sink = sink
    for (const part of this.#parts) sink.write(Buffer.from(part))
    if (!this.#ends) return
    if (this.#later) setImmediate(() => sink.end())
    else sink.end()
  }

  resume(): void {}

  stop(): void {
    this.stopped += 1
  }
}

/** As many bytes as one takes. */
class Flood implements BodySource {
  readonly length: number
  readonly held = Promise.withResolvers<void>()
  given = 0
  #sink: BodySink | undefined

  constructor(length: number) {
    this.length = length
  }

  start(sink: BodySink): void {
    this.#sink = sink
    this.resume()
  }

  resume(): void {
    const chunk = Buffer.alloc(65_536)
    while (this.given < this.length) {
      this.given += chunk.length
      if (this.#sink?.write(chunk) === false) {
        setTimeout(() => this.held.resolve(), 20)
        return
      }
    }
    this.#sink?.end()
  }

  stop(): void {}
}

/** A service that answers with what it got. */
const echo = async (t: TestContext) => {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    response.end(Buffer.concat(chunks))
  })
  const port = await listen(server)
  t.after(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })
  return connect(t, { origin: `http://127.0.0.1:${port}` })
}
