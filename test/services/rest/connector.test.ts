import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createSocketServer, type Socket } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { gzipSync } from 'node:zlib'
import { systemClock } from '../../../src/kernel/clock.ts'
import { Problem } from '../../../src/kernel/problem.ts'
import type { CallContext } from '../../../src/services/call.ts'
import { createResources } from '../../../src/services/resources.ts'
import { connectRest } from '../../../src/services/rest/connector.ts'
import type { RestInput } from '../../../src/services/rest/request.ts'
import type { RestService } from '../../../src/services/service.ts'
import { targetsAt } from '../../support/targets.ts'
import { certificate, key } from './support/certificate.ts'

describe('connectRest', () => {
  it('sends method, path below the base path, headers and JSON, and gives back the answer’s JSON', async (t) => {
    const { call, seen } = await service(t, json(201, '{"ok":true}'), { basePath: '/base' })
    const body = { id: JSON.parse('1') as number, big: rawNumber('9007199254740993') }
    const reply = await call({ method: 'POST', path: '/a%20b?x=1&x=2', headers: [['x-one', '1']], body })
    assert.deepEqual(reply, { output: { ok: true }, status: 201 })
    assert.equal(seen[0]?.method, 'POST')
    assert.equal(seen[0]?.url, '/base/a%20b?x=1&x=2')
    assert.equal(seen[0]?.body, '{"id":1,"big":9007199254740993}')
    assert.deepEqual(
      ['x-one', 'accept', 'accept-encoding', 'user-agent', 'content-type', 'content-length', 'transfer-encoding'].map(
        (name) => seen[0]?.headers[name],
      ),
      ['1', 'application/json', 'identity', 'portico', 'application/json', '31', undefined],
    )
  })

  it('passes Authorization on only where the service gets the caller’s identity, trace headers always', async (t) => {
    const forward = { authorization: 'Bearer a', traceparent: '00-a-b-01', tracestate: 'x=y' }
    for (const identity of ['forward', 'none'] as const) {
      const { call, seen } = await service(t, json(200, '{}'), { identity })
      await call({}, { forward })
      assert.equal(seen[0]?.headers.authorization, identity === 'forward' ? 'Bearer a' : undefined)
      assert.equal(seen[0]?.headers.traceparent, '00-a-b-01')
      assert.equal(seen[0]?.headers.tracestate, 'x=y')
    }
  })

  it('keeps the digits of numbers as far as it is asked to', async (t) => {
    const { call } = await service(t, json(200, '{"id":9007199254740993,"price":1.10}'))
    assert.equal(JSON.stringify((await call({ exact: 'all' })).output), '{"id":9007199254740993,"price":1.10}')
    assert.match(JSON.stringify((await call({ exact: 'integers' })).output), /"id":9007199254740993/)
  })

  it('puts an answer of many chunks together, characters cut in two included', async (t) => {
    const { call } = await service(t, (_, response) => {
      const bytes = Buffer.from(`["${'é'.repeat(50_000)}"]`)
      response.setHeader('content-type', 'application/json; charset=utf-8')
      response.write(bytes.subarray(0, 3))
      setImmediate(() => response.end(bytes.subarray(3)))
    })
    assert.equal(((await call({})).output as string[])[0]?.length, 50_000)
  })

  for (const length of [10_000, 20_000, 500_000, 2_000_000])
    it(`puts an answer of ${length} bytes together, its length declared`, async (t) => {
      const text = Array.from({ length: length / 10 }, (_, index) => String(index).padStart(10)).join('')
      const { call } = await service(t, json(200, JSON.stringify([text]), { 'content-length': `${length + 4}` }), {
        maxAnswerBytes: 5_000_000,
      })
      for (let count = 0; count < 2; count += 1) assert.ok(((await call({})).output as string[])[0] === text)
    })

  it('gives null for 204, 205 and an empty body', async (t) => {
    for (const status of [200, 202, 204, 205]) {
      const { call } = await service(t, (_, response) => response.writeHead(status).end())
      assert.deepEqual(await call({}), { output: null, status })
    }
  })

  const notJson: Readonly<Record<string, RequestListener>> = {
    'HTML with 200': (_, response) => response.setHeader('content-type', 'text/html').end('<p>secret</p>'),
    'no content type': (_, response) => response.end('{}'),
    'half JSON': json(200, '{"a":'),
    'another charset': (_, response) =>
      response.setHeader('content-type', 'application/json; charset=utf-16').end('{}'),
    'gzip nobody asked for': (_, response) =>
      response.setHeader('content-type', 'application/json').setHeader('content-encoding', 'gzip').end(gzipSync('{}')),
  }
  for (const [what, answer] of Object.entries(notJson)) {
    it(`refuses ${what} as no JSON`, async (t) => {
      const { call } = await service(t, answer)
      const problem = await failure(call({}))
      assert.deepEqual([problem.code, problem.status, problem.service], ['UNAVAILABLE', 502, 'users'])
      assert.equal(problem.message, 'Service users answered something that is not JSON.')
    })
  }

  for (const type of [
    'application/json',
    'application/problem+json; charset="UTF-8"',
    'APPLICATION/JSON ;a=b',
    'text/json',
  ])
    it(`reads ${type} as JSON`, async (t) => {
      const { call } = await service(t, (_, response) => response.setHeader('content-type', type).end('[1]'))
      assert.deepEqual((await call({})).output, [1])
    })

  const statuses: readonly (readonly [number, 'forward' | 'none', string, number])[] = [
    [301, 'none', 'UNAVAILABLE', 502],
    [304, 'none', 'UNAVAILABLE', 502],
    [400, 'none', 'INVALID_ARGUMENT', 400],
    [401, 'forward', 'UNAUTHENTICATED', 401],
    [401, 'none', 'UNAVAILABLE', 502],
    [403, 'forward', 'PERMISSION_DENIED', 403],
    [403, 'none', 'UNAVAILABLE', 502],
    [404, 'none', 'NOT_FOUND', 404],
    [409, 'none', 'ABORTED', 409],
    [422, 'none', 'INVALID_ARGUMENT', 422],
    [429, 'none', 'RESOURCE_EXHAUSTED', 429],
    [500, 'none', 'UNAVAILABLE', 502],
    [503, 'none', 'UNAVAILABLE', 503],
    [504, 'none', 'DEADLINE_EXCEEDED', 504],
    [599, 'none', 'UNAVAILABLE', 502],
  ]
  for (const [status, identity, code, seenStatus] of statuses) {
    it(`makes ${code} ${seenStatus} of ${status} (identity ${identity})`, async (t) => {
      const { call } = await service(t, json(status, '{"secret":"upstream text"}', { 'retry-after': '7' }), {
        identity,
      })
      const problem = await failure(call({}))
      assert.deepEqual([problem.code, problem.status], [code, seenStatus])
      assert.doesNotMatch(problem.message, /secret|upstream|127\.0\.0\.1/)
      assert.equal(problem.headers['retry-after'], status === 429 || status === 503 ? '7' : undefined)
    })
  }

  it('uses one connection for answers of every kind, one after the other', async (t) => {
    let status = 200
    const { call, connections } = await service(t, (request, response) => json(status, '{}')(request, response))
    for (status of [200, 404, 500, 200]) {
      await call({}).catch(() => {})
    }
    assert.equal(connections(), 1)
  })

  for (const declared of [true, false])
    it(`gives up an answer over the limit and its connection (length ${declared ? 'declared' : 'unknown'})`, async (t) => {
      const { call, closed } = await service(
        t,
        (_, response) => {
          response.setHeader('content-type', 'application/json')
          if (declared) response.setHeader('content-length', 100_000)
          response.write('x'.repeat(2_000))
        },
        { maxAnswerBytes: 1_000 },
      )
      const problem = await failure(call({}))
      assert.deepEqual([problem.status, problem.message], [502, 'Service users answered more than it may.'])
      await closed()
    })

  it('says that a service cannot be reached, and never where it is', async (t) => {
    const closing = createServer()
    const origin = await listen(closing)
    closing.close()
    const { call } = connect(t, { origin })
    const problem = await failure(call({}))
    assert.deepEqual([problem.code, problem.status], ['UNAVAILABLE', 502])
    assert.equal(problem.message, 'Service users could not be reached.')
    const unknown = await failure(connect(t, { origin: 'http://no-such-host.invalid' }).call({}))
    assert.equal(unknown.message, 'Service users could not be reached.')
  })

  const halves: Readonly<Record<string, string>> = {
    'half a head': 'HTTP/1.1 200 OK\r\ncontent-ty',
    'half a body': 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n[1,',
    'half a chunk': 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n5\r\n[1',
    'no HTTP at all': 'SSH-2.0-OpenSSH\r\n\r\n',
    nothing: '',
  }
  for (const [what, bytes] of Object.entries(halves)) {
    it(`fails with 502 where the service sends ${what} and hangs up`, async (t) => {
      const { call, requests } = await rawService(t, (socket) => socket.end(bytes))
      const problem = await failure(call({}))
      assert.deepEqual([problem.code, problem.status], ['UNAVAILABLE', 502])
      assert.equal(problem.message, 'Service users broke off before its answer was complete.')
      assert.equal(requests(), 1)
    })
  }

  const answer = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}'
  it('asks a GET once more where a kept-alive connection closes before any of the answer', async (t) => {
    const { call, requests } = await rawService(t, (socket, n) => (n === 2 ? socket.destroy() : socket.write(answer)))
    await call({})
    assert.deepEqual((await call({})).output, {})
    assert.equal(requests(), 3)
  })

  it('never asks a POST twice', async (t) => {
    const { call, requests } = await rawService(t, (socket, n) => (n === 2 ? socket.destroy() : socket.write(answer)))
    await call({})
    assert.equal((await failure(call({ method: 'POST', body: {} }))).status, 502)
    assert.equal(requests(), 2)
  })

  it('ends a call that hangs with 504, and its connection with it', async (t) => {
    const { call, closed } = await service(t, () => {}, { timeoutMs: 50 })
    const problem = await failure(call({}))
    assert.deepEqual([problem.code, problem.status], ['DEADLINE_EXCEEDED', 504])
    await closed()
  })

  it('gives the connection up when nobody waits any more, and leaves no listener behind', async (t) => {
    const waiting = Promise.withResolvers<void>()
    const { call, closed } = await service(t, (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.write('[')
      waiting.resolve()
    })
    const aborter = new AbortController()
    const answered = failure(call({}, { signal: aborter.signal }))
    await waiting.promise
    aborter.abort()
    assert.equal((await answered).code, 'CANCELLED')
    await closed()
  })

  it('refuses a header value that would end its line', async (t) => {
    const { call, seen } = await service(t, json(200, '{}'))
    assert.equal((await failure(call({ headers: [['x', 'a\r\nb: c']] }))).code, 'INVALID_ARGUMENT')
    assert.equal(seen.length, 0)
  })

  it('trusts only certificates of the authorities it is given, that bear the name it expects', async (t) => {
    const server = createTlsServer({ cert: certificate, key }, json(200, '{"tls":true}'))
    const origin = (await listen(server)).replace('http:', 'https:')
    t.after(() => server.close())
    const trusted = connect(t, { origin, tls: { ca: certificate, serverName: 'users.test' } })
    assert.deepEqual((await trusted.call({})).output, { tls: true })
    for (const tls of [
      {},
      { ca: certificate },
      { ca: certificate, serverName: 'other.test' },
      { serverName: 'users.test' },
    ]) {
      const problem = await failure(connect(t, { origin, tls }).call({}))
      assert.equal(problem.message, 'Service users could not be reached.')
    }
  })

  it('bounds its calls by the slots of the service', async (t) => {
    const { call } = await service(t, () => {}, { concurrency: { max: 1, queue: 0 }, timeoutMs: 100 })
    const first = failure(call({}))
    assert.equal((await failure(call({}))).status, 503)
    assert.equal((await first).status, 504)
  })
})

const rawNumber = (text: string): { rawJSON: string } =>
  (JSON as unknown as { rawJSON(text: string): { rawJSON: string } }).rawJSON(text)

function json(status: number, body: string, headers: Record<string, string> = {}): RequestListener {
  return (_, response) => response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)
}

