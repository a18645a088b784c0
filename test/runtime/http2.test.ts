import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { type ClientHttp2Session, connect, constants, type OutgoingHttpHeaders } from 'node:http2'
import { connect as connectTcp } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { exchangeBytes, startService } from '../routes/proxy/support/gateway.ts'
import {
  ack,
  block,
  endHeaders,
  endStream,
  frame,
  framesIn,
  type PeerFrame,
  settings,
  uint32,
} from '../services/http2/support/frames.ts'
import { layWorkspace, startGateway } from '../support/gateway.ts'
import { ownMs } from '../support/own-time.ts'
import { still } from '../support/until.ts'

describe('HTTP/2 from clients', () => {
  it('is spoken on the port of HTTP/1.1, for proxied requests of every shape', async (t) => {
    const { session, url } = await gateway(t)
    for (const [headers, body] of [
      [{ ':path': '/words/a?x=%20' }, undefined],
      [{ ':path': '/words/a', ':method': 'POST' }, 'x'.repeat(300_000)],
      [{ ':path': '/words/a', ':method': 'POST', 'content-length': '5' }, 'hello'],
      [{ ':path': '/words/a', ':method': 'POST' }, ''],
    ] as const) {
      const { status, text } = await ask(session, headers, body)
      assert.equal(status, 200)
      assert.equal(JSON.parse(text).length, body?.length ?? 0)
      assert.equal(JSON.parse(text).url, headers[':path'])
    }
    assert.equal((await fetch(`${url}/words/a`)).status, 200)
  })

  it('reaches services as HTTP/1.1 does: the authority as Host, cookies in one line, nothing of the transport', async (t) => {
    const { session, url } = await gateway(t)
    const { text } = await ask(session, {
      ':path': '/words/a',
      cookie: ['a=1', 'b=2'],
      te: 'trailers',
      'x-forwarded-for': '6.6.6.6',
      'x-user': '1',
    })
    const { headers } = JSON.parse(text) as { readonly headers: readonly string[] }
    const { host } = new URL(url)
    assert.deepEqual(headers.filter((_each, i) => i % 2 === 0).toSorted(), [
      'connection',
      'cookie',
      'host',
      'via',
      'x-forwarded-for',
      'x-forwarded-host',
      'x-forwarded-proto',
    ])
    for (const [name, value] of [
      ['cookie', 'a=1; b=2'],
      ['via', '2.0 portico'],
      ['x-forwarded-for', '127.0.0.1'],
      ['x-forwarded-host', host],
    ] as const)
      assert.equal(headers[headers.indexOf(name) + 1], value)
  })

  it('answers as HTTP/1.1 does: several cookies, no headers of a connection, problems', async (t) => {
    const { session } = await gateway(t, (_request, response) => {
      response.setHeader('set-cookie', ['a=1', 'b=2']).setHeader('keep-alive', 'timeout=9').end('x')
    })
    const { status, headers } = await ask(session, { ':path': '/words/a' })
    assert.deepEqual([status, headers['set-cookie'], headers['keep-alive']], [200, ['a=1', 'b=2'], undefined])
    const refused = await ask(session, { ':path': '/nowhere' })
    assert.equal(refused.status, 404)
    assert.equal(JSON.parse(refused.text).code, 'NOT_FOUND')
    assert.equal((await ask(session, { ':path': '/words/%2e%2e/%2e%2e/a' })).status, 400)
  })

  it('carries GraphQL and endpoints', async (t) => {
    const { session } = await gateway(t, (_request, response) => {
      response.setHeader('content-type', 'application/json').end('{"text":"a"}')
    })
    const posted = await ask(
      session,
      { ':path': '/app/graphql', ':method': 'POST', 'content-type': 'application/json' },
      JSON.stringify({ query: '{ word { text } }' }),
    )
    assert.equal(posted.text, '{"data":{"word":{"text":"a"}}}')
  })

  it('resets an answer that broke off, so that half of it is never taken for the whole', async (t) => {
    const { session } = await gateway(t, (_request, response) => {
      response.write('half')
      setImmediate(() => response.destroy())
    })
    const stream = session.request({ ':path': '/words/a' }).on('error', () => {})
    const closed = new Promise((resolve) => stream.once('close', resolve))
    stream.resume()
    await closed
    assert.equal(stream.rstCode, constants.NGHTTP2_INTERNAL_ERROR)
  })

  it('calls the service off when the client resets its request', async (t) => {
    const asked = Promise.withResolvers<void>()
    const left = Promise.withResolvers<void>()
    const { session } = await gateway(t, (request, _response) => {
      request.socket.once('close', () => left.resolve())
      asked.resolve()
    })
    const stream = session.request({ ':path': '/words/a' })
    await asked.promise
    stream.close(constants.NGHTTP2_CANCEL)
    assert.ok((await ownMs(left.promise)) < 1_000)
  })

  it('ends gracefully: what was begun is answered, and the client is told to go', async (t) => {
    const asked = Promise.withResolvers<() => void>()
    const { session, close } = await gateway(t, (_request, response) => asked.resolve(() => response.end('late')))
    const answer = ask(session, { ':path': '/words/a' })
    const finish = await asked.promise
    const gone = once(session, 'goaway')
    const closed = close()
    await gone
    finish()
    assert.equal((await answer).text, 'late')
    await closed
  })

  it('tells a client that still sends, once it is answered, that nobody reads any more, and cuts no answer short', async (t) => {
    const text = 'x'.repeat(300_000)
    const { session } = await gateway(t, (_request, response) => response.end(text))
    for (const [path, status, length] of [
      ['/nowhere', 404, undefined],
      ['/words/a', 200, text.length],
    ] as const) {
      const stream = session.request({ ':path': path, ':method': 'POST', expect: '100-continue' }, { endStream: false })
      stream.write('some')
      const closed = once(stream, 'close')
      let received = 0
      stream.on('data', (chunk: Buffer) => {
        received += chunk.length
      })
      const [head] = await once(stream, 'response')
      await closed
      assert.deepEqual([head[':status'], stream.rstCode], [status, constants.NGHTTP2_NO_ERROR])
      assert.equal(received, length ?? received)
    }
  })

  it('closes though a client never reads its refusal nor hangs up', async (t) => {
    const { session, close } = await gateway(t)
    const stream = session.request({ ':path': '/nowhere', ':method': 'POST' }, { endStream: false })
    await once(stream, 'response')
    stream.close()
    await close()
  })

  it('closes at once while connections say nothing', async (t) => {
    const { port, close } = await gateway(t)
    const silent = connectTcp(port, '127.0.0.1').on('error', () => {})
    await once(silent, 'connect')
    await fetch(`http://127.0.0.1:${port}/words/a`)
    const gone = once(silent, 'close')
    await close()
    await gone
  })

  it('tells its first line from those of HTTP/1.1, in whatever pieces they come', async (t) => {
    const { port } = await gateway(t)
    const whole = 'PUT /words/a HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab'
    for (const at of [1, 2, 3, 10]) {
      const socket = connectTcp(port, '127.0.0.1').setNoDelay().setEncoding('latin1')
      let answer = ''
      socket.on('data', (chunk: string) => {
        answer += chunk
      })
      socket.write(whole.slice(0, at))
      setTimeout(() => socket.write(whole.slice(at)), 20)
      await once(socket, 'close')
      assert.match(answer, /^HTTP\/1\.1 200 /)
    }
    const frames = await exchange(
      port,
      [...preface].map((byte) => Buffer.from([byte])),
    )
    assert.equal(frames[0]?.type, 'settings')
    assert.match(await exchangeBytes(port, 'PRI * HTTP/1.1\r\nHost: a\r\n\r\n'), /^HTTP\/1\.1 400 /)
  })

  it('answers in HTTP/1.1 whoever asks to go over to HTTP/2 by Upgrade', async (t) => {
    const { port } = await gateway(t)
    const answer = await exchangeBytes(
      port,
      'GET /words/a HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\n',
    )
    assert.match(answer, /^HTTP\/1\.1 200 /)
    assert.doesNotMatch(answer, /http2-settings/i)
  })
})

