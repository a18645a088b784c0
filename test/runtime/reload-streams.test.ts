import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, type ClientRequest, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { connect } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { createClient } from 'graphql-ws'
import { WebSocket, WebSocketServer } from 'ws'
import { startReviews } from '../../examples/shop/reviews/service.ts'
import { startGateway } from '../support/gateway.ts'
import { until } from '../support/until.ts'
import { temporaryShop } from '../support/workspace.ts'

const subscription = 'subscription { added { id } }'

describe('what is open while a workspace is reloaded', () => {
  it('keeps its connection: HTTP/1.1 that is kept alive, and HTTP/2', async (t) => {
    const { url, reload } = await serving(t)
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const session = connect(url)
    t.after(() => {
      agent.destroy()
      session.destroy()
    })
    const one = request(`${url}/words/held`, { agent }).end()
    const answer = await held()
    await reload()
    answer.end('late')
    assert.equal(await textOf(one), 'late')
    for (let turn = 0; turn < 10; turn += 1) {
      await reload()
      const next = request(`${url}/words/one`, { agent }).end()
      assert.equal(await textOf(next), 'hello')
      assert.equal(next.reusedSocket, true)
      const stream = session.request({ ':path': '/words/one' })
      assert.equal((await stream.toArray()).join(''), 'hello')
    }
  })

  it('goes on in its generation: a WebSocket, a proxied stream, subscriptions over both', async (t) => {
    const { url, reload } = await serving(t)
    const socket = await openSocket(url)
    const proxied = await openEvents(`${url}/words/events`)
    const subscribed = await openEvents(`${url}/app/graphql?query=${encodeURIComponent(subscription)}`)
    const client = createClient({ url: `${url.replace('http', 'ws')}/app/graphql`, webSocketImpl: WebSocket })
    const pushed = client.iterate({ query: subscription })
    await pushed.next()
    for (let turn = 0; turn < 10; turn += 1) {
      await reload()
      socket.send(`turn ${turn}`)
      assert.equal(((await once(socket, 'message')) as [Buffer])[0].toString(), `turn ${turn}`)
      assert.match(await proxied.next(), /^data: /)
      assert.match(await subscribed.next(), /added/)
      assert.equal((await pushed.next()).done, false)
    }
    socket.close(1000, 'enough')
    const [code] = (await once(socket, 'close')) as [number]
    assert.equal(code, 1000)
    await Promise.all([proxied.leave(), subscribed.leave(), pushed.return?.(), client.dispose()])
  })

  it('is told to go once its generation has drained as long as it may', async (t) => {
    const { url, reload } = await serving(t, { drain: '300ms' })
    const socket = await openSocket(url)
    const closed = once(socket, 'close') as Promise<[number]>
    const subscribed = await openEvents(`${url}/app/graphql?query=${encodeURIComponent(subscription)}`)
    const proxied = await openEvents(`${url}/words/events`)
    const reloadedAt = performance.now()
    await reload()
    assert.match(await subscribed.rest(), /The gateway is going away[^\n]*\n\nevent: complete\n/)
    await assert.rejects(proxied.rest(), 'A stream that is not the gateway’s own is cut.')
    assert.ok([1001, 1005, 1006].includes((await closed)[0]))
    assert.ok(performance.now() - reloadedAt >= 300)
  })

  it('is told to go at once when the gateway ends, whatever its generation', async (t) => {
    const { url, reload, close } = await serving(t, { drain: '60s' })
    const first = await openEvents(`${url}/app/graphql?query=${encodeURIComponent(subscription)}`)
    await reload()
    const second = await openEvents(`${url}/app/graphql?query=${encodeURIComponent(subscription)}`)
    await Promise.all([
      close(),
      ...[first, second].map(async (one) => assert.match(await one.rest(), /The gateway is going away/)),
    ])
  })

  it('counts against the bound of streams, which knows no generations', async (t) => {
    const { url, reload } = await serving(t, { connections: 2 })
    const address = `${url}/app/graphql?query=${encodeURIComponent(subscription)}`
    const first = await openEvents(address)
    await reload()
    const second = await openEvents(address)
    await reload()
    const refused = await fetch(address, { headers: { accept: 'text/event-stream' } })
    assert.equal(refused.status, 503)
    await first.leave()
    await until(async () => {
      const reply = await fetch(address, { headers: { accept: 'text/event-stream' } })
      await reply.body?.cancel()
      return reply.status === 200
    })
    await second.leave()
  })
})

const openSocket = async (url: string): Promise<WebSocket> => {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/words/socket`)
  await once(socket, 'open')
  return socket
}

const openEvents = async (address: string) => {
  const reply = await fetch(address, { headers: { accept: 'text/event-stream' } })
  assert.equal(reply.status, 200)
  const reader = (reply.body as ReadableStream<Uint8Array>).getReader()
  const next = async (): Promise<string> => Buffer.from((await reader.read()).value ?? []).toString()
  await next()
  return {
    next,
    leave: () => reader.cancel(),
    /** All there is until it ends; rejects where it is cut. */
    async rest(): Promise<string> {
      let text = ''
      for (let part = await reader.read(); !part.done; part = await reader.read())
        text += Buffer.from(part.value).toString()
      return text
    },
  }
}

const textOf = async (asked: ClientRequest): Promise<string> => {
  const [response] = (await once(asked, 'response')) as [IncomingMessage]
  return (await response.toArray()).join('')
}

let heard: (response: ServerResponse) => void = () => undefined
/** The response of the next request to /words/held, which the test ends. */
const held = (): Promise<ServerResponse> => new Promise((resolve) => (heard = resolve))

const serving = async (t: TestContext, { drain = '20s', connections = 100 } = {}) => {
  const server = createServer((asked, response) => {
    if (asked.url === '/words/held') return heard(response)
    if (asked.url !== '/words/events') return response.end('hello')
    response.setHeader('content-type', 'text/event-stream')
    const timer = setInterval(() => response.write('data: one\n\n'), 20)
    return response.once('close', () => clearInterval(timer))
  })
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket) => socket.on('message', (data: Buffer) => socket.send(data.toString())))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const reviews = await startReviews({ port: 0, intervalMs: 20 })
  const { dir, remove } = await temporaryShop({
    'portico.yaml': `listen: 127.0.0.1:0
accessLog: false
drain: ${drain}
services:
  words: { rest: "http://127.0.0.1:${(server.address() as AddressInfo).port}", identity: none }
  reviews: { grpc: "${reviews.address}", proto: shop/reviews/v1/reviews.proto, identity: none }
bffs:
  app: { prefix: /app, schema: app.graphql, subscriptions: { connections: ${connections} } }
routes:
  - { path: /words/*, service: words, websocket: true }
`,
    'app.graphql': `type Query { word: Int @rest(service: "words", get: "/words/number") }
type Subscription {
  added: Review! @grpc(service: "reviews", method: "shop.reviews.v1.Reviews/WatchReviews", request: {})
}
type Review { id: ID! }
`,
  })
  const { gateway, url, close } = await startGateway(dir)
  t.after(async () => {
    await close()
    server.closeAllConnections()
    sockets.close()
    await new Promise((done) => server.close(done))
    await reviews.close()
    await remove()
  })
  let generation = 1
  return {
    url,
    close,
    reload: async (): Promise<void> =>
      assert.deepEqual(await gateway.reload(), { ok: true, diagnostics: [], generation: (generation += 1) }),
  }
}
