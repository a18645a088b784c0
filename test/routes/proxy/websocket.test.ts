import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import { describe, it, type TestContext } from 'node:test'
import type { FastifyInstance } from 'fastify'
import mercurius from 'mercurius'
import { type ClientOptions, type ServerOptions, WebSocket, WebSocketServer } from 'ws'
import { Problem } from '../../../src/kernel/problem.ts'
import { type WebSocketSettings, websocketSettings } from '../../../src/routes/proxy/websocket/config.ts'
import { exchangeBytes, type GatewaySettings, listen, startGateway } from './support/gateway.ts'

const upgrade =
  'Host: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'

describe('a proxy route with WebSockets', () => {
  it('passes messages both ways, text and binary, and the query', async (t) => {
    const { open, seen } = await gateway(t)
    const client = await open('/users/socket?x=%20y')
    client.send('hello')
    assert.deepEqual(await message(client), ['hello', false])
    client.send(Buffer.from([1, 2]))
    assert.deepEqual(await message(client), ['\u0001\u0002', true])
    assert.equal(seen[0]?.url, '/users/socket?x=%20y')
  })

  it('still passes plain requests on, under the same hygiene', async (t) => {
    const { origin } = await gateway(t)
    const reply = await fetch(`${origin}/users/plain`, {
      method: 'POST',
      body: 'x'.repeat(100_000),
      headers: { 'x-user': 'a' },
    })
    assert.deepEqual(await reply.json(), { url: '/users/plain', length: 100_000, forwardedFor: '127.0.0.1' })
    assert.equal((await fetch(`${origin}/users`)).status, 200)
  })

  it('removes the fixed part of the path where told, and puts the base path before', async (t) => {
    const { through, seen } = await gateway(t, { route: { rewrite: stripped }, service: { basePath: '/v1' } })
    await through('/users/socket')
    assert.equal(seen[0]?.url, '/v1/socket')
  })

  it('cleans the headers of the handshake', async (t) => {
    const { through, seen } = await gateway(t)
    await through('/users/socket', {
      headers: {
        'x-forwarded-for': '6.6.6.6',
        'x-user-id': '1',
        x_user: '1',
        authorization: 'Bearer a',
        cookie: 'a=b',
        'x-keep': '1',
      },
    })
    const { headers } = seen[0] as IncomingMessage
    assert.deepEqual(
      ['x-forwarded-for', 'x-user-id', 'x_user', 'authorization', 'cookie', 'x-keep', 'via'].map(
        (name) => headers[name],
      ),
      ['127.0.0.1', undefined, undefined, 'Bearer a', 'a=b', '1', '1.1 portico'],
    )
  })

  it('passes the subprotocol on', async (t) => {
    const { through, sockets } = await gateway(t)
    const client = await through('/users/socket', {}, ['chat.v2'])
    assert.deepEqual([client.protocol, sockets[0]?.protocol], ['chat.v2', 'chat.v2'])
  })

  it('passes close codes and reasons on, both ways', async (t) => {
    const { through, sockets } = await gateway(t)
    const first = await through('/users/socket')
    sockets[0]?.close(4001, 'enough')
    assert.deepEqual(await closing(first), [4001, 'enough'])
    const second = await through('/users/socket')
    const upstream = sockets[1] as WebSocket
    const closed = closing(upstream)
    second.close(4002, 'bye')
    assert.deepEqual(await closed, [4002, 'bye'])
  })

  it('closes a client that sends more in one message than it may', async (t) => {
    const { open } = await gateway(t, { bounds: { maxFromClient: 1_000 } })
    const client = await open('/users/socket')
    client.send('x'.repeat(2_000))
    assert.equal((await closing(client))[0], 1009)
  })

  it('gives the client what the service says in the place of a WebSocket', async (t) => {
    const { port } = await gateway(t, { refuse: true })
    assert.match(
      await exchangeBytes(port, `GET /users/socket HTTP/1.1\r\n${upgrade}`),
      /^HTTP\/1\.1 401 .*Unauthorized$/s,
    )
  })

  it('answers 502 where no target can be reached, and never says where', async (t) => {
    for (const origin of ['http://127.0.0.1:1', `http://${'a'.repeat(60)}.${'b'.repeat(60)}.invalid`]) {
      const { port } = await gateway(t, { origin })
      const answer = await exchangeBytes(port, `GET /users/socket HTTP/1.1\r\n${upgrade}`)
      assert.match(answer, /^HTTP\/1\.1 502 /)
      assert.doesNotMatch(answer, /127|invalid/)
    }
  })

  it('closes a client with 4401 when its token ends', async (t) => {
    const { open } = await gateway(t, {
      hooks: {
        onRequest(request, _reply, done) {
          const expiresAt = (Date.now() + 1_000) / 1_000
          const identity = { provider: 'a', subject: 'b', scopes: new Set<string>(), claims: {}, expiresAt }
          request.caller = { ...request.caller, identity }
          done()
        },
      },
    })
    assert.deepEqual(await closing(await open('/users/socket')), [4401, 'The token has expired.'])
  })

  it('runs policies on the upgrade, slow ones too', async (t) => {
    const { port, seen } = await gateway(t, {
      hooks: {
        onRequest: (_request, _reply, done) =>
          void setTimeout(() => done(new Problem('UNAUTHENTICATED', 'No token.')), 20),
      },
    })
    assert.match(await exchangeBytes(port, `GET /users/socket HTTP/1.1\r\n${upgrade}`), /^HTTP\/1\.1 401 /)
    assert.equal(seen.length, 0)
  })

  it('refuses pages of other origins but those that cors names, before the service hears of them', async (t) => {
    const own = await gateway(t)
    const from = (port: number, origin: string): Promise<string> =>
      exchangeBytes(port, `GET /users/socket HTTP/1.1\r\nOrigin: ${origin}\r\n${upgrade}`)
    assert.match(await from(own.port, 'https://evil.example'), /^HTTP\/1\.1 403 /)
    assert.match(await from(own.port, 'null'), /^HTTP\/1\.1 403 /)
    assert.equal(own.seen.length, 0)
    await own.through('/users/socket', { origin: own.origin })
    const named = await gateway(t, { hooks: { config: { cors: { origin: ['https://shop.example'] } } } })
    await named.through('/users/socket', { origin: 'https://shop.example' })
    assert.match(await from(named.port, 'https://evil.example'), /^HTTP\/1\.1 403 /)
  })

  it('survives a client that resets its connection while a policy waits', async (t) => {
    const asked = Promise.withResolvers<() => void>()
    const { port, origin } = await gateway(t, {
      hooks: { onRequest: (request, _reply, done) => (request.url === '/users/socket' ? asked.resolve(done) : done()) },
    })
    const { connect } = await import('node:net')
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    socket.write(`GET /users/socket HTTP/1.1\r\n${upgrade}`)
    const done = await asked.promise
    socket.resetAndDestroy()
    await new Promise((resolve) => setTimeout(resolve, 20))
    done()
    assert.equal((await fetch(`${origin}/users`)).status, 200)
  })

  it('refuses upgrades to plain routes and to paths that nobody answers', async (t) => {
    const { port, origin } = await gateway(t, { more: ['/plain/*'] })
    assert.match(await exchangeBytes(port, `GET /plain/x HTTP/1.1\r\n${upgrade}`), /^HTTP\/1\.1 400 /)
    assert.match(await exchangeBytes(port, `GET /nowhere HTTP/1.1\r\n${upgrade}`), /^HTTP\/1\.1 404 /)
    assert.match(
      await exchangeBytes(port, `GET /users/x HTTP/1.1\r\n${upgrade.replace('websocket', 'h2c')}`),
      /^HTTP\/1\.1 400 /,
    )
    assert.equal((await fetch(`${origin}/users`)).status, 200)
  })
})