describe('HTTP/2 from hostile clients', () => {
  const malformed: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
    'a header of the connection': [['connection', 'x-user']],
    'a transfer coding': [['transfer-encoding', 'chunked']],
    'TE beside trailers': [['te', 'gzip']],
    'a name in upper case': [['X-A', '1']],
    'a second method': [[':method', 'GET']],
    'two lengths': [
      ['content-length', '1'],
      ['content-length', '2'],
    ],
  }
  for (const [what, fields] of Object.entries(malformed))
    it(`never passes ${what} on`, async (t) => {
      const { port, seen } = await gateway(t)
      const frames = await exchange(port, [preface, settings(), requestOf(1, fields)])
      assert.ok(
        frames.some(({ type }) => type === 'rstStream' || type === 'goaway'),
        JSON.stringify(frames.map(({ type }) => type)),
      )
      assert.deepEqual(seen, [])
    })

  it('drops a header whose value has a line break', async (t) => {
    const { port } = await gateway(t)
    const frames = await exchange(port, [preface, settings(), requestOf(1, [['x-a', '1\r\nx-b: 1']])])
    const answer = String(frames.find(({ type }) => type === 'data')?.payload)
    assert.match(answer, /"via"/)
    assert.doesNotMatch(answer, /x-[ab]/)
  })

  it('refuses two different hosts', async (t) => {
    const { port, seen } = await gateway(t)
    const frames = await exchange(port, [preface, settings(), requestOf(1, [['host', 'b.example']])])
    assert.match(String(frames.find(({ type }) => type === 'data')?.payload), /more than one Host/)
    assert.deepEqual(seen, [])
  })

  for (const [what, sent] of [
    ['more', 'abcdef'],
    ['less', 'ab'],
  ] as const)
    it(`resets a request whose body has ${what} than its length says`, async (t) => {
      const { port, seen } = await gateway(t)
      const head = frame('headers', {
        flags: endHeaders,
        id: 1,
        payload: block([...pseudo('POST'), ['content-length', '4']]),
      })
      const body = frame('data', { flags: endStream, id: 1, payload: Buffer.from(sent) })
      const frames = await exchange(port, [preface, settings(), head, body])
      assert.ok(frames.some(({ type }) => type === 'rstStream' || type === 'goaway'))
      assert.deepEqual(seen, [])
    })

  it('refuses headers larger than limits.headers, from clients that acknowledge settings or not', async (t) => {
    const { port, seen } = await gateway(t)
    const fields = Array.from({ length: 12 }, (_each, i) => [`x-${i}`, 'a'.repeat(1_200)] as const)
    const large = requestOf(1, fields)
    const refused = await exchange(port, [preface, settings(), large])
    assert.match(String(refused.find(({ type }) => type === 'data')?.payload), /"status":431/)
    const reset = await exchange(port, [preface, settings(), frame('settings', { flags: ack }), large])
    assert.equal(reset.find(({ type }) => type === 'rstStream')?.payload.readUInt32BE(), enhanceYourCalm)
    assert.deepEqual(seen, [])
  })

  it('sends away who never ends its headers', async (t) => {
    const { port } = await gateway(t)
    const begin = frame('headers', { id: 1, payload: block(pseudo('GET')) })
    const more = frame('continuation', { id: 1, payload: block([['x-a', 'b']]) })
    const frames = await exchange(port, [preface, settings(), begin, ...Array.from({ length: 2_000 }, () => more)])
    assert.equal(frames.at(-1)?.type, 'goaway')
  })

  it('sends away who opens requests only to reset them', async (t) => {
    const { port, seen } = await gateway(t)
    const pairs = Array.from({ length: 4_000 }, (_each, i) => [
      requestOf(2 * i + 1),
      frame('rstStream', { id: 2 * i + 1, payload: uint32(constants.NGHTTP2_CANCEL) }),
    ])
    const frames = await exchange(port, [preface, settings(), ...pairs.flat()])
    assert.equal(frames.at(-1)?.type, 'goaway')
    assert.ok(seen.length < 1_200)
  })

  it('takes no more than 128 requests at a time from one connection', async (t) => {
    const { session } = await gateway(t, () => {})
    if (session.remoteSettings.maxConcurrentStreams !== 128) await once(session, 'remoteSettings')
    assert.equal(session.remoteSettings.maxConcurrentStreams, 128)
  })
})

