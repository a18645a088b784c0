import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { worstCasePlan } from '../../../src/graph/operation.ts'
import { explain } from '../../../src/graph/plan/explain.ts'
import type { Json } from '../../../src/kernel/json.ts'
import { Problem } from '../../../src/kernel/problem.ts'
import { graphOf, idsIn, operationOf, world } from '../support/graph.ts'

describe('an entity inside of another answer', () => {
  it('is completed by its loader, by one batch for all that lack something', async () => {
    const { asked, run } = orders([{ id: 1, total: 5 }, { id: '2' }, { id: 3, city: 'Ulm' }])
    const { data, errors } = await run('{ orders { id total } }')
    assert.deepEqual(errors, [])
    assert.deepEqual(data, {
      orders: [
        { id: '1', total: 5 },
        { id: '2', total: 200 },
        { id: '3', total: 300 },
      ],
    })
    assert.deepEqual(asked, ['orders GET /orders', 'orders GET /orders/by?ids=2,3'])
  })

  it('asks for nothing where all that is selected is there, null included', async () => {
    const { asked, run } = orders([{ id: 1, total: null }])
    const { data } = await run('{ orders { id total } }')
    assert.deepEqual(data, { orders: [{ id: '1', total: null }] })
    assert.deepEqual(asked, ['orders GET /orders'])
  })

  it('keeps what arrived, and adds only what lacks', async () => {
    const { run } = orders([{ id: 1, total: 5, address: { street: 'Main' } }])
    const { data } = await run('{ orders { total city street } }')
    assert.deepEqual(data, { orders: [{ total: 5, city: 'Ulm', street: 'Main' }] })
  })

  it('stays as it is without its key', async () => {
    const { asked, run } = orders([{ total: 5 }])
    const { data } = await run('{ orders { total city } }')
    assert.deepEqual(data, { orders: [{ total: 5, city: null }] })
    assert.deepEqual(asked, ['orders GET /orders'])
  })

  it('fails only what lacks where its loader fails', async () => {
    const { run } = orders([{ id: 1, total: 5 }], new Problem('UNAVAILABLE', 'down', { service: 'orders' }))
    const { data, errors } = await run('{ orders { total city } }')
    assert.deepEqual(data, { orders: [{ total: 5, city: null }] })
    assert.deepEqual(errors, ['orders.0.city UNAVAILABLE down'])
  })

  it('is completed for the calls below it too', async () => {
    const { asked, run } = orders([{ id: 1 }])
    const { data } = await run('{ orders { owner { name } } }')
    assert.deepEqual(data, { orders: [{ owner: { name: 'Ada' } }] })
    assert.deepEqual(asked, ['orders GET /orders', 'orders GET /orders/by?ids=1', 'users GET /users/u-1'])
  })

  it('fails the calls below it that need what lacks, and sends its failure nowhere', async () => {
    const { asked, run } = orders([{ id: 1 }], new Problem('UNAVAILABLE', 'down', { service: 'orders' }))
    const { data, errors } = await run('{ orders { owner { name } } }')
    assert.deepEqual(data, { orders: [{ owner: null }] })
    assert.deepEqual(errors, ['orders.0.owner UNAVAILABLE down'])
    assert.deepEqual(asked, ['orders GET /orders', 'orders GET /orders/by?ids=1'])
  })

  it('asks for nothing that the caller may not see', async () => {
    const { asked, run } = orders([{ id: 1 }])
    const { errors } = await run('{ orders { secret } }')
    assert.deepEqual(errors, ['orders.0.secret UNAUTHENTICATED This needs a caller who is known; send a token.'])
    assert.deepEqual(asked, ['orders GET /orders'])
  })

  it('counts among the calls that explain foretells', () => {
    const graph = graphOf(sdl)
    assert.equal(
      explain(worstCasePlan(graph, operationOf(graph, '{ orders { total owner { name } } }')), {}).split(' · ')[0],
      [
        'level 0  orders GET /orders',
        'level 1  users GET /users/{keys.id} (≤ 9 calls)',
        "where fields lack  orders GET /orders/by?ids={keys.id|join(',')} (≤ 9 keys)",
        'calls ≤ 11, 1 of them where fields lack',
      ].join('\n'),
    )
  })

  it('plans nothing where only its key is asked for', () => {
    const graph = graphOf(sdl)
    assert.match(explain(worstCasePlan(graph, operationOf(graph, '{ orders { id } }')), {}), /calls ≤ 1 /)
  })
})

const sdl = `
type Query { orders: [Order] @rest(service: "orders", get: "/orders") @listSize(assumedSize: 9) }
type Order @entity(key: "id")
  @rest(service: "orders", get: "/orders/by?ids={keys.id|join(',')}", batch: { match: "id" }) {
  id: ID!
  total: Int
  city: String @from(path: "address.city")
  street: String @from(path: "address.street")
  secret: String @auth(scopes: [["admin"]])
  ownerId: ID @internal
  owner: User @load(by: { id: "{this.ownerId}" })
}
type User @entity(key: "id") @rest(service: "users", get: "/users/{keys.id}", fanout: 9) { id: ID! name: String }
`

const orders = (arrived: Json, failure?: Problem) =>
  world({
    sdl,
    answer({ line }): Json {
      if (line === 'orders GET /orders') return arrived
      if (line.startsWith('users')) return { id: 'u-1', name: 'Ada' }
      if (failure !== undefined) throw failure
      return idsIn(line).map((id) => ({
        id,
        total: Number(id) * 100,
        address: { city: 'Ulm', street: 'Side' },
        ownerId: 'u-1',
        secret: 's',
      }))
    },
  })