describe('a proxy route with WebSockets beside mercurius with subscriptions', () => {
  it('gives each upgrade to the one it is for', async (t) => {
    const { open, port } = await gateway(t, { more: ['/plain/*'], after: subscriptions })
    const proxied = await open('/users/socket')
    proxied.send('hello')
    assert.deepEqual(await message(proxied), ['hello', false])

    const subscriber = new WebSocket(`ws://127.0.0.1:${port}/graphql`, 'graphql-transport-ws')
    await once(subscriber, 'open')
    subscriber.send(JSON.stringify({ type: 'connection_init' }))
    assert.match((await message(subscriber))[0], /connection_ack/)
    subscriber.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query: 'subscription { tick }' } }))
    assert.match((await message(subscriber))[0], /"tick":1/)
    subscriber.terminate()

    proxied.send('still here')
    assert.deepEqual(await message(proxied), ['still here', false])
  })

  it('refuses upgrades to plain routes and foreign paths, whatever else listens for upgrades', async (t) => {
    const { port, origin, seen } = await gateway(t, { more: ['/plain/*'], after: subscriptions })
    for (const [path, status] of [
      ['/plain/x', 400],
      ['/nowhere', 404],
      ['//users/socket', 400],
    ] as const)
      assert.match(
        await exchangeBytes(port, `GET ${path} HTTP/1.1\r\n${upgrade}`),
        new RegExp(`^HTTP/1.1 ${status} `),
        path,
      )
    assert.equal(seen.length, 0)
    assert.equal((await fetch(`${origin}/users`)).status, 200)
  })
})