const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
const enhanceYourCalm = constants.NGHTTP2_ENHANCE_YOUR_CALM

const pseudo = (method: string): readonly (readonly [string, string])[] => [
  [':method', method],
  [':scheme', 'http'],
  [':path', '/words/a'],
  [':authority', 'a.example'],
]

const requestOf = (id: number, fields: readonly (readonly [string, string])[] = []): Buffer =>
  frame('headers', { flags: endHeaders | endStream, id, payload: block([...pseudo('GET'), ...fields]) })

/** Sends bytes as they are, and gives back the frames that come until the gateway closes or says nothing more for a while. */
const exchange = async (port: number, parts: readonly Buffer[]): Promise<readonly PeerFrame[]> => {
  const socket = connectTcp(port, '127.0.0.1').setNoDelay()
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => {})
  const closed = new Promise((resolve) => socket.once('close', resolve))
  const first = once(socket, 'data')
  for (const part of parts) socket.write(part)
  await Promise.race([closed, first.then(() => still(() => chunks.length))])
  socket.destroy()
  return framesIn(Buffer.concat(chunks)).frames
}

const ask = async (session: ClientHttp2Session, headers: OutgoingHttpHeaders, body?: string) => {
  const stream = session.request(headers, { endStream: body === undefined })
  let text = ''
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  if (body !== undefined) stream.end(body)
  const ended = once(stream, 'end')
  const [head] = await once(stream, 'response')
  await ended
  return { status: head[':status'] as number, headers: head as Record<string, unknown>, text }
}

/** A gateway over one service, which tells by default what it was asked. */
const gateway = async (t: TestContext, answer?: RequestListener) => {
  const seen: string[] = []
  const { origin } = await startService(t, (request, response) => {
    seen.push(request.url ?? '')
    if (answer !== undefined) return answer(request, response)
    let length = 0
    request.on('data', (chunk: Buffer) => {
      length += chunk.length
    })
    request.on('end', () => response.end(JSON.stringify({ url: request.url, length, headers: request.rawHeaders })))
  })
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
drain: 2s
limits: { headers: 8KiB }
services: { words: { rest: "${origin}", identity: forward } }
bffs: { app: { prefix: /app, schema: app.graphql, graphql: true } }
routes: [{ path: /words/*, service: words }]
`,
    'app.graphql':
      'type Query {\n  word: Word @rest(service: "words", get: "/words/one")\n}\ntype Word {\n  text: String!\n}\n',
  })
  const { url, close } = await startGateway(dir)
  const session = connect(url).on('error', () => {})
  t.after(async () => {
    session.destroy()
    await close()
    await remove()
  })
  return { url, port: Number(new URL(url).port), session, seen, close }
}
