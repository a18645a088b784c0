import assert from 'node:assert/strict'
import { once } from 'node:events'
import {
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
} from 'node:http'
import { createServer as createSocketServer, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import type { ProblemJson } from '../../../src/kernel/problem.ts'
import { type GatewaySettings, listen, startGateway, startService } from './support/gateway.ts'

describe('a proxy route', () => {
  it('answers its prefix and all below, and nothing else', async (t) => {
    const { get, seen } = await echo(t)
    for (const path of ['/users', '/users/', '/users/7', '/users/7/orders']) assert.equal((await get(path)).status, 200)
    for (const path of ['/usersx', '/', '/user']) assert.equal((await get(path)).status, 404)
    assert.deepEqual(
      seen.map(({ url }) => url),
      ['/users', '/users/', '/users/7', '/users/7/orders'],
    )
  })

  it('passes every method on with its body, and the answer back', async (t) => {
    const { send, seen } = await echo(t)
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      const reply = await send('/users', { method, headers: { 'content-type': 'text/odd' }, body: `body of ${method}` })
      assert.deepEqual([reply.status, reply.body], [200, `body of ${method}`])
    }
    assert.deepEqual(
      seen.map(({ headers }) => headers['content-length']),
      ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].map((method) => String(`body of ${method}`.length)),
    )
  })

  it('removes the fixed part of the path where told, and puts the base path before', async (t) => {
    const { get, seen } = await echo(t, { route: { rewrite: stripped }, service: { basePath: '/v1' } })
    for (const path of ['/users', '/users/', '/users/7?x=1']) await get(path)
    assert.deepEqual(
      seen.map(({ url }) => url),
      ['/v1/', '/v1/', '/v1/7?x=1'],
    )
  })

  it('passes the query on byte by byte', async (t) => {
    const { get, seen } = await echo(t)
    const query = '?a=b%20c&a=2&&sig=%2f%2F+x&e=%e9&list[]=1&u={x}|"'
    await get(`/users/1${query}`)
    assert.equal(seen[0]?.url, `/users/1${query}`)
  })

  it('asks the service for the canonical path, and refuses what has none', async (t) => {
    const { get, seen } = await echo(t, { route: { path: '/users/*' } })
    for (const path of ['/users/./7', '/x/../users/7', '/users/%37', '/x/%2e%2e/users//7', '/%75sers/7'])
      assert.equal((await get(path)).status, 200, path)
    assert.deepEqual(new Set(seen.map(({ url }) => url)), new Set(['/users/7']))
    for (const path of ['//users/7', '/users/..%2fadmin', '/users/a%2Fb', '/users/%00', '/users\\7', '/users/../../x'])
      assert.equal((await get(path)).status, 400, path)
    assert.equal((await get('/users/../admin')).status, 404)
    assert.equal((await get('/users;x')).status, 404)
    assert.equal(seen.length, 5)
  })

  it('replaces forwarding headers with what it knows itself', async (t) => {
    const { send, seen, host } = await echo(t)
    await send('/users', {
      headers: {
        'x-forwarded-for': '6.6.6.6',
        'x-forwarded-host': 'evil',
        forwarded: 'for=6.6.6.6',
        'x-real-ip': '6.6.6.6',
      },
    })
    const headers = seen[0]?.headers ?? {}
    assert.deepEqual(
      ['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'forwarded', 'x-real-ip', 'via'].map(
        (n) => headers[n],
      ),
      ['127.0.0.1', host, 'http', undefined, undefined, '1.1 portico'],
    )
    assert.notEqual(headers.host, host)
  })

  it('keeps the verified chain of a trusted proxy', async (t) => {
    const { send, seen } = await echo(t, { trustProxy: ['127.0.0.0/8', '10.0.0.0/8'] })
    await send('/users', {
      headers: {
        'x-forwarded-for': '6.6.6.6, 192.0.2.7, 10.1.1.1',
        'x-forwarded-host': 'shop.example',
        'x-forwarded-proto': 'https',
      },
    })
    const headers = seen[0]?.headers ?? {}
    assert.equal(headers['x-forwarded-for'], '192.0.2.7, 10.1.1.1, 127.0.0.1')
    assert.deepEqual([headers['x-forwarded-host'], headers['x-forwarded-proto']], ['shop.example', 'https'])
  })

  it('keeps cookies apart and lets policies’ headers win', async (t) => {
    const { get } = await gateway(t, {
      answer: (_, response) =>
        response.writeHead(200, ['set-cookie', 'a=1', 'set-cookie', 'b=2', 'x-limit', '9', 'vary', 'accept']).end('x'),
      hooks: {
        onRequest: (_request, reply, done) => {
          reply.header('x-limit', '1').header('vary', 'origin')
          done()
        },
      },
    })
    const { headers } = await get('/users')
    assert.deepEqual(headers['set-cookie'], ['a=1', 'b=2'])
    assert.deepEqual([headers['x-limit'], headers.vary], ['1', 'accept, origin'])
  })

  it('runs policies before anything reaches the service', async (t) => {
    const { get, seen } = await echo(t, {
      hooks: { onRequest: (_request, reply, _done) => void reply.code(401).send({ code: 'UNAUTHENTICATED' }) },
    })
    assert.equal((await get('/users')).status, 401)
    assert.equal(seen.length, 0)
  })

  it('sends no body with HEAD, 204 and 304', async (t) => {
    const { send } = await gateway(t, {
      answer: (request, response) => {
        const status = Number(request.url?.split('/')[2])
        response.writeHead(status, { etag: '"x"', ...(status === 200 ? { 'content-length': 5 } : {}) }).end()
      },
    })
    const head = await send('/users/200', { method: 'HEAD' })
    assert.deepEqual([head.status, head.headers['content-length'], head.body], [200, '5', ''])
    for (const status of [204, 304]) {
      const reply = await send(`/users/${status}`)
      assert.deepEqual([reply.status, reply.body, reply.headers['transfer-encoding']], [status, '', undefined])
    }
  })

  it('passes redirects back, and its own address in them never', async (t) => {
    const { get } = await gateway(t, {
      answer: (request, response) => {
        const to: Record<string, string> = {
          '/v1/own': `http://${request.headers.host}/v1/next?x=1`,
          '/v1/path': '/v1/next',
          '/v1/other': 'https://other.example/v1/next',
        }
        response.writeHead(302, { location: to[request.url ?? ''] ?? '' }).end()
      },
      route: { rewrite: stripped },
      service: { basePath: '/v1' },
    })
    assert.equal((await get('/users/own')).headers.location, '/users/next?x=1')
    assert.equal((await get('/users/path')).headers.location, '/users/next')
    assert.equal((await get('/users/other')).headers.location, 'https://other.example/v1/next')
  })

  it('passes on what a service says of errors, problems or not', async (t) => {
    const { get } = await gateway(t, { answer: (_, response) => response.writeHead(500, { 'x-a': 'b' }).end('oh no') })
    const reply = await get('/users')
    assert.deepEqual([reply.status, reply.headers['x-a'], reply.body], [500, 'b', 'oh no'])
  })

  it('answers 100 to a client that waits for it before it sends its body', async (t) => {
    const { origin } = await echo(t)
    const request = httpRequest(`${origin}/users`, {
      method: 'POST',
      headers: { expect: '100-continue', 'content-length': 3 },
    })
    request.flushHeaders()
    await once(request, 'continue')
    request.end('abc')
    const [response] = await once(request, 'response')
    assert.equal(await text(response), 'abc')
  })

  for (const length of ['declared', 'chunked'] as const)
    it(`answers 413 to a body over the limit (${length})`, async (t) => {
      const { send, origin } = await echo(t, { route: { maxBodyBytes: 100_000 } })
      const reply = await send('/users', { method: 'POST', body: 'x'.repeat(150_000), chunked: length === 'chunked' })
      assert.deepEqual([reply.status, problemOf(reply).code], [413, 'RESOURCE_EXHAUSTED'])
      assert.equal((await send('/users', { method: 'POST', body: 'x'.repeat(100_000) })).status, 200, origin)
    })

  it('takes the answer that came while the gateway itself was held up past the time', async (t) => {
    const timeoutMs = 600
    const { get } = await gateway(t, {
      answer: (_request, response) => {
        response.end('here')
        for (const end = performance.now() + timeoutMs + 50; performance.now() < end; );
      },
      route: { timeoutMs },
    })
    assert.equal((await get('/users/u-1')).status, 200)
  })

  it('answers 504 where the service does not begin to answer in time', async (t) => {
    const { get, sockets } = await gateway(t, { answer: () => {}, route: { timeoutMs: 50 } })
    const reply = await get('/users')
    assert.deepEqual([reply.status, problemOf(reply).detail], [504, 'Service users did not answer in time.'])
    await Promise.all(sockets.map(async (socket) => socket.destroyed || once(socket, 'close')))
  })

  it('lets an answer take longer than the time to begin it', async (t) => {
    const more = Promise.withResolvers<void>()
    const { origin } = await gateway(t, {
      answer: (_, response) => {
        response.write('a')
        void more.promise.then(() => response.end('b'))
      },
      route: { timeoutMs: 5_000 },
    })
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const [response] = await once(httpRequest(`${origin}/users`).end(), 'response')
    t.mock.timers.tick(6_000)
    more.resolve()
    assert.equal(await text(response), 'ab')
  })

  it('sends the head and first chunk of a slow stream at once', async (t) => {
    const more = Promise.withResolvers<void>()
    const { origin } = await gateway(t, {
      answer: (_, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
        void more.promise.then(() => response.end('data: 1\n\n'))
      },
    })
    const request = httpRequest(`${origin}/users`).end()
    const [response] = await once(request, 'response')
    more.resolve()
    assert.equal(await text(response), 'data: 1\n\n')
  })

  it('sends a head at once, though the body that it declares is still to come', async (t) => {
    const { origin } = await startService(t, (_, response) => {
      response.setHeader('content-length', 5)
      response.flushHeaders()
    })
    const gateway = await startGateway(t, { origin })
    const answer = await fetch(`${gateway.origin}/users`)
    assert.equal(answer.headers.get('content-length'), '5')
    await answer.body?.cancel()
  })

  it('breaks an answer off after five minutes in which nothing of it came', async (t) => {
    const { origin } = await startService(t, (_, response) => void response.write('half'))
    const gateway = await startGateway(t, { origin })
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const [response] = (await once(httpRequest(`${gateway.origin}/users`).end(), 'response')) as [IncomingMessage]
    let broken = false
    response.once('error', () => (broken = true)).resume()
    await once(response, 'data')
    t.mock.timers.tick(299_999)
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(broken, false)
    t.mock.timers.tick(1)
    await assert.rejects(once(response, 'end'), { code: 'ECONNRESET' })
  })

  it('answers 502 where nobody listens, and never says where', async (t) => {
    const { get } = await gateway(t, { origin: 'http://127.0.0.1:1' })
    const reply = await get('/users')
    assert.deepEqual([reply.status, problemOf(reply).detail], [502, 'Service users could not be reached.'])
    assert.doesNotMatch(reply.body, /127\.0\.0\.1/)
  })

  const broken: Readonly<Record<string, string>> = {
    'hangs up at once': '',
    'speaks no HTTP': 'SSH-2.0-OpenSSH\r\n\r\n',
    'sends half a head': 'HTTP/1.1 200 OK\r\ncontent-',
    'sends an invalid header': 'HTTP/1.1 200 OK\r\nx: a\u0001b\r\ncontent-length: 2\r\n\r\nok',
    'sends two lengths': 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok',
  }
  for (const [what, bytes] of Object.entries(broken))
    it(`answers 502 where the service ${what}`, async (t) => {
      const { get } = await gateway(t, { raw: (socket) => socket.end(bytes) })
      const reply = await get('/users')
      assert.deepEqual([reply.status, problemOf(reply).code], [502, 'UNAVAILABLE'])
    })

  it('asks a GET once more where a kept-alive connection closes under it, a POST never', async (t) => {
    const answer = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'
    let hangUp = false
    let requests = 0
    const { get, send } = await gateway(t, {
      raw: (socket) => {
        requests += 1
        if (hangUp) socket.destroy()
        else socket.write(answer)
        hangUp = false
      },
    })
    await get('/users')
    hangUp = true
    assert.equal((await get('/users')).body, 'ok')
    assert.equal(requests, 3)
    hangUp = true
    assert.equal((await send('/users', { method: 'POST', body: 'x' })).status, 502)
    assert.equal(requests, 4)
  })

  it('refuses what finds no slot and no place in the queue, and frees slots when answers end', async (t) => {
    const arrived = Promise.withResolvers<() => void>()
    const { get } = await gateway(t, {
      answer: (_, response) => arrived.resolve(() => response.end('late')),
      service: { concurrency: { max: 1, queue: 0 } },
    })
    const first = get('/users')
    const release = await arrived.promise
    assert.equal((await get('/users')).status, 503)
    release()
    assert.equal((await first).body, 'late')
  })

  it('gives no slot to a client that is slow to send a small body', async (t) => {
    const { get, origin } = await echo(t, { service: { concurrency: { max: 1, queue: 0 } } })
    const slow = httpRequest(`${origin}/users`, { method: 'POST', headers: { 'content-length': 3 } })
    await new Promise((resolve) => slow.write('a', resolve))
    assert.equal((await get('/users')).status, 200)
    slow.end('bc')
    const [response] = await once(slow, 'response')
    assert.equal(await text(response), 'abc')
  })

  it('takes thousands of routes', async (t) => {
    const more = Array.from({ length: 3_000 }, (_, i) => `/r${i}/*`)
    const { get } = await echo(t, { more })
    assert.equal((await get('/r2999/x')).status, 200)
  })
})

