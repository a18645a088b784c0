import type { FastifyInstance } from 'fastify'
import type { RestFault } from '../support/faults.ts'
import { pageOf } from '../support/paging.ts'
import { Refusal } from '../support/refusal.ts'
import { type RestTools, startRestService } from '../support/rest-service.ts'
import type { RunningService, ServiceOptions } from '../support/running-service.ts'
import { openFeed } from './feed.ts'
import { openOrderBook, type PlaceOrder } from './order-book.ts'
import * as schema from './schema.ts'

interface ListQuery {
  readonly customer?: string
  readonly limit: number
  readonly cursor?: string
}

/** What customers ordered: REST, and a WebSocket that tells of new orders. */
export const startOrders = (options: ServiceOptions = {}): Promise<RunningService<RestFault>> =>
  startRestService({ name: 'orders', routes: (app, tools) => routes(app, tools, options) }, options)

function routes(app: FastifyInstance, tools: RestTools, { now = () => new Date() }: ServiceOptions): void {
  const book = openOrderBook(now)
  const feed = openFeed(app, tools)

  app.get<{ Querystring: ListQuery }>('/orders', { schema: schema.list }, async ({ query }) => {
    const { items, next } = pageOf(book.newestFirst(query.customer), query)
    return { data: items, paging: { next: next ?? null } }
  })

  app.get<{ Params: { id: string } }>('/orders/:id', async ({ params: { id } }) => {
    const order = book.find(id)
    if (!order) throw new Refusal('NOT_FOUND', `No order ${id}.`)
    return order
  })

  app.post<{ Body: PlaceOrder }>('/orders', { schema: schema.place }, async ({ body, headers }, reply) => {
    const { order, isNew } = book.place(body, headers['idempotency-key']?.toString())
    if (isNew) feed.announce(order.id)
    return reply.code(201).header('location', `/orders/${order.id}`).send(order)
  })
}
