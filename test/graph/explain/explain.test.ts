import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import type { Explanation } from '../../../src/graph/explain/explanation.ts'
import { executeExplained } from '../../../src/graph/explain/run.ts'
import type { Json } from '../../../src/kernel/json.ts'
import { Problem } from '../../../src/kernel/problem.ts'
import { reasons } from '../../../src/kernel/reason.ts'
import { type Answer, idsIn, type RunOptions, type World, world } from '../support/graph.ts'

describe('an explained call', () => {
  it('shows what was asked, and neither who asked nor what nobody may read', async () => {
    const { requests } = await explained(
      `{ me { id } mine(key: "k-1") { id } find(text: "a b/ü", password: "hunter2", ids: ["1", "2"], filter: { a: 1 }) { id } }`,
      { sdl: asking, answer: () => ({ id: 'x' }) },
      { identity: { claims: { sub: 'u-1', org: ['acme', 'k-1'] } }, headers: { 'x-session': 's3cret' } },
    )
    assert.deepEqual(requests, [
      'GET /users/{claims.sub}',
      'GET /keys/{args.key}?session={header.x-session}',
      'GET /find?q=a%20b%2F%C3%BC&p={args.password}&id=1&id=2&f={args.filter|json}',
    ])
  })

  it('leaves out what a request has not, and cuts what is long', async () => {
    const { requests } = await explained(`{ find(text: "${'x'.repeat(500)}") { id } }`, {
      sdl: asking,
      answer: () => ({ id: 'x' }),
    })
    assert.deepEqual(requests, [`GET /find?q=${'x'.repeat(59)}…`])
  })

  it('hides keys of a batch that say who asks, whichever way they came', async () => {
    const { requests } = await explained(
      '{ me { friends { name } } }',
      {
        sdl: `type Query { me: User @rest(service: "users", get: "/me") }
          type User @entity(key: "id") @rest(service: "users", get: "/users?ids={keys.id|join(',')}", batch: { match: "id" })
            { id: ID! name: String friendIds: [ID!] @internal friends: [User] @load(by: { id: "{this.friendIds}" }) }`,
        answer: ({ line }) =>
          line.endsWith('/me') ? { friendIds: ['u-1', 'u-2'] } : idsIn(line).map((id) => ({ id, name: id })),
      },
      { identity: { claims: { sub: 'u-1' } } },
    )
    assert.deepEqual(requests, ['GET /me', "GET /users?ids={keys.id|join(',')}"])
  })

  it('shows the message of a gRPC method, without secrets', async () => {
    const { requests } = await explained('{ product(id: "p-1") { id } }', {
      sdl: `type Query { product(id: ID!): Product @grpc(service: "catalog", method: "shop.catalog.v1.Catalog/GetProduct", request: { id: "{args.id}" }) }
        type Product { id: ID! }`,
      answer: () => ({ id: 'p-1' }),
    })
    assert.deepEqual(requests, ['shop.catalog.v1.Catalog/GetProduct {"id":"p-1"}'])
  })
})