type Reply = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string }
type Sent = { method?: string; headers?: OutgoingHttpHeaders; body?: string; chunked?: boolean }
type Seen = {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: IncomingHttpHeaders
}

const problemOf = (reply: Reply): ProblemJson => {
  assert.match(reply.headers['content-type'] ?? '', /^application\/problem\+json/)
  return JSON.parse(reply.body) as ProblemJson
}

const text = async (response: AsyncIterable<Buffer>): Promise<string> => {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

/** A gateway before a service that answers as given: by a listener, by raw bytes, or from somewhere else. */
const gateway = async (
  t: TestContext,
  {
    answer,
    raw,
    ...settings
  }: Partial<GatewaySettings> & {
    answer?: Parameters<typeof startService>[1]
    raw?: (socket: Socket) => void
  },
) => {
  let origin = settings.origin
  let sockets: readonly Socket[] = []
  if (answer !== undefined) ({ origin, sockets } = await startService(t, answer))
  if (raw !== undefined) {
    const server = createSocketServer((socket) => socket.on('error', () => {}).on('data', () => raw(socket)))
    origin = await listen(server)
    t.after(() => server.close())
  }
  const started = await startGateway(t, { ...settings, origin: origin as string })
  const send = async (
    path: string,
    { method = 'GET', headers = {}, body, chunked = false }: Sent = {},
  ): Promise<Reply> => {
    const length = body === undefined || chunked ? {} : { 'content-length': Buffer.byteLength(body) }
    const request = httpRequest({ port: started.port, path, method, headers: { ...length, ...headers } })
    request.end(body)
    const [response] = await once(request, 'response')
    return { status: response.statusCode, headers: response.headers, body: await text(response) }
  }
  return { ...started, sockets, send, get: (path: string) => send(path), host: `localhost:${started.port}` }
}

/** A gateway before a service that answers with the body it got. */
const echo = async (t: TestContext, settings: Partial<GatewaySettings> = {}) => {
  const seen: Seen[] = []
  const started = await gateway(t, {
    ...settings,
    answer: async (request, response) => {
      const { method, url, headers } = request
      seen.push({ method, url, headers })
      response.end(await text(request))
    },
  })
  return { ...started, seen }
}

/** As `stripPrefix` makes it. */
const stripped = { text: '/*', segments: [], restFrom: 1 }
