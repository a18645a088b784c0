import assert from 'node:assert/strict'
import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import {
  dashboardOf,
  historyOf,
  loyaltyPointsOf,
  orderScreenWithoutPayment,
  orderWithPayment,
  placedOrder,
  productPageOf,
  quietProduct,
  reviewEvent,
  searchFor,
  transcodedProductOf,
} from './expected.ts'
import { type Step, shown, type Visit } from './step.ts'

const customer = 'u-1'
const product = quietProduct()
const paidOrder = orderWithPayment(customer)
const lines = [
  { productId: 'p-5', quantity: 2 },
  { productId: 'p-10', quantity: 1 },
]

const history = `{
  me {
    name email
    orders(first: 4) {
      id
      payment { state amount { currencyCode units nanos } }
      lines { quantity product { name price { currencyCode units nanos } } }
    }
  }
}`

const reviewAdded = 'subscription { reviewAdded { id rating text author { name } product { name } } }'

const hostileId = '../users/u-2?ids=u-3#'
const hostileQuery = 'query ($id: ID!) { order(id: $id) { id status } }'

/** The services' timeout, and what a loaded machine may add. */
const partialWithinMs = 800 + 1_200

export const steps: readonly Step[] = [
  {
    title: 'A screen in one round trip: users and orders at once, then the catalog once for all products',
    plan: 'GET /mobile/my-dashboard',
    async run({ ask }) {
      const answer = await ask('/mobile/my-dashboard')
      const check = () => assert.deepEqual([answer.status, answer.json], [200, dashboardOf(customer)])
      return { request: answer.request, answer: shown(answer), check }
    },
  },
  {
    title: 'A product page, open to everybody: a union, enums and timestamps from gRPC',
    plan: `GET /mobile/products/${product}`,
    async run({ ask }) {
      const answer = await ask(`/mobile/products/${product}`, { anonymous: true })
      const check = () => assert.deepEqual([answer.status, answer.json], [200, productPageOf(product)])
      return { request: answer.request, answer: shown(answer), check }
    },
  },
  {
    title: 'Search, with a cursor for the next page',
    plan: 'GET /mobile/search',
    async run({ ask }) {
      const answer = await ask('/mobile/search?text=oak%20lamp&first=3')
      const { next } = answer.json as { readonly next: string }
      const rest = await ask(`/mobile/search?text=oak%20lamp&first=3&after=${encodeURIComponent(next)}`)
      const check = () => {
        const pages = [answer, rest].map(({ status, json }) => [status, (json as { readonly items: unknown }).items])
        const all = searchFor(['oak', 'lamp'], 6)
        assert.deepEqual(pages, [
          [200, all.slice(0, 3)],
          [200, all.slice(3)],
        ])
      }
      return { request: `${answer.request}\n${rest.request}`, answer: `${shown(answer)}\n${shown(rest)}`, check }
    },
  },
  {
    title: 'GraphQL over four services, no call made twice',
    plan: { query: history },
    async run({ ask }) {
      const answer = await ask('/web/graphql', { body: { query: history } })
      const check = () => assert.deepEqual([answer.status, answer.json], [200, { data: historyOf(customer, 4) }])
      return { request: `POST /web/graphql\n${history}`, answer: shown(answer), check }
    },
  },
  {
    title: 'An order, sent twice with one Idempotency-Key and placed once',
    plan: 'POST /mobile/orders',
    async run({ ask }) {
      const asking = { body: { lines }, headers: { 'idempotency-key': 'tour' } }
      const [first, again] = [await ask('/mobile/orders', asking), await ask('/mobile/orders', asking)]
      const check = () => {
        const { id, ...placed } = first.json as { readonly id: string }
        assert.equal(first.status, 201)
        assert.match(id, /^o-\d+$/)
        assert.deepEqual(placed, placedOrder(lines))
        assert.deepEqual([again.status, again.json], [201, first.json])
      }
      return { request: first.request, answer: `${shown(first)}\n${shown(again)}`, check }
    },
  },
  {
    title: 'A subscription over WebSocket: a gRPC stream, each event completed by other services',
    plan: { query: reviewAdded },
    async run({ gateway, token }) {
      const started = performance.now()
      const event = await nextEvent(`${gateway.url.replace('http', 'ws')}/web/graphql`, token)
      const ms = Math.round(performance.now() - started)
      const { data } = event as { readonly data: ReturnType<typeof reviewEvent> }
      const check = () => assert.deepEqual(event, { data: reviewEvent(data.reviewAdded.id) })
      return {
        request: `WebSocket /web/graphql (graphql-transport-ws)\n${reviewAdded}`,
        answer: `next, after ${ms} ms\n${JSON.stringify(event)}`,
        check,
      }
    },
  },
  {
    title: 'Payments hang: by the deadline the rest is there, marked as partial',
    plan: 'GET /mobile/orders/{id}',
    async run({ ask, shop }) {
      await tell(shop.payments.controlUrl, { mode: 'hang' })
      const answer = await ask(`/mobile/orders/${paidOrder.id}`)
      await fetch(`${shop.payments.controlUrl}/faults`, { method: 'DELETE' })
      const check = () => {
        assert.deepEqual([answer.status, answer.json], [200, orderScreenWithoutPayment(paidOrder)])
        assert.equal(answer.headers.get('portico-partial'), 'payments')
        assert.equal(answer.headers.get('cache-control'), 'no-store')
        assert.ok(answer.ms < partialWithinMs, `It took ${answer.ms} ms.`)
      }
      return { request: answer.request, answer: shown(answer), check }
    },
  },
  {
    title: 'A proxy route: the service’s own bytes, digits past a double included',
    async run({ ask }) {
      const answer = await ask('/users/u-2')
      const check = () => {
        assert.equal(answer.status, 200)
        assert.ok(answer.text.includes(`"loyalty_points":${loyaltyPointsOf('u-2')},`), answer.text)
      }
      return { request: answer.request, answer: shown(answer), check }
    },
  },
  {
    title: 'REST in, gRPC out, from the proto alone: 64-bit numbers, times and bytes as ProtoJSON writes them',
    async run({ ask }) {
      const answer = await ask('/api/v1/products/p-1')
      const check = () => {
        assert.equal(answer.status, 200)
        const expected = transcodedProductOf('p-1')
        const given = answer.json as Readonly<Record<string, unknown>>
        assert.deepEqual(Object.fromEntries(Object.keys(expected).map((name) => [name, given[name]])), expected)
      }
      return { request: answer.request, answer: shown(answer), check }
    },
  },
  {
    title: 'Without a token: a problem, and how to ask',
    async run({ ask }) {
      const answer = await ask('/users/u-1', { anonymous: true })
      const check = () => {
        const { code } = answer.json as { readonly code: string }
        assert.deepEqual([answer.status, code], [401, 'UNAUTHENTICATED'])
        assert.match(answer.headers.get('content-type') ?? '', /^application\/problem\+json/)
        assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer/)
      }
      return { request: `${answer.request}\n(no Authorization)`, answer: shown(answer), check }
    },
  },
  {
    title: 'An injection attempt: an id stays one path segment, and a path that could be read two ways is refused',
    plan: { query: hostileQuery },
    async run({ ask, shop }) {
      const seen = await seenBy(shop.orders.controlUrl)
      const inVariable = await ask('/web/graphql', { body: { query: hostileQuery, variables: { id: hostileId } } })
      const inPath = await ask('/mobile/orders/..%2Fusers%2Fu-2')
      const seenSince = (await seenBy(shop.orders.controlUrl)).slice(seen.length)
      const check = () => {
        assert.deepEqual([inVariable.status, inVariable.json], [200, { data: { order: null } }])
        assert.equal(inPath.status, 400)
        assert.deepEqual(seenSince, [`GET /orders/${encodeURIComponent(hostileId)}`])
      }
      return {
        request: `${inVariable.request}\n${inPath.request}`,
        answer: `${shown(inVariable)}\n${shown(inPath)}\norders saw: ${seenSince.join(', ')}`,
        check,
      }
    },
  },
]

const tell = (controlUrl: string, fault: object): Promise<Response> =>
  fetch(`${controlUrl}/faults`, {
    method: 'PUT',
    body: JSON.stringify(fault),
    headers: { 'content-type': 'application/json' },
  })

/** Calls a service has received, oldest first. */
const seenBy = async (controlUrl: string): Promise<readonly string[]> => {
  const { calls } = (await (await fetch(`${controlUrl}/calls`)).json()) as {
    readonly calls: readonly { readonly name: string }[]
  }
  return calls.map(({ name }) => name)
}

const nextEvent = async (url: string, token: Visit['token']): Promise<unknown> => {
  const client = createClient({
    url,
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    connectionParams: { authorization: `Bearer ${token}` },
  })
  for await (const event of client.iterate({ query: reviewAdded })) {
    void client.dispose()
    return event
  }
  throw new Error('The subscription ended without an event.')
}
