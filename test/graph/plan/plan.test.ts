import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { worstCasePlan } from '../../../src/graph/operation.ts'
import { estimate } from '../../../src/graph/plan/estimate.ts'
import type { OperationPlan, Selection } from '../../../src/graph/plan/plan.ts'
import { Problem } from '../../../src/kernel/problem.ts'
import { graphOf, operationOf, world } from '../support/graph.ts'

describe('a plan', () => {
  it('has a level for each wait, and starts early what needs only the key', () => {
    const plan = planOf('{ user(id: 1) { best { name } posts { author { name } } profile { views } } }')
    assert.deepEqual(
      plan.steps.map(({ coordinate, level, early }) => [coordinate, level, early]),
      [
        ['Query.user', 0, false],
        ['User.best', 1, false],
        ['User.posts', 0, true],
        ['Post.author', 1, false],
        ['User.profile', 0, true],
        ['Profile.views', 0, true],
      ],
    )
  })

  it('merges fields of one key, in the order they first come up', () => {
    const plan = planOf(`
      { ...A user(id: 1) { ... on User { name } id } user(id: 1) { again: name } }
      fragment A on Query { user(id: 1) { id ...B } }
      fragment B on User { name @skip(if: true) }`)
    assert.deepEqual(keysOf(plan.root), { user: { id: {}, name: {}, again: {} } })
    assert.equal(plan.steps.length, 1)
  })

  it('asks for each alias on its own', () => {
    assert.equal(planOf('{ a: user(id: 1) { id } b: user(id: 2) { id } }').steps.length, 2)
  })

  it('is made once for each combination of conditions, and leaves out what they leave out', () => {
    const operation = operationOf(
      graph,
      'query ($a: Boolean!, $b: Boolean!) { user(id: 1) { id @skip(if: $a) ...C @include(if: $b) } } fragment C on User { name }',
    )
    assert.deepEqual(keysOf(operation.plan({ a: false, b: true }).root), { user: { id: {}, name: {} } })
    assert.deepEqual(keysOf(operation.plan({ a: true, b: true }).root), { user: { name: {} } })
    assert.deepEqual(keysOf(operation.plan({ a: true, b: false }).root), { user: {} })
    assert.equal(operation.plan({ a: true, b: false }), operation.plan({ a: true, b: false }))
    assert.throws(
      () => operation.plan({ a: null, b: true }),
      (error) => error instanceof Problem && error.code === 'INVALID_ARGUMENT',
    )
  })

  it('refuses to grow past its bound where interfaces and unions multiply it', () => {
    const fragments = Array.from({ length: 14 }, (_, depth) =>
      depth === 13
        ? 'fragment F13 on Thing { __typename }'
        : `fragment F${depth} on Thing { things { ...F${depth + 1} } }`,
    )
    const wide = graphOf(`
      type Query { things: [Thing] @rest(service: "users", get: "/") @listSize(assumedSize: 2) }
      interface Thing { things: [Thing] }
      type A implements Thing { things: [Thing] @rest(service: "users", get: "/a", fanout: 9) @listSize(assumedSize: 2) }
      type B implements Thing { things: [Thing] @rest(service: "users", get: "/b", fanout: 9) @listSize(assumedSize: 2) }`)
    assert.throws(
      () => worstCasePlan(wide, operationOf(wide, `{ things { ...F0 } } ${fragments.join(' ')}`)),
      (error) => error instanceof Problem && error.code === 'RESOURCE_EXHAUSTED' && /multiply it/.test(error.message),
    )
  })

  it('has a way through each type an abstract place may hold', () => {
    const plan = planOf('{ things { ... on User { best { id } } ... on Post { author { id } } } }')
    assert.deepEqual(
      plan.steps.map(({ coordinate, on }) => [coordinate, on?.type]),
      [
        ['Query.things', undefined],
        ['User', 'User'],
        ['User.best', undefined],
        ['Post.author', 'Post'],
      ],
    )
  })
})

describe('estimate', () => {
  it('is what an operation costs where every list is full and nobody shares a key', async () => {
    const { run } = world({ sdl, answer: fullLists() })
    for (const [source, calls] of [
      ['{ user(id: 1) { posts(first: 7) { author { name } } } }', 1 + 1 + 4],
      ['{ users(ids: [1, 2, 3]) { posts(first: 2) { author { profile { id } } } } }', 2 + 3 + 3 + 3],
      ['{ page(first: 5) { items { author { name } } } }', 1 + 3],
    ] as const) {
      assert.equal(estimate(planOf(source), {}).calls, calls, source)
      assert.equal((await run(source)).calls, calls, source)
    }
  })

  it('believes the argument that sizes a page before what the list is assumed to be', () => {
    assert.equal(estimate(planOf('{ page(first: 9) { items { author { name } } } }'), {}).calls, 1 + 5)
    assert.equal(estimate(planOf('query ($n: Int) { page(first: $n) { items { id } } }'), { n: null }).calls, 1)
  })
})

const sdl = `
type Query {
  user(id: ID!): User @load(by: { id: "{args.id}" })
  users(ids: [ID!]!): [User] @listSize(slicingArguments: ["ids"]) @load(by: { id: "{args.ids}" })
  things: [Thing] @listSize(assumedSize: 2) @rest(service: "users", get: "/things")
  page(first: Int = 3): Page
    @rest(service: "users", get: "/page?n={args.first}")
    @listSize(slicingArguments: ["first"], sizedFields: ["items"])
}
type Page { items: [Post] @listSize(assumedSize: 2) }
union Thing = User | Post
type User @entity(key: "id")
  @rest(service: "users", get: "/users?ids={keys.id|join(',')}", batch: { match: "id", max: 2 }) {
  id: ID!
  name: String
  bestId: ID @internal
  best: User @load(by: { id: "{this.bestId}" })
  posts(first: Int = 2): [Post] @listSize(slicingArguments: ["first"])
    @rest(service: "users", get: "/posts?of={this.id}&n={args.first}", fanout: 3)
  profile: Profile @load(by: { id: "{this.id}" })
}
type Profile @entity(key: "id") @rest(service: "users", get: "/profiles/{keys.id}", fanout: 3) {
  id: ID!
  views: Int @rest(service: "users", get: "/views/{this.id}", fanout: 3)
}
type Post {
  id: ID!
  authorId: ID @internal
  author: User @load(by: { id: "{this.authorId}" })
}
`
const graph = graphOf(sdl)
const planOf = (source: string): OperationPlan => operationOf(graph, source).plan({})

type Keys = { readonly [key: string]: Keys }

const keysOf = ({ fields }: Selection): Keys =>
  Object.fromEntries(fields.map(({ key, shape }) => [key, shape.kind === 'object' ? keysOf(shape.selection) : {}]))

/** A service whose lists are as long as asked, each item with an author of its own. */
const fullLists = () => {
  let last = 100
  return ({ line }: { readonly line: string }) => {
    const { pathname, searchParams } = new URL(line.split(' ')[2] ?? '', 'http://host')
    if (pathname === '/users') return (searchParams.get('ids') ?? '').split(',').map((id) => ({ id }))
    const posts = Array.from({ length: Number(searchParams.get('n')) }, () => ({ id: 1, authorId: ++last }))
    if (pathname === '/page') return { items: posts }
    return pathname === '/posts' ? posts : { id: 1 }
  }
}
