import type { FastifyInstance } from 'fastify'
import { people } from '../seed/people.ts'
import { findBatch } from '../support/batch.ts'
import type { RestFault } from '../support/faults.ts'
import { pageOf } from '../support/paging.ts'
import { Refusal } from '../support/refusal.ts'
import { startRestService } from '../support/rest-service.ts'
import type { RunningService, ServiceOptions } from '../support/running-service.ts'
import * as schema from './schema.ts'

const maxIds = 100

interface ListQuery {
  readonly ids?: string
  readonly limit: number
  readonly cursor?: string
}

/** Who the shop's customers are: REST. */
export const startUsers = (options: ServiceOptions = {}): Promise<RunningService<RestFault>> =>
  startRestService({ name: 'users', routes }, options)

function routes(app: FastifyInstance): void {
  const users = new Map(people().map((person) => [person.id, userOf(person)]))

  const find = (id: string): User => {
    const user = users.get(id)
    if (!user) throw new Refusal('NOT_FOUND', `No user ${id}.`)
    return user
  }

  app.get<{ Querystring: ListQuery }>('/users', { schema: schema.list }, async ({ query }) => {
    if (query.ids !== undefined) return { items: findBatch(idsIn(query.ids), maxIds, (id) => users.get(id)) }
    const { items, next } = pageOf([...users.values()], query)
    return { items, paging: { next: next ?? null } }
  })

  app.get<{ Params: { id: string } }>('/users/:id', { schema: schema.one }, async ({ params }) => find(params.id))

  app.patch<{ Params: { id: string }; Body: { display_name: string } }>(
    '/users/:id',
    { schema: schema.change },
    async ({ params, body }) => {
      const changed = { ...find(params.id), display_name: body.display_name }
      users.set(changed.id, changed)
      return changed
    },
  )
}

export type User = ReturnType<typeof userOf>

const userOf = (person: ReturnType<typeof people>[number]) => ({
  id: person.id,
  display_name: person.name,
  email: person.email,
  tier: person.tier,
  loyalty_points: person.loyaltyPoints,
  created_at: person.createdAt.toISOString(),
  address: person.address,
})

const idsIn = (list: string): readonly string[] => list.split(',').filter((id) => id !== '')