describe('an explained step', () => {
  it('says of a batch how many owners asked for how many keys in how many calls', async () => {
    const { step } = await explained('{ orders { buyer { name } } }', {
      sdl: orders,
      answer: ({ line }) =>
        line.startsWith('orders')
          ? ['1', '2', '1', null, '3'].map((buyer_id) => ({ buyer_id }))
          : idsIn(line).map((id) => ({ id })),
    })
    const { owners, asked, level, calls } = step('orders.buyer')
    assert.deepEqual({ owners, asked, level }, { owners: 5, asked: 3, level: 1 })
    assert.deepEqual(
      calls.map(({ request, keys }) => [request, keys]),
      [
        ['GET /users?ids=1%2C2', 2],
        ['GET /users?ids=3', 1],
      ],
    )
  })

  it('tells a start with its parent, and calls that a parent had no use for', async () => {
    const early = {
      sdl: starting,
      answer: (({ line }) => (line.includes('/users') ? [] : [{ total: 1 }])) satisfies Answer,
    }
    const { step, explanation } = await explained('{ user(id: "u-1") { orders { total } } }', early)
    assert.equal(step('user.orders').skipped, 'NO_OWNERS')
    assert.deepEqual(
      explanation.unused?.map(({ service, request }) => [service, request]),
      [['orders', 'GET /orders?user=u-1']],
    )
    const none = { ...early, answer: (({ line }) => (line.includes('/users') ? [{ id: 'u-1' }] : [])) satisfies Answer }
    assert.deepEqual((await explained('{ user(id: "u-1") { orders { total } } }', none)).why, [])
    const other = {
      ...early,
      answer: (({ line }) => (line.includes('/users') ? [{ id: 'u-1' }] : [{ total: 1 }])) satisfies Answer,
    }
    const started = await explained('{ user(id: "u-1") { orders { total } } }', other)
    assert.equal(started.step('user.orders').early, true)
    assert.equal(started.explanation.unused, undefined)
  })

  it('says what only completes entities, and which field is a function of', async () => {
    const { step } = await explained('{ orders { buyer { name } loud } }', {
      sdl: `type Query { orders: [Order] @rest(service: "orders", get: "/orders") }
        type Order { buyer: User loud: String @resolver(fn: "loud") }
        type User @entity(key: "id") @rest(service: "users", get: "/users?ids={keys.id|join(',')}", batch: { match: "id" })
          { id: ID! name: String }`,
      answer: ({ line }) => (line.startsWith('orders') ? [{ buyer: { id: '1' } }] : [{ id: '1', name: 'Ada' }]),
      resolvers: { loud: { resolve: () => 'A!' } },
    })
    assert.equal(step('orders.buyer').completes, true)
    assert.equal(step('orders.buyer').calls.length, 1)
    assert.equal(step('orders.loud').function, 'loud')
  })

  it('says that it was not made for a caller who may not see it', async () => {
    const { step, why } = await explained('{ orders { secret } }', {
      sdl: `type Query { orders: Orders @rest(service: "orders", get: "/orders") @auth(scopes: [["staff"]]) } type Orders { secret: String }`,
      answer: () => ({}),
    })
    assert.equal(step('orders').skipped, 'AUTH_DENIED')
    assert.deepEqual(why, ['orders AUTH_DENIED'])
  })
})

describe('an explanation', () => {
  it('tells the first hundred missing values, and how many more there are', async () => {
    const { explanation } = await explained('{ orders { total } }', {
      sdl: orders,
      answer: () => Array.from({ length: 250 }, () => ({ total: null })),
    })
    assert.equal(explanation.missing.length, 100)
    assert.equal(explanation.omitted, 150)
  })

  it('shows the first twenty names of an object that lacks one', async () => {
    const wide = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`n${index}${'x'.repeat(100)}`, 1]))
    const { explanation } = await explained('{ orders { total } }', { sdl: orders, answer: () => [wide] })
    const has = explanation.missing[0]?.has ?? []
    assert.equal(has.length, 20)
    assert.ok(has.every((name) => name.length <= 60))
  })

  it('tells why a loader left a completed field out, and a failed one', async () => {
    const sdl = `type Query { orders: [Order] @rest(service: "orders", get: "/orders") }
      type Order { buyer: User }
      type User @entity(key: "id") @rest(service: "users", get: "/users?ids={keys.id|join(',')}", batch: { match: "id" })
        { id: ID! name: String }`
    const inline = [{ buyer: { id: '1' } }]
    const left = await explained('{ orders { buyer { name } } }', {
      sdl,
      answer: ({ line }) => (line.startsWith('orders') ? inline : [{ id: '1' }]),
    })
    assert.deepEqual(left.why, ['orders.0.buyer.name PATH_MISSING'])
    const failed = await explained('{ orders { buyer { name } } }', {
      sdl,
      answer: ({ line }) =>
        line.startsWith('orders') ? inline : fail(new Problem('DEADLINE_EXCEEDED', 'late', { service: 'users' })),
    })
    assert.deepEqual(failed.why, ['orders.0.buyer.name TIMEOUT'])
  })

  it('finds the value that a path of an answer should select', async () => {
    const sdl = 'type Query { a: Int @rest(service: "users", get: "/a", select: "data.count") }'
    assert.deepEqual((await explained('{ a }', { sdl, answer: () => ({ data: { total: 1 } }) })).why, [
      'a PATH_MISSING',
    ])
    assert.deepEqual((await explained('{ a }', { sdl, answer: () => ({ data: { count: null } }) })).why, [
      'a UPSTREAM_NULL',
    ])
    assert.deepEqual((await explained('{ a }', { sdl, answer: () => null })).why, ['a UPSTREAM_NULL'])
  })

  it('tells each change of a mutation', async () => {
    const { explanation, requests } = await explained('mutation { a: add(n: 1) b: add(n: 2) }', {
      sdl: 'type Query { a: Int @rest(service: "users", get: "/a") } type Mutation { add(n: Int!): Int @rest(service: "users", post: "/add/{args.n}") }',
      answer: () => 1,
    })
    assert.deepEqual(requests, ['POST /add/1', 'POST /add/2'])
    assert.deepEqual(
      explanation.steps.map(({ path }) => path.join()),
      ['a', 'b'],
    )
  })
})

