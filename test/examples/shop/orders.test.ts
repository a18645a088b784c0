import assert from 'node:assert/strict'
import { on, once } from 'node:events'
import { describe, it, type TestContext } from 'node:test'
import { WebSocket } from 'ws'
import type { Order } from '../../../examples/shop/orders/order-book.ts'
import { startOrders } from '../../../examples/shop/orders/service.ts'
import { until } from '../../support/until.ts'
import { bodyOf, httpClient } from './support/http-client.ts'

describe('the orders service', () => {
  it('lists a customer’s orders, newest first', async (t) => {
    const { json } = await ordersFor(t)
    const { data } = await json<Page>('/orders?customer=u-1&limit=3')
    assert.equal(data.length, 3)
    const times = data.map(({ placed_at }) => placed_at)
    assert.deepEqual(times, times.toSorted().toReversed())
    assert.ok(data.every(({ customer }) => customer === 'u-1'))
  })

  it('has at least ten orders of every customer', async (t) => {
    const { json } = await ordersFor(t)
    for (let number = 1; number <= 64; number += 1) {
      assert.equal((await json<Page>(`/orders?customer=u-${number}&limit=10`)).data.length, 10)
    }
  })

  it('lists everybody’s orders when no customer is named', async (t) => {
    const { json } = await ordersFor(t)
    const { data } = await json<Page>('/orders?limit=50')
    assert.ok(new Set(data.map(({ customer }) => customer)).size > 1)
  })

  it('goes on after the cursor even when an order came meanwhile', async (t) => {
    const { json, place } = await ordersFor(t)
    const first = await json<Page>('/orders?limit=2')
    await place(lamp)
    const second = await json<Page>(`/orders?limit=2&cursor=${first.paging.next}`)
    assert.deepEqual(
      [...first.data, ...second.data].map(({ id }) => id),
      ['o-2400', 'o-2399', 'o-2398', 'o-2397'],
    )
  })

  it('adds up the total from the unit prices, in whole numbers', async (t) => {
    const { json } = await ordersFor(t)
    const { total, lines } = await json<Order>('/orders/o-1')
    const nanosOf = ({ units, nanos }: Order['total']) => BigInt(units) * 1_000_000_000n + BigInt(nanos)
    const sum = lines.reduce((nanos, line) => nanos + BigInt(line.quantity) * nanosOf(line.unit_price), 0n)
    assert.equal(nanosOf(total), sum)
    assert.equal(total.currency_code, 'EUR')
  })

  it('places an order', async (t) => {
    const { json, place } = await ordersFor(t)
    const reply = await place(lamp)
    assert.equal(reply.status, 201)
    const order = await bodyOf<Order>(reply)
    assert.equal(order.id, 'o-2401')
    assert.equal(order.status, 'placed')
    assert.equal(order.placed_at, '2026-01-02T03:04:05.000Z')
    assert.deepEqual(await json('/orders/o-2401'), order)
  })

  it('refuses a body that is not an order', async (t) => {
    const { place } = await ordersFor(t)
    for (const body of [
      {},
      { ...lamp, customer: 'Ada' },
      { ...lamp, lines: [] },
      { ...lamp, lines: [{ product_id: 'p-1', quantity: 0 }] },
      { ...lamp, lines: [{ product_id: 'p-99999', quantity: 1 }] },
      { ...lamp, total: 1 },
    ]) {
      assert.equal((await place(body)).status, 400, JSON.stringify(body))
    }
  })

  it('places one order for a repeated Idempotency-Key', async (t) => {
    const { place } = await ordersFor(t)
    const first = await place(lamp, { 'idempotency-key': 'once' })
    const again = await place(lamp, { 'idempotency-key': 'once' })
    assert.equal(again.status, 201)
    assert.deepEqual(await again.json(), await first.json())
    const other = await place({ ...lamp, customer: 'u-2' }, { 'idempotency-key': 'once' })
    assert.equal(other.status, 409)
  })
})

describe('the orders feed', () => {
  it('greets, echoes, and tells of a new order', async (t) => {
    const { place, feed } = await ordersFor(t)
    const { socket, next } = await feed()
    assert.deepEqual(await next(), { type: 'hello' })
    socket.send('anybody there?')
    assert.deepEqual(await next(), { type: 'echo', text: 'anybody there?' })
    await place(lamp)
    assert.deepEqual(await next(), { type: 'order', id: 'o-2401' })
  })

  it('tells of an order once, however often its key is repeated', async (t) => {
    const { place, feed } = await ordersFor(t)
    const { socket, next } = await feed()
    await next()
    await place(lamp, { 'idempotency-key': 'once' })
    await place(lamp, { 'idempotency-key': 'once' })
    socket.send('done')
    assert.deepEqual(await next(), { type: 'order', id: 'o-2401' })
    assert.deepEqual(await next(), { type: 'echo', text: 'done' })
  })

  it('refuses other paths, and meets faults like any call', async (t) => {
    const { orders } = await ordersFor(t)
    assert.equal(await refusedStatus(`${orders.address}/elsewhere`), 404)
    orders.faults.set({ mode: 'fail', status: 503, on: '/orders/feed' })
    assert.equal(await refusedStatus(`${orders.address}/orders/feed`), 503)
    assert.equal(orders.calls.count('/orders/feed'), 1)
  })

  it('hangs when told to, and closes promptly all the same', async (t) => {
    const { orders } = await ordersFor(t)
    orders.faults.set({ mode: 'hang', on: '/orders/feed' })
    const hungUp = once(new WebSocket(`${orders.address}/orders/feed`), 'error')
    await until(() => orders.calls.count() === 1)
    await orders.close()
    await hungUp
  })
})

const lamp = { customer: 'u-1', lines: [{ product_id: 'p-1', quantity: 2 }] }

interface Page {
  readonly data: readonly Order[]
  readonly paging: { readonly next: string | null }
}

async function refusedStatus(url: string): Promise<number | undefined> {
  const [, response] = await once(new WebSocket(url), 'unexpected-response')
  response.resume()
  return response.statusCode
}

async function ordersFor(t: TestContext) {
  const orders = await startOrders({ now: () => new Date('2026-01-02T03:04:05Z') })
  t.after(() => orders.close())
  const { json, send } = httpClient(orders.address)
  return {
    orders,
    json,
    place: (body: object, headers?: Record<string, string>) => send('POST', '/orders', body, headers),
    feed: async () => {
      const socket = new WebSocket(`${orders.address}/orders/feed`)
      const messages = on(socket, 'message')
      await once(socket, 'open')
      return { socket, next: async (): Promise<unknown> => JSON.parse(String((await messages.next()).value?.[0])) }
    },
  }
}
