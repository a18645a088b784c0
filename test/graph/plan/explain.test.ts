import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { worstCasePlan } from '../../../src/graph/operation.ts'
import { explain } from '../../../src/graph/plan/explain.ts'
import { graphOf, operationOf } from '../support/graph.ts'
import { services } from '../support/services.ts'

describe('explain', () => {
  it('prints the first screen: the orders of a user start with the user', () => {
    assert.equal(
      explained(
        web,
        'query MyDashboard($orders: Int = 3) { me { name recent: orders(first: $orders) { id lines { product { id name } } } } }',
        { orders: 3 },
      ),
      [
        "level 0  users GET /users?ids={keys.id|join(',')} (1 key)  ∥  orders GET /orders?customer={this.id}&limit={args.first} (starts with its parent)",
        'level 1  catalog shop.catalog.v1.Catalog/BatchGetProducts (≤ 15 keys)',
        'where fields lack  orders GET /orders/{keys.id} (≤ 3 calls)',
        'calls ≤ 6, 3 of them where fields lack · levels 2 · reads claims.sub, $orders · shareable per user',
      ].join('\n'),
    )
  })

  it('prints batches past their size, groups, and functions', () => {
    assert.equal(
      explained(web, '{ search(text: "x", first: 60) { items { reviews(first: 4) { author { displayName } } } } }'),
      [
        'level 0  catalog shop.catalog.v1.Catalog/SearchProducts',
        'level 1  reviews shop.reviews.v1.Reviews/BatchListReviews (≤ 60 keys, 50 a call)',
        "level 2  users GET /users?ids={keys.id|join(',')} (≤ 240 keys, 50 a call)",
        'level 3  displayName() for search.items.reviews.author.displayName',
        'calls ≤ 8 · levels 3 · reads nothing of the caller · shareable for all',
      ].join('\n'),
    )
  })

  it('prints fields whose keys go into one batch as one call, what starts with them too', () => {
    assert.equal(
      explained(
        web,
        '{ a: product(id: 1) { name reviews { id } } b: product(id: 2) { reviews { rating } } me { name } }',
      ),
      [
        "level 0  catalog shop.catalog.v1.Catalog/BatchGetProducts (≤ 2 keys, for a, b)  ∥  reviews shop.reviews.v1.Reviews/BatchListReviews (≤ 2 keys, for a.reviews, b.reviews, starts with its parent)  ∥  users GET /users?ids={keys.id|join(',')} (1 key)",
        'calls ≤ 3 · levels 1 · reads claims.sub · shareable per user',
      ].join('\n'),
    )
  })

  it('prints the root fields of a mutation one after the other', () => {
    assert.equal(
      explained(
        web,
        'mutation ($id: ID!) { a: writeReview(productId: $id, rating: 1, text: "") { id } b: writeReview(productId: $id, rating: 2, text: "") { author { name } } }',
        { id: '1' },
      ),
      [
        'level 0  reviews shop.reviews.v1.Reviews/CreateReview  then  reviews shop.reviews.v1.Reviews/CreateReview',
        "level 1  users GET /users?ids={keys.id|join(',')} (1 key)",
        'calls ≤ 3 · levels 2 · reads claims.sub, $id · shareable no, because it is a mutation',
      ].join('\n'),
    )
  })

  it('says what it assumes of lists nobody sized', () => {
    const graph = graphOf(`
      type Query { as: [A] @rest(service: "users", get: "/as") }
      type A { id: ID! b: String @rest(service: "users", get: "/b/{this.id}", fanout: 20) }`)
    const text = explain(operationOf(graph, '{ as { b } }').plan({}), {})
    assert.equal(
      text,
      [
        'level 0  users GET /as',
        'level 1  users GET /b/{this.id} (≤ 20 calls)',
        'calls ≤ 21 · levels 2 · reads nothing of the caller · shareable for all',
        'assuming Query.as ≤ 100; @listSize says better',
      ].join('\n'),
    )
  })

  it('counts the tries of services that are asked again, and of calls that may be repeated alone', () => {
    const graph = graphOf(`
      type Query { a: A @rest(service: "users", get: "/a") b: String @rest(service: "orders", get: "/b") }
      type A { c: String @rest(service: "users", post: "/c", body: {}) }`)
    const retry = { times: 2, baseMs: 1, mostMs: 1, budget: 1 }
    const asked = new Map(
      [...services].map(([name, service]) => [
        name,
        name === 'users' ? { ...service, resilience: { retry, hedgeAfterMs: 5 } } : service,
      ]),
    )
    const text = explain(operationOf(graph, '{ a { c } b }').plan({}), {}, { services: asked, upstreamCalls: 8 })
    assert.match(text, /^calls ≤ 3, with retries ≤ 8 · levels 2/m)
    const bound = explain(operationOf(graph, '{ a { c } b }').plan({}), {}, { services: asked, upstreamCalls: 5 })
    assert.match(bound, /^calls ≤ 3, with retries ≤ 5 \(8 without limits.upstreamCalls\) · levels 2/m)
  })

  it('names functions that may call services, for their calls are not known before', () => {
    const graph = graphOf(`
      type Query { as: [A] @listSize(assumedSize: 3) @rest(service: "users", get: "/as") }
      type A { id: ID! b: Int @resolver(fn: "b", needs: "id", calls: ["users"]) c: Int @resolver(fn: "c", pure: true) }`)
    assert.match(
      explain(operationOf(graph, '{ as { b c other: b } }').plan({}), {}),
      /^calls ≤ 1, beside those of b\(\) · levels 1 · /m,
    )
  })

  it('needs no variables: an argument that is not known yet may be anything', () => {
    assert.match(
      explained(web, 'query ($ids: [ID!]!) { products(ids: $ids) { name } }'),
      /calls ≤ 1 · levels 1 · reads \$ids · shareable for all$/,
    )
  })

  it('counts every field of the worst case, taken or not', () => {
    const operation = operationOf(
      web,
      'query ($a: Boolean!) { product(id: 1) @include(if: $a) { id } order(id: 2) @skip(if: $a) { id } }',
    )
    assert.match(explain(worstCasePlan(web, operation), {}), /calls ≤ 2/)
    assert.match(explain(operation.plan({ a: true }), { a: true }), /calls ≤ 1/)
  })
})

const workspace = join(import.meta.dirname, '../../..')
const web = graphOf(...['shop', 'web'].map((name) => readFileSync(join(workspace, `schema/${name}.graphql`), 'utf8')))

const explained = (graph: typeof web, source: string, variables: Readonly<Record<string, unknown>> = {}): string =>
  explain(operationOf(graph, source).plan(variables), variables)
