import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { diagnosticsOf } from '../support/graph.ts'

describe('the mistakes in a template of a binding', () => {
  it('include an argument the field does not have', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a(user: ID!): String @rest(service: "users", get: "/a/{args.usr}")
}
`),
      `web.graphql:3:53  Query.a
    a(user: ID!): String @rest(service: "users", get: "/a/{args.usr}")
                                                      ^ Query.a has no argument usr, which {args.usr} reads. Did you mean user?`,
    )
  })

  it('include a path below an argument that is no input object', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a(user: ID!): String @rest(service: "users", get: "/a/{args.user.id}")
}
`),
      `web.graphql:3:53  Query.a
    a(user: ID!): String @rest(service: "users", get: "/a/{args.user.id}")
                                                      ^ {args.user.id} goes below user, which is no input object.`,
    )
  })

  it('include a field the input object does not have', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a(in: In!): String @rest(service: "users", get: "/a/{args.in.nmae}")
}
input In {
  name: String
}
`),
      `web.graphql:3:51  Query.a
    a(in: In!): String @rest(service: "users", get: "/a/{args.in.nmae}")
                                                    ^ In has no field nmae, which {args.in.nmae} reads. Did you mean name?`,
    )
  })

  it('include a field the parent does not have', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: A @rest(service: "users", get: "/a")
}
type A {
  name: String
  b: String @rest(service: "users", get: "/b/{this.nam}")
}
`),
      `web.graphql:7:42  A.b
    b: String @rest(service: "users", get: "/b/{this.nam}")
                                           ^ A has no field nam, which {this.nam} reads. Did you mean name?`,
    )
  })

  it('include a field of the parent that comes from elsewhere', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: A @rest(service: "users", get: "/a")
}
type A {
  c: String @rest(service: "users", get: "/c")
  b: String @rest(service: "users", get: "/b/{this.c}")
}
`),
      `web.graphql:7:42  A.b
    b: String @rest(service: "users", get: "/b/{this.c}")
                                           ^ {this.c} reads A.c, which has a source of its own; placeholders read plain fields of the same object.`,
    )
  })

  it('include a path below a field that is no object', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: A @rest(service: "users", get: "/a")
}
type A {
  name: String
  b: String @rest(service: "users", get: "/b/{this.name.first}")
}
`),
      `web.graphql:7:42  A.b
    b: String @rest(service: "users", get: "/b/{this.name.first}")
                                           ^ {this.name.first} goes below A.name, which is no object.`,
    )
  })

  it('include a parent at the root', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: String @rest(service: "users", get: "/a/{this.id}")
}
`),
      `web.graphql:3:42  Query.a
    a: String @rest(service: "users", get: "/a/{this.id}")
                                           ^ {this.id} reads a parent, but a root field has none; it may use {args.…}, {claims.…} and {header.…}.`,
    )
  })

  it('include an argument in a loader', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: A @load(by: { id: "1" })
}
type A @entity(key: "id") @rest(service: "users", get: "/a/{keys.id}?b={args.b}") {
  id: ID!
}
`),
      `web.graphql:5:56  A
    type A @entity(key: "id") @rest(service: "users", get: "/a/{keys.id}?b={args.b}") {
                                                           ^ {args.b} reads an argument, but a loader has none; it may use {keys.…}, {claims.…} and {header.…}.`,
    )
  })

  it('include a parent in a loader', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: A @load(by: { id: "1" })
}
type A @entity(key: "id") @rest(service: "users", get: "/a/{keys.id}?b={this.b}") {
  id: ID!
}
`),
      `web.graphql:5:56  A
    type A @entity(key: "id") @rest(service: "users", get: "/a/{keys.id}?b={this.b}") {
                                                           ^ {this.b} reads a parent, but a loader has none; it may use {keys.…}, {claims.…} and {header.…}.`,
    )
  })

  it('include a key where there is no batch', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: A @rest(service: "users", get: "/a")
}
type A {
  id: ID!
  b: String @rest(service: "users", get: "/b/{keys.id}")
}
`),
      `web.graphql:7:13  A.b
    b: String @rest(service: "users", get: "/b/{keys.id}")
              ^ {keys.id} is a list of many parents' keys and needs \`batch: { match: "…" }\`; for one call per parent write {this.id} and \`fanout\`.`,
    )
  })
})