const subscriptions = (app: FastifyInstance): void => {
  app.register(mercurius, {
    schema: 'type Query { a: Int } type Subscription { tick: Int }',
    resolvers: {
      Subscription: {
        tick: {
          subscribe: async function* () {
            yield { tick: 1 }
          },
        },
      },
    },
    subscription: true,
  })
}

const message = async (socket: WebSocket): Promise<readonly [string, boolean]> => {
  const [data, binary] = (await once(socket, 'message')) as [Buffer, boolean]
  return [data.toString('latin1'), binary]
}

const closing = async (socket: WebSocket): Promise<readonly [number, string]> => {
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer]
  return [code, reason.toString()]
}

/** A gateway before a service that echoes messages, describes plain requests and keeps its handshakes. */
const gateway = async (
  t: TestContext,
  {
    refuse = false,
    bounds,
    ...settings
  }: Partial<GatewaySettings> & { refuse?: boolean; bounds?: Partial<WebSocketSettings> } = {},
) => {
  const seen: IncomingMessage[] = []
  const sockets: WebSocket[] = []
  const server = createServer(async (request, response) => {
    let length = 0
    for await (const chunk of request as AsyncIterable<Buffer>) length += chunk.length
    response.end(JSON.stringify({ url: request.url, length, forwardedFor: request.headers['x-forwarded-for'] }))
  })
  const options: ServerOptions = { server, verifyClient: () => !refuse }
  const echo = new WebSocketServer(options)
  echo.on('connection', (socket, request) => {
    seen.push(request)
    sockets.push(socket)
    socket.on('message', (data, binary) => socket.send(data, { binary }))
  })
  const origin = await listen(server)
  const clients: WebSocket[] = []
  const started = await startGateway(t, {
    origin,
    ...settings,
    route: { path: '/users/*', websocket: { ...defaults, ...bounds }, ...settings.route },
  })
  t.after(() => {
    for (const socket of [...clients, ...sockets]) socket.terminate()
    echo.close()
    server.closeAllConnections()
    server.close()
  })
  const open = async (path: string, client: ClientOptions = {}, protocols: string[] = []): Promise<WebSocket> => {
    const socket = new WebSocket(`ws://127.0.0.1:${started.port}${path}`, protocols, client)
    clients.push(socket)
    await once(socket, 'open')
    return socket
  }
  /** A client whose messages reach the service: the gateway answers its handshake before it makes its own. */
  const through = async (...handshake: Parameters<typeof open>): Promise<WebSocket> => {
    const socket = await open(...handshake)
    socket.send('through?')
    await message(socket)
    return socket
  }
  return { ...started, open, through, seen, sockets }
}

const defaults = websocketSettings(true, { maxBodyBytes: 1_048_576, maxAnswerBytes: 1_000_000 }) as WebSocketSettings

/** As `stripPrefix` makes it. */
const stripped = { text: '/*', segments: [], restFrom: 1 }
