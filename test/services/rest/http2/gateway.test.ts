import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import {
  type ClientHttp2Stream,
  connect,
  constants,
  createSecureServer,
  createServer,
  type Http2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { makeCertificates } from '../../../support/certificates.ts'
import { layWorkspace, startGateway } from '../../../support/gateway.ts'

describe('a REST service that is spoken to in HTTP/2', () => {
  it('gets requests as any would, and bodies of every size go both ways', async (t) => {
    const { url, sessions, seen } = await gateway(t, echo)
    for (const size of [0, 1, 70_000, 3_000_000]) {
      const sent = randomBytes(size)
      const reply = await fetch(`${url}/x?q=%20y`, {
        method: 'POST',
        body: sent,
        headers: { 'X-Keep': '1', te: 'gzip' },
      })
      assert.equal(reply.status, 200)
      assert.ok(Buffer.from(await reply.arrayBuffer()).equals(sent), `${size} bytes`)
    }
    const { ':method': method, ':path': path, 'x-keep': kept, via, te, connection } = seen[0] ?? {}
    assert.deepEqual(
      [method, path, kept, via, te, connection],
      ['POST', '/x?q=%20y', '1', '1.1 portico', undefined, undefined],
    )
    assert.equal(sessions.length, 1)
  })

  it('serves clients of HTTP/2, so that both sides are', async (t) => {
    const { url } = await gateway(t, echo)
    const client = connect(url)
    t.after(() => client.destroy())
    const sent = randomBytes(2_000_000)
    const stream = client.request({ ':method': 'POST', ':path': '/x' })
    stream.end(sent)
    assert.ok((await bodyOf(stream)).equals(sent))
  })

  it('passes trailers on', async (t) => {
    const { url } = await gateway(t, (stream) => {
      stream.respond({ ':status': 200 }, { waitForTrailers: true })
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': 'abc' })).end('body')
    })
    const client = connect(url)
    t.after(() => client.destroy())
    const stream = client.request({ ':path': '/x', te: 'trailers' }).resume()
    const [trailers] = (await once(stream, 'trailers')) as [Record<string, string>]
    assert.equal(trailers['x-sum'], 'abc')
  })

  it('answers HEAD, 204 and 304 without a body, whatever length they tell', async (t) => {
    const { url } = await gateway(t, (stream, headers) => {
      const status = headers[':method'] === 'HEAD' ? 200 : Number((headers[':path'] ?? '').slice(1))
      stream.respond({ ':status': status, ...(status === 204 ? {} : { 'content-length': '5' }) }, { endStream: true })
    })
    const head = await fetch(`${url}/200`, { method: 'HEAD' })
    assert.deepEqual([head.status, head.headers.get('content-length')], [200, '5'])
    assert.equal((await fetch(`${url}/204`)).status, 204)
    assert.equal((await fetch(`${url}/304`)).status, 304)
  })

  it('shares one connection among many requests at once, and opens another where it takes so many only', async (t) => {
    const { url, sessions } = await gateway(
      t,
      (stream) => void setTimeout(() => stream.respond({ ':status': 200 }, { endStream: true }), 50),
      {
        settings: { maxConcurrentStreams: 4 },
      },
    )
    const replies = await Promise.all(Array.from({ length: 40 }, () => fetch(`${url}/x`)))
    assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([200]))
    assert.ok(sessions.length > 1 && sessions.length <= 8, `${sessions.length} connections`)
  })

  it('is asked once more for what it says it did nothing with', async (t) => {
    let times = 0
    const { url } = await gateway(t, (stream) => {
      times += 1
      if (times === 1) stream.close(constants.NGHTTP2_REFUSED_STREAM)
      else stream.respond({ ':status': 200 }, { endStream: true })
    })
    assert.equal((await fetch(`${url}/x`, { method: 'POST', body: 'small' })).status, 200)
    assert.equal(times, 2)
  })

  it('is not asked again for what it may have done', async (t) => {
    let times = 0
    const { url } = await gateway(t, (stream) => {
      times += 1
      stream.close(constants.NGHTTP2_INTERNAL_ERROR)
    })
    assert.equal((await fetch(`${url}/x`, { method: 'POST', body: 'small' })).status, 502)
    assert.equal(times, 1)
  })

  it('loses no request as it goes away and comes back', async (t) => {
    const { url, sessions } = await gateway(t, (stream) => stream.respond({ ':status': 200 }, { endStream: true }))
    for (let round = 0; round < 5; round += 1) {
      const asked = Array.from({ length: 20 }, () => fetch(`${url}/x`, { method: 'POST', body: 'small' }))
      sessions.at(-1)?.goaway(0)
      assert.deepEqual(new Set((await Promise.all(asked)).map(({ status }) => status)), new Set([200]))
    }
    assert.ok(sessions.length > 1)
  })

  it('is told when the client leaves', async (t) => {
    const left = Promise.withResolvers<number>()
    const { url } = await gateway(t, (stream) => {
      stream.on('error', () => undefined).once('close', () => left.resolve(stream.rstCode))
      stream.respond({ ':status': 200 })
      stream.write('begun')
    })
    const aborter = new AbortController()
    const reply = await fetch(`${url}/x`, { signal: aborter.signal })
    assert.equal(reply.status, 200)
    aborter.abort()
    assert.equal(await left.promise, constants.NGHTTP2_CANCEL)
  })

  it('is held back where the client reads slowly, and others on the connection are not', async (t) => {
    let written = 0
    const { url, sessions } = await gateway(t, (stream, { ':path': path }) => {
      stream.on('error', () => undefined).respond({ ':status': 200 })
      if (path === '/quick') return void stream.end('quick')
      const chunk = Buffer.alloc(64_000)
      const write = (): void => {
        do written += chunk.length
        while (stream.write(chunk) && written < 100_000_000)
        stream.once('drain', write)
      }
      write()
    })
    const slow = httpRequest(`${url}/slow`).end()
    const [reply] = (await once(slow, 'response')) as [IncomingMessage]
    reply.pause()
    await new Promise((resolve) => setTimeout(resolve, 300))
    assert.ok(written < 20_000_000, `${written} bytes were sent to a client that reads none`)
    assert.equal(await (await fetch(`${url}/quick`)).text(), 'quick')
    assert.equal(sessions.length, 1)
    slow.destroy()
  })

  it('fails a request whose answer breaks off, and does not pass half of it on as the whole', async (t) => {
    const { url, sessions } = await gateway(t, (stream) => {
      stream.respond({ ':status': 200 })
      stream.write('half')
      setTimeout(() => sessions[0]?.destroy(), 20)
    })
    await assert.rejects(async () => (await fetch(`${url}/x`)).text())
  })

  it('is composed by BFFs, too', async (t) => {
    const { url } = await gateway(t, (stream, headers) => {
      assert.equal(headers.accept, 'application/json')
      stream.respond({ ':status': 200, 'content-type': 'application/json' })
      stream.end('{"text":"hello"}')
    })
    const reply = await fetch(`${url}/app/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"query":"{ word { text } }"}',
    })
    assert.deepEqual(await reply.json(), { data: { word: { text: 'hello' } } })
  })

  it('is spoken to so over TLS where it agrees, and not reached where it does not', async (t) => {
    const { ca, certificate, key } = makeCertificates()
    const tls = { cert: readFileSync(certificate), key: readFileSync(key) }
    const { url } = await gateway(t, echo, { tls, ca })
    assert.equal(await (await fetch(`${url}/x`, { method: 'POST', body: 'secret' })).text(), 'secret')
    const old = createHttpsServer(tls, (_request, response) => response.end())
    const other = await gatewayTo(t, await portOf(t, old), ca)
    assert.equal((await fetch(`${other}/x`)).status, 502)
  })
})

type Answer = (stream: ServerHttp2Stream, headers: Readonly<Record<string, string | undefined>>) => void

const echo: Answer = (stream) => {
  stream.respond({ ':status': 200 })
  stream.pipe(stream)
}

const bodyOf = async (stream: ClientHttp2Stream): Promise<Buffer> => {
  const parts: Buffer[] = []
  for await (const part of stream as AsyncIterable<Buffer>) parts.push(part)
  return Buffer.concat(parts)
}

type Listening = { listen(port: number, host: string): unknown; address(): unknown; close(): unknown }

const portOf = async (t: TestContext, server: Listening): Promise<number> => {
  server.listen(0, '127.0.0.1')
  await once(server as unknown as Http2Server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

type Settings = {
  readonly settings?: { readonly maxConcurrentStreams: number }
  readonly tls?: { readonly cert: Buffer; readonly key: Buffer }
  readonly ca?: string
}

/** A gateway before a service of HTTP/2. */
const gateway = async (t: TestContext, answer: Answer, { settings = {} as never, tls, ca }: Settings = {}) => {
  const server = tls === undefined ? createServer({ settings }) : createSecureServer({ settings, ...tls })
  const sessions: ServerHttp2Session[] = []
  const seen: Readonly<Record<string, string | undefined>>[] = []
  server.on('session', (session) => void sessions.push(session.on('error', () => undefined)))
  server.on('stream', (stream, headers) => {
    seen.push(headers as Record<string, string>)
    answer(
      stream.on('error', () => undefined),
      headers as Record<string, string>,
    )
  })
  const port = await portOf(t, server)
  t.after(() => {
    for (const session of sessions) session.destroy()
  })
  return { url: await gatewayTo(t, port, ca), sessions, seen }
}

const gatewayTo = async (t: TestContext, port: number, ca: string | undefined): Promise<string> => {
  const tls = ca === undefined ? '' : `tls: { ca: ${ca}, serverName: probe.test }`
  const workspace = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
services:
  words:
    rest: ${ca === undefined ? 'http' : 'https'}://127.0.0.1:${port}
    http2: true
    identity: none
    ${tls}
bffs:
  app: { prefix: /app, schema: app.graphql, graphql: true }
routes:
  - { path: /*, service: words, maxBody: 100MiB }
`,
    'app.graphql':
      'type Query { word: Word @rest(service: "words", get: "/words/one") }\ntype Word { text: String! }\n',
  })
  const { url, close } = await startGateway(workspace.dir, { development: true })
  t.after(async () => {
    await close()
    await workspace.remove()
  })
  return url
}