describe('reasons', () => {
  for (const page of ['docs/guides/explain.md', 'test/spec/explain.md'])
    it(`each stand in ${page}`, () => {
      const text = readFileSync(page, 'utf8')
      assert.deepEqual(
        Object.keys(reasons).filter((reason) => !text.includes(reason)),
        [],
      )
    })
})

const asking = `type Query {
  me: Thing @rest(service: "users", get: "/users/{claims.sub}")
  mine(key: String): Thing @rest(service: "users", get: "/keys/{args.key}?session={header.x-session}")
  find(text: String, password: String, ids: [ID!], filter: Filter): Thing
    @rest(service: "users", get: "/find?q={args.text}&p={args.password}&id={args.ids}&f={args.filter|json}")
}
input Filter { a: Int }
type Thing { id: ID }`

const orders = `type Query { orders: [Order] @rest(service: "orders", get: "/orders") }
type Order { total: Int buyerId: ID @from(path: "buyer_id") @internal buyer: User @load(by: { id: "{this.buyerId}" }) }
type User @entity(key: "id")
  @rest(service: "users", get: "/users?ids={keys.id|join(',')}", batch: { match: "id", max: 2 }) { id: ID! name: String }`

const starting = `type Query { user(id: ID!): User @load(by: { id: "{args.id}" }) }
type User @entity(key: "id") @rest(service: "users", get: "/users?ids={keys.id|join(',')}", batch: { match: "id" }) {
  id: ID!
  orders: [Order] @rest(service: "orders", get: "/orders?user={this.id}", fanout: 5)
}
type Order { total: Int }`

const fail = (problem: Problem): Json => {
  throw problem
}

/** The explanation of one operation, and short forms of it. */
async function explained(source: string, given: World, options: RunOptions = {}) {
  const { requestFor, tools } = world(given)
  const request = requestFor(source, options)
  const { explanation } = await executeExplained(request, tools, { whole: request.plan, masker: undefined })
  assert.ok(explanation !== undefined)
  return {
    explanation,
    requests: explanation.steps.flatMap(({ calls }) => calls.map((call) => call.request)),
    why: explanation.missing.map(({ path, reason }) => `${path.join('.')} ${reason}`),
    step: (path: string): Explanation['steps'][number] => {
      const step = explanation.steps.find((one) => one.path.join('.') === path)
      assert.ok(step !== undefined, `${path} is a step`)
      return step
    },
  }
}
