import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, describe, it } from 'node:test'
import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import { signToken } from '../../support/token.ts'
import { until } from '../../support/until.ts'
import { type Feed, startFeed } from './feed.ts'

type Message = { readonly type: string; readonly id?: string; readonly payload?: unknown }

const added = 'subscription { added { id } }'

describe('a WebSocket of graphql-transport-ws', () => {
  it('is closed with 4408 when connection_init does not come', async (t) => {
    const hasty = await startFeed({ bff: ['subscriptions: { initTimeout: 50ms }'] })
    t.after(() => hasty.close())
    const { closed } = await open(hasty)
    assert.equal(await closed, 4408)
  })

  it('is counted by its upgrade, not as an answer that broke off', async (t) => {
    const counted = await startFeed({ workspace: ['probes: 127.0.0.1:0'] })
    t.after(() => counted.close())
    const { socket, closed } = await ready(counted)
    socket.close()
    await closed
    await until(async () => {
      const metrics = await (await fetch(`http://127.0.0.1:${counted.gateway.probes?.port}/metrics`)).text()
      return /^http_server_request_duration_seconds_count\{.*status="101".*\} 1$/m.test(metrics)
    })
  })

  it('is counted while it is open, with its messages, and by why it ended, beyond a reload', async (t) => {
    const counted = await startFeed({
      drain: '500ms',
      workspace: ['probes: 127.0.0.1:0'],
      bff: ['subscriptions: { message: 1KiB }'],
    })
    t.after(() => counted.close())
    const says = async (series: string): Promise<boolean> =>
      (await (await fetch(`http://127.0.0.1:${counted.gateway.probes?.port}/metrics`)).text()).includes(`\n${series}\n`)
    const [left, long, odd, kept] = await Promise.all([1, 2, 3, 4].map(() => ready(counted)))
    await until(() => says('portico_websockets_open{route="/app/graphql"} 4'))
    left?.socket.close()
    long?.socket.send('x'.repeat(2_000))
    odd?.socket.send('{')
    await until(() => says('portico_websockets_open{route="/app/graphql"} 1'))
    assert.ok(await says('portico_websocket_messages_total{route="/app/graphql",from="client"} 5'))
    assert.ok(await says('portico_websocket_messages_total{route="/app/graphql",from="service"} 4'))
    await counted.gateway.reload()
    await kept?.closed
    for (const reason of ['client', 'message too large', 'invalid messages', 'drain'])
      await until(() => says(`portico_websockets_ended_total{route="/app/graphql",reason="${reason}"} 1`))
  })

  it('is closed with 4401 when it subscribes before that', async () => {
    const { send, closed } = await open(feed)
    send({ type: 'subscribe', id: '1', payload: { query: added } })
    assert.equal(await closed, 4401)
  })

  it('is closed with 4429 when it inits twice, with 4400 for what is no message', async () => {
    const twice = await ready(feed)
    twice.send({ type: 'connection_init' })
    assert.equal(await twice.closed, 4429)
    for (const text of [
      '{',
      '[]',
      '7',
      '{"type":"nothing"}',
      '{"type":"subscribe","payload":{}}',
      '{"type":"start"}',
      '{"type":"ping","type":"connection_init"}',
      '{"type":"subscribe","id":"1","payload":{"query":"subscription { added { id } }","query":"{ __typename }"}}',
      `{"type":"ping","payload":${'['.repeat(200)}${']'.repeat(200)}}`,
    ]) {
      const { socket, closed } = await ready(feed)
      socket.send(text)
      assert.equal(await closed, 4400, text)
    }
  })

  it('is closed with 4409 when an id is used twice, and may use it again once it completed', async () => {
    const { send, next, closed } = await ready(feed)
    send({ type: 'subscribe', id: '1', payload: { query: added } })
    assert.equal((await next()).type, 'next')
    send({ type: 'complete', id: '1' })
    send({ type: 'subscribe', id: '1', payload: { query: added } })
    assert.equal((await next()).type, 'next')
    send({ type: 'subscribe', id: '1', payload: { query: added } })
    assert.equal(await closed, 4409)
  })

  it('refuses one subscription too many and goes on with the others', async () => {
    const { send, next } = await ready(strict)
    for (const id of ['1', '2', '3']) send({ type: 'subscribe', id, payload: { query: added } })
    const refused = await next()
    assert.deepEqual([refused.type, refused.id, codeOf(refused)], ['error', '3', 'RESOURCE_EXHAUSTED'])
    assert.equal((await next()).type, 'next')
  })

  it('counts each subscription as a request of who connection_init proved to be, wrong ones too', async (t) => {
    const limited = await startFeed({ bff: ['rateLimit: { limit: 4, window: 1h, by: user }'] })
    t.after(() => limited.close())
    const as = async (sub: string) => ready(limited, { authorization: `Bearer ${await signToken({ sub })}` })
    const ada = await as('ada')
    for (const [id, query] of [
      ['1', added],
      ['2', '{'],
      ['3', 'subscription { nothing }'],
      ['4', added],
    ] as const) {
      ada.send({ type: 'subscribe', id, payload: { query } })
      let first = await ada.next()
      while (first.id !== id) first = await ada.next()
      assert.equal(first.type, query === added ? 'next' : 'error')
      ada.send({ type: 'complete', id })
    }
    const calls = limited.reviews.calls.count()
    for (let turn = 0; turn < 200; turn += 1) ada.send({ type: 'subscribe', id: `f${turn}`, payload: { query: added } })
    let refused = 0
    while (refused < 200) {
      const message = await ada.next()
      if (message.type !== 'error') continue
      assert.equal(codeOf(message), 'RESOURCE_EXHAUSTED')
      refused += 1
    }
    assert.equal(limited.reviews.calls.count(), calls, 'no service hears of a flood')
    const bob = await as('bob')
    bob.send({ type: 'subscribe', id: '1', payload: { query: added } })
    assert.equal((await bob.next()).type, 'next')
  })

  it('answers errors of documents, variables and parameters, and serves subscriptions only', async () => {
    const { send, next } = await ready(feed)
    const wrong: readonly (readonly [unknown, RegExp])[] = [
      [{ query: 'subscription { nothing }' }, /Cannot query field "nothing"/],
      [{ query: 'subscription {' }, /Syntax Error/],
      [{ query: 'fragment F on Review { id }' }, /fragment|operation/i],
      [{ query: 'subscription ($p: ID) { added(productId: $p) { id } }', variables: { p: {} } }, /ID cannot represent/],
      [{ query: added, variables: 'x' }, /variables should be a JSON object/],
      [{ query: 7 }, /query should be a string/],
      [{}, /query is missing/],
      [undefined, /payload should be an object/],
      [{ query: '{ written(productId: "p-1") { __typename } }' }, /over HTTP/],
    ]
    for (const [index, [payload, expected]] of wrong.entries()) {
      send({ type: 'subscribe', id: String(index), payload })
      const message = await next()
      assert.deepEqual([message.type, message.id], ['error', String(index)])
      assert.match((message.payload as { message: string }[])[0]?.message ?? '', expected)
    }
  })

  it('is closed when its token expires, and its streams with it', async () => {
    const cancelled = feed.reviews.calls.cancelled()
    const exp = Math.ceil(Date.now() / 1_000) + 2
    const { send, next, closed } = await ready(feed, { authorization: `Bearer ${await signToken({ exp })}` })
    send({ type: 'subscribe', id: '1', payload: { query: added } })
    assert.equal((await next()).type, 'next')
    assert.equal(await closed, 4403)
    await until(() => feed.reviews.calls.cancelled() > cancelled)
  })

  it('may open without a token where one is needed, and not init', async () => {
    const { send, closed } = await open(strict)
    send({ type: 'connection_init' })
    assert.equal(await closed, 4403)
    const http = await fetch(strict.endpoint, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ __typename }' }),
    })
    assert.equal(http.status, 401)
  })

  it('takes no token from later messages', async () => {
    const authorization = `Bearer ${await signToken({ scope: 'shop' })}`
    const { socket, next } = await ready(feed)
    const extensions = [{ type: 'connectionInit', payload: { authorization } }]
    socket.send(
      JSON.stringify({ type: 'subscribe', id: '1', payload: { query: 'subscription { added { body } }' }, extensions }),
    )
    const { payload } = await next()
    assert.equal((payload as { data: { added: { body: unknown } } }).data.added.body, null)
  })

  it('is closed for a message that is too long', async () => {
    const { socket, closed } = await ready(strict)
    socket.send('x'.repeat(2_000))
    assert.equal(await closed, 1009)
  })

  it('is cut off when it does not answer pings', async (t) => {
    const pinging = await startFeed({ bff: ['subscriptions: { ping: 1s }'] })
    t.after(() => pinging.close())
    const { socket, closed } = await ready(pinging, {}, { autoPong: false })
    socket.on('error', () => undefined)
    assert.equal(await closed, 1006)
  })

  it('goes on after a reload, and is told to go away with 1001 when its generation has drained long enough', async () => {
    const connections = await Promise.all([1, 2, 3].map(() => ready(strict)))
    await strict.gateway.reload()
    const [first] = connections
    first?.send({ type: 'ping' })
    assert.deepEqual(await first?.next(), { type: 'pong' })
    assert.deepEqual(await Promise.all(connections.map(({ closed }) => closed)), [1001, 1001, 1001])
    await ready(strict)
  })

  it('is refused to pages of other origins, and without the subprotocol', async () => {
    const refused = (protocol: string | undefined, origin?: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const socket = new WebSocket(feed.socket, protocol, origin === undefined ? {} : { origin })
        socket.on('open', () => resolve(undefined))
        socket.on('unexpected-response', (_request, { statusCode }) => resolve(statusCode))
        socket.on('error', reject)
      })
    assert.equal(await refused('graphql-transport-ws', 'https://evil.example'), 403)
    assert.equal(await refused('graphql-transport-ws', 'https://app.example'), undefined)
    assert.equal(await refused('graphql-transport-ws', feed.url), undefined)
    assert.equal(await refused('graphql-ws'), 400)
    assert.equal(await refused(undefined), 400)
  })

  it('serves the stock client beside all of that', async () => {
    const client = createClient({
      url: feed.socket,
      webSocketImpl: WebSocket,
      retryAttempts: 0,
      keepAlive: 20,
      connectionParams: { Authorization: `Bearer ${await signToken({ scope: 'shop' })}` },
    })
    let count = 0
    for await (const event of client.iterate({ query: 'subscription { added { body } }' })) {
      assert.equal(event.errors, undefined)
      count += 1
      if (count === 5) break
    }
    await client.dispose()
  })
})

