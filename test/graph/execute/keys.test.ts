import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Json } from '../../../src/kernel/json.ts'
import { type Asked, world } from '../support/graph.ts'

describe('a key of several fields', () => {
  it('loads by all of them, each distinct key once, and is matched whatever the type of its parts', async () => {
    const { asked, run } = shop()
    const { data, errors } = await run('{ seats { holder { name } } }')
    assert.deepEqual(errors, [])
    assert.deepEqual(data, {
      seats: [
        { holder: { name: 'a/1' } },
        { holder: { name: 'b/1' } },
        { holder: { name: 'a/1' } },
        { holder: null },
        { holder: null },
      ],
    })
    assert.deepEqual(asked, ['users GET /seats', 'users POST /members'])
  })

  it('is sent as a list of objects by {keys}, or as a list for each field', async () => {
    const { calls, run } = shop()
    await run('{ seats { holder { name } } }')
    const keys = [
      { tenant: 'a', id: '1' },
      { tenant: 'b', id: '1' },
      { tenant: 'c', id: '9' },
    ]
    assert.deepEqual(calls.at(-1)?.body, { keys, tenants: ['a', 'b', 'c'], ids: ['1', '1', '9'] })
  })

  it('fills a path of its own for each entity where the loader takes one', async () => {
    const { asked, run } = shop()
    const { data } = await run('{ room(tenant: "a", id: 7) { name } }')
    assert.deepEqual(data, { room: { name: 'room' } })
    assert.deepEqual(asked, ['users GET /tenants/a/rooms/7'])
  })

  it('groups what a batch returns for many parents', async () => {
    const { data } = await shop().run('{ seats { holder { badges { label } } } }')
    const [first, second] = (data as { seats: readonly { holder: { badges: readonly object[] } }[] }).seats
    assert.deepEqual(first?.holder.badges, [{ label: 'gold' }, { label: 'silver' }])
    assert.deepEqual(second?.holder.badges, [])
  })
})

describe('a key that is no single value', () => {
  it('fails its own object, however deep it is nested, and no other', async () => {
    const { asked, run } = world({
      sdl: `
        type Query { pages: [Page!]! @rest(service: "users", get: "/pages") @listSize(assumedSize: 4) }
        type Page { at: JSON @internal  user: User @load(by: { id: "{this.at}" }) }
        type User @entity(key: "id")
          @rest(service: "users", get: "/users?ids={keys.id|join(',')}", batch: { match: "id" }) { id: ID!  name: String }`,
      answer: ({ line }) =>
        line === 'users GET /pages'
          ? [{ at: nested(10_000) }, { at: { id: 'u' } }, { at: [['u']] }, { at: 'u' }]
          : [{ id: 'u', name: 'Ann' }],
    })
    const { data, errors } = await run('{ pages { user { name } } }')
    assert.deepEqual(data, {
      pages: [{ user: null }, { user: null }, { user: null }, { user: { name: 'Ann' } }],
    })
    assert.deepEqual(
      errors,
      [0, 1, 2].map((page) => `pages.${page}.user INVALID_ARGUMENT A key is one value, and this one holds others.`),
    )
    assert.deepEqual(asked, ['users GET /pages', 'users GET /users?ids=u'])
  })
})

const nested = (levels: number): Json => {
  let value: Json = 'u'
  for (let level = 0; level < levels; level += 1) value = [value]
  return value
}

const sdl = `
type Query {
  seats: [Seat!]! @rest(service: "users", get: "/seats") @listSize(assumedSize: 9)
  room(tenant: ID!, id: ID!): Room @load(by: { tenant: "{args.tenant}", id: "{args.id}" })
}
type Seat {
  tenant: ID @internal
  memberId: ID @internal
  holder: Member @load(by: { tenant: "{this.tenant}", id: "{this.memberId}" })
}
type Member @entity(key: "tenant id")
  @rest(
    service: "users", post: "/members", select: "items"
    body: { keys: "{keys}", tenants: "{keys.tenant}", ids: "{keys.id}" }
    batch: { match: { tenant: "of.tenant", id: "number" } }
  ) {
  tenant: ID! @from(path: "of.tenant")
  id: ID! @from(path: "number")
  name: String
  badges: [Badge!]
    @rest(
      service: "users", post: "/badges", body: { tenants: "{keys.tenant}", ids: "{keys.id}" }
      batch: { match: { tenant: "tenant", id: "member" } }
    )
}
type Badge { label: String }
type Room @entity(key: "tenant id") @rest(service: "users", get: "/tenants/{keys.tenant}/rooms/{keys.id}") {
  tenant: ID!
  id: ID!
  name: String
}
`

const members: Json = {
  items: [
    { of: { tenant: 'b' }, number: '1', name: 'b/1' },
    { of: { tenant: 'a' }, number: 1, name: 'a/1' },
    { of: { tenant: 'a' }, name: 'nobody' },
  ],
}

const shop = () =>
  world({
    sdl,
    answer: ({ line }: Asked): Json => {
      if (line.endsWith('/seats'))
        return [
          { tenant: 'a', memberId: 1 },
          { tenant: 'b', memberId: '1' },
          { tenant: 'a', memberId: '1' },
          { tenant: 'c', memberId: 9 },
          { tenant: 'a' },
        ]
      if (line.endsWith('/members')) return members
      if (line.endsWith('/badges'))
        return [
          { tenant: 'a', member: 1, label: 'gold' },
          { tenant: 'a', member: '1', label: 'silver' },
          { tenant: 'a', member: 2, label: 'tin' },
        ]
      return { name: 'room' }
    },
  })