const failure = async (call: Promise<unknown>): Promise<Problem> => {
  const problem = await call.then(
    () => assert.fail('The call succeeded.'),
    (thrown: unknown) => thrown,
  )
  assert.ok(problem instanceof Problem, String(problem))
  return problem
}

const listen = async (server: { listen(port: number, host: string): unknown; address(): unknown }): Promise<string> => {
  server.listen(0, '127.0.0.1')
  await once(server as never, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const connect = (t: TestContext, settings: Partial<RestService>) => {
  const resources = createResources()
  t.after(() => resources.closeAll())
  const connector = connectRest(
    {
      kind: 'rest',
      name: 'users',
      origin: '',
      targets: targetsAt(settings.origin ?? 'http://127.0.0.1:1'),
      basePath: '',
      identity: 'none',
      timeoutMs: 5_000,
      concurrency: { max: 10, queue: 10 },
      maxAnswerBytes: 1_000_000,
      tls: undefined,
      ...settings,
    },
    resources,
    { clock: systemClock },
  )
  return {
    call: (input: Partial<RestInput>, context: Partial<CallContext> = {}) =>
      connector.call(
        { method: 'GET', path: '/', headers: [], exact: 'all', ...input },
        {
          signal: new AbortController().signal,
          deadline: systemClock.now() + 10_000,
          caller: { identity: undefined, address: '127.0.0.1', requestId: 'r' },
          forward: {},
          ...context,
        },
      ),
  }
}

/** A service that speaks HTTP, and what it saw. */
const service = async (t: TestContext, answer: RequestListener, settings: Partial<RestService> = {}) => {
  const seen: (Pick<IncomingMessage, 'method' | 'url' | 'headers'> & { body: string })[] = []
  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    seen.push({ method: request.method, url: request.url, headers: request.headers, body })
    answer(request, response)
  })
  const sockets: Socket[] = []
  server.on('connection', (socket: Socket) => sockets.push(socket))
  const origin = await listen(server)
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    ...connect(t, { origin, ...settings }),
    seen,
    connections: () => sockets.length,
    closed: () => Promise.all(sockets.map(async (socket) => socket.destroyed || once(socket, 'close'))),
  }
}

/** A service that answers each request with bytes of its own. */
const rawService = async (t: TestContext, answer: (socket: Socket, request: number) => void) => {
  let requests = 0
  const server = createSocketServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', () => answer(socket, ++requests))
  })
  const origin = await listen(server)
  t.after(() => server.close())
  return { ...connect(t, { origin }), requests: () => requests }
}