const codeOf = ({ payload }: Message): unknown => (payload as { extensions: { code: string } }[])[0]?.extensions.code

type Connection = {
  readonly socket: WebSocket
  readonly send: (message: Message | { readonly type: string; readonly [key: string]: unknown }) => void
  readonly next: () => Promise<Message>
  readonly closed: Promise<number>
}

const open = async (to: Feed, options: object = {}): Promise<Connection> => {
  const socket = new WebSocket(to.socket, 'graphql-transport-ws', options)
  const { promise: closed, resolve } = Promise.withResolvers<number>()
  socket.on('close', resolve)
  const arrived: Message[] = []
  const waiting: ((message: Message) => void)[] = []
  socket.on('message', (data) => {
    const message = JSON.parse((data as Buffer).toString()) as Message
    const first = waiting.shift()
    if (first === undefined) arrived.push(message)
    else first(message)
  })
  await once(socket, 'open')
  return {
    socket,
    send: (message) => socket.send(JSON.stringify(message)),
    next: () => {
      const first = arrived.shift()
      return first === undefined ? new Promise((then) => waiting.push(then)) : Promise.resolve(first)
    },
    closed,
  }
}

const ready = async (to: Feed, payload: object = {}, options: object = {}): Promise<Connection> => {
  const known = to === strict ? { authorization: `Bearer ${await signToken()}`, ...payload } : payload
  const connection = await open(to, options)
  connection.send({ type: 'connection_init', payload: known })
  assert.equal((await connection.next()).type, 'connection_ack')
  return connection
}

let feed: Feed
let strict: Feed
before(async () => {
  feed = await startFeed({ bff: ['cors: { origins: ["https://app.example"] }'] })
  strict = await startFeed({
    auth: 'users',
    drain: '500ms',
    bff: ['subscriptions: { perConnection: 2, message: 1KiB }'],
  })
})
after(() => Promise.all([feed.close(), strict.close()]))
