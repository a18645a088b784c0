import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { diagnosticsOf } from '../support/graph.ts'

describe('the mistakes in a binding for many parents', () => {
  it('include batch and fanout together', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: [A] @rest(service: "users", get: "/a")
}
type A {
  id: ID!
  b: B @rest(service: "users", get: "/b?ids={keys.id}", batch: { match: "id" }, fanout: 2)
}
type B {
  id: ID!
}
`),
      `web.graphql:7:8  A.b
    b: B @rest(service: "users", get: "/b?ids={keys.id}", batch: { match: "id" }, fanout: 2)
         ^ \`batch\` and \`fanout\` exclude each other: keep \`batch\` where the service can take many keys.`,
    )
  })

  it('include a fanout of nobody', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: String @rest(service: "users", get: "/a", fanout: 0)
}
`),
      `web.graphql:3:56  Query.a
    a: String @rest(service: "users", get: "/a", fanout: 0)
                                                         ^ \`fanout\` is the most parents that may make a call each: one or more.`,
    )
  })

  it('include a batch without keys', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: A @rest(service: "users", get: "/a")
}
type A {
  id: ID!
  b: String @rest(service: "users", get: "/b", batch: { match: "id" })
}
`),
      `web.graphql:7:55  A.b
    b: String @rest(service: "users", get: "/b", batch: { match: "id" })
                                                        ^ \`batch\` collects keys, but the request uses none: write {keys.<field>} where the keys go.`,
    )
  })

  it('include a batch of two keys', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: A @rest(service: "users", get: "/a")
}
type A {
  id: ID!
  name: ID!
  b: String @rest(service: "users", get: "/b?i={keys.id}&n={keys.name}", batch: { match: "id" })
}
`),
      `web.graphql:8:81  A.b
    b: String @rest(service: "users", get: "/b?i={keys.id}&n={keys.name}", batch: { match: "id" })
                                                                                  ^ A key of {keys.id} and {keys.name} is matched by as many paths: match: { id: "…", name: "…" }.`,
    )
  })

  it('include a batch by a key the parent does not have', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: A @rest(service: "users", get: "/a")
}
type A {
  id: ID!
  b: String @rest(service: "users", get: "/b?i={keys.idd}", batch: { match: "id" })
}
`),
      `web.graphql:7:68  A.b
    b: String @rest(service: "users", get: "/b?i={keys.idd}", batch: { match: "id" })
                                                                     ^ A has no field idd to take keys from. Did you mean id?`,
    )
  })

  it('include a batch by a key that comes from elsewhere', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: A @rest(service: "users", get: "/a")
}
type A {
  c: String @rest(service: "users", get: "/c")
  b: String @rest(service: "users", get: "/b?i={keys.c}", batch: { match: "id" })
}
`),
      `web.graphql:7:66  A.b
    b: String @rest(service: "users", get: "/b?i={keys.c}", batch: { match: "id" })
                                                                   ^ A.c has a source of its own; a key is a plain field.`,
    )
  })

  it('include one parent’s value in a batch for many', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: A @rest(service: "users", get: "/a")
}
type A {
  id: ID!
  name: String
  b: String @rest(service: "users", get: "/b?i={keys.id}&n={this.name}", batch: { match: "id" })
}
`),
      `web.graphql:8:81  A.b
    b: String @rest(service: "users", get: "/b?i={keys.id}&n={this.name}", batch: { match: "id" })
                                                                                  ^ A batch serves many parents at once, so it cannot read {this.name} of one; use {keys.…}, arguments, claims or headers.`,
    )
  })

  it('include a batch of no keys a call', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: A @rest(service: "users", get: "/a")
}
type A {
  id: ID!
  b: String @rest(service: "users", get: "/b?i={keys.id}", batch: { match: "id", max: 0 })
}
`),
      `web.graphql:7:67  A.b
    b: String @rest(service: "users", get: "/b?i={keys.id}", batch: { match: "id", max: 0 })
                                                                    ^ \`max\` is the most keys of one call: one or more.`,
    )
  })

  it('include a call for each item of a list', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  as: [A] @listSize(assumedSize: 5) @rest(service: "users", get: "/as")
}
type A {
  id: ID!
  b: B
}
type B {
  id: ID!
  c: String @rest(service: "users", get: "/c/{this.id}")
}
`),
      `web.graphql:11:3  B.c
    c: String @rest(service: "users", get: "/c/{this.id}")
    ^ B.c is reached under a list (Query.as), so it would make one call for each item. Say \`batch\` where the service takes many keys, or \`fanout: n\` for at most n calls. This shows it: { as { b { c } } }`,
    )
  })

  it('include a load for each item of a list with a loader of one key', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  as: [A] @listSize(assumedSize: 5) @rest(service: "users", get: "/as")
}
type A {
  bId: ID!
  b: B @load(by: { id: "{this.bId}" })
}
type B @entity(key: "id") @rest(service: "users", get: "/b/{keys.id}") {
  id: ID!
}
`),
      `web.graphql:7:3  A.b
    b: B @load(by: { id: "{this.bId}" })
    ^ A.b loads B under a list (Query.as), and its loader takes one key a call. Give the loader \`batch\`, or \`fanout: n\` for at most n calls. This shows it: { as { b { __typename } } }`,
    )
  })

  it('include a list of loads with a loader of one key', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  as(ids: [ID!]!): [A] @load(by: { id: "{args.ids}" })
}
type A @entity(key: "id") @rest(service: "users", get: "/a/{keys.id}") {
  id: ID!
}
`),
      `web.graphql:3:3  Query.as
    as(ids: [ID!]!): [A] @load(by: { id: "{args.ids}" })
    ^ Query.as loads A under a list (Query.as), and its loader takes one key a call. Give the loader \`batch\`, or \`fanout: n\` for at most n calls. This shows it: query ($ids: [ID!]!) { as(ids: $ids) { __typename } }`,
    )
  })

  it('include a list of unknown size with calls below it', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  as: [A] @rest(service: "users", get: "/as")
}
type A {
  id: ID!
  b: String @rest(service: "users", get: "/b/{this.id}", fanout: 5)
}
`),
      `web.graphql:3:3  Query.as  (warning)
    as: [A] @rest(service: "users", get: "/as")
    ^ Query.as is a list of unknown size with calls below it; @listSize says how long it may get.`,
    )
  })
})
