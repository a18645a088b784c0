import { LRUCache } from 'lru-cache'
import { type OrderSeed, orders, totalOf } from '../seed/orders.ts'
import { priceOf } from '../seed/prices.ts'
import { euros } from '../support/money.ts'
import { Refusal } from '../support/refusal.ts'

/** The body of `POST /orders`. */
export interface PlaceOrder {
  readonly customer: string
  readonly lines: readonly { readonly product_id: string; readonly quantity: number }[]
}

export type Order = ReturnType<typeof orderOf>

export interface OrderBook {
  /** One customer's orders, or everybody's. */
  newestFirst(customer?: string): readonly Order[]
  find(id: string): Order | undefined
  /** The same key and body again give the same order; the same key with another body is refused. */
  place(request: PlaceOrder, idempotencyKey?: string): { readonly order: Order; readonly isNew: boolean }
}

export function openOrderBook(now: () => Date): OrderBook {
  const oldestFirst = orders().map(orderOf)
  const byId = new Map(oldestFirst.map((order) => [order.id, order]))
  const placed = new LRUCache<string, { readonly body: string; readonly order: Order }>({ max: 1_000 })

  const add = ({ customer, lines }: PlaceOrder): Order => {
    const unknown = lines.find(({ product_id }) => priceOf(product_id) === undefined)
    if (unknown) throw new Refusal('INVALID_ARGUMENT', `No product ${unknown.product_id}.`)
    const order = orderOf({
      id: `o-${oldestFirst.length + 1}`,
      customer,
      status: 'placed',
      placedAt: now(),
      lines: lines.map(({ product_id, quantity }) => ({ productId: product_id, quantity })),
    })
    oldestFirst.push(order)
    byId.set(order.id, order)
    return order
  }

  return {
    newestFirst: (customer) =>
      oldestFirst.filter((order) => customer === undefined || order.customer === customer).toReversed(),
    find: (id) => byId.get(id),
    place(request, idempotencyKey) {
      const body = JSON.stringify(request)
      const earlier = idempotencyKey === undefined ? undefined : placed.get(idempotencyKey)
      if (earlier && earlier.body !== body) {
        throw new Refusal('ALREADY_EXISTS', 'This Idempotency-Key came with another body before.')
      }
      if (earlier) return { order: earlier.order, isNew: false }
      const order = add(request)
      if (idempotencyKey !== undefined) placed.set(idempotencyKey, { body, order })
      return { order, isNew: true }
    },
  }
}

const orderOf = ({ id, customer, status, placedAt, lines }: OrderSeed) => ({
  id,
  customer,
  status,
  placed_at: placedAt.toISOString(),
  total: money(totalOf(lines)),
  lines: lines.map(({ productId, quantity }) => ({
    product_id: productId,
    quantity,
    unit_price: money(priceOf(productId) ?? 0),
  })),
})

function money(cents: number) {
  const { currencyCode, units, nanos } = euros(cents)
  return { currency_code: currencyCode, units, nanos }
}
