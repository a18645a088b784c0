import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { diagnosticsOf } from '../support/graph.ts'

describe('the mistakes in where a field comes from', () => {
  it('include two sources of one field', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: String @rest(service: "users", get: "/a") @resolver(fn: "a")
}
`),
      `web.graphql:3:48  Query.a
    a: String @rest(service: "users", get: "/a") @resolver(fn: "a")
                                                 ^ Query.a has two sources; keep one of @rest, @grpc, @load and @resolver.`,
    )
  })

  it('include a root field without a source', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: String
}
`),
      `web.graphql:3:3  Query.a
    a: String
    ^ Query.a has no source: add @rest, @grpc, @load or @resolver.`,
    )
  })

  it('include a subscription that no stream feeds', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: String @rest(service: "users", get: "/a")
}
type Subscription {
  b: String @rest(service: "users", get: "/b")
  c: String @resolver(fn: "c")
}
`),
      `web.graphql:6:13  Subscription.b
    b: String @rest(service: "users", get: "/b")
              ^ A subscription field is fed by a stream: bind it by @grpc to a server-streaming method.

web.graphql:7:3  Subscription.c
    c: String @resolver(fn: "c")
    ^ A subscription field is fed by a stream: bind it by @grpc to a server-streaming method.`,
    )
  })

  it('include an entity without a loader', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: A @rest(service: "users", get: "/a")
}
type A @entity(key: "id") {
  id: ID!
}
`),
      `web.graphql:5:8  A
    type A @entity(key: "id") {
           ^ A is an entity without a loader: add @rest or @grpc to the type, with {keys.id} in the request.`,
    )
  })

  it('include a loader without an entity', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: A @rest(service: "users", get: "/a")
}
type A @rest(service: "users", get: "/a/{keys.id}") {
  id: ID!
}
`),
      `web.graphql:5:8  A
    type A @rest(service: "users", get: "/a/{keys.id}") {
           ^ A binding on a type is the loader of an entity: add @entity(key: "id") to A, or bind its fields.`,
    )
  })

  it('include a key that is no field', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: A @load(by: { id: "1" })
}
type A @entity(key: "ide") @rest(service: "users", get: "/a/{keys.id}") {
  id: ID!
}
`),
      `web.graphql:5:21  A
    type A @entity(key: "ide") @rest(service: "users", get: "/a/{keys.id}") {
                        ^ The key of an entity is a plain field of it. Did you mean id?`,
    )
  })

  it('include a key of two fields whose loader asks by one', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: A @rest(service: "users", get: "/a")
}
type A @entity(key: "id name") @rest(service: "users", get: "/a/{keys.id}") {
  id: ID!
  name: String
}
`),
      `web.graphql:5:32  A
    type A @entity(key: "id name") @rest(service: "users", get: "/a/{keys.id}") {
                                   ^ A loader asks by {keys.id} and {keys.name}, the key of A, but the request uses {keys.id}.`,
    )
  })

  it('include a loader that asks without the key, for it would load the same for all', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: A @load(by: { id: "1" })
}
type A @entity(key: "id") @rest(service: "users", get: "/a") {
  id: ID!
}
`),
      `web.graphql:5:27  A
    type A @entity(key: "id") @rest(service: "users", get: "/a") {
                              ^ A loader asks by {keys.id}, the key of A, but the request uses no key.`,
    )
  })

  it('include a loader that asks by another key', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: A @load(by: { id: "1" })
}
type A @entity(key: "id") @rest(service: "users", get: "/a?n={keys.name|join(',')}", batch: { match: "name" }) {
  id: ID!
  name: String
}
`),
      `web.graphql:5:93  A
    type A @entity(key: "id") @rest(service: "users", get: "/a?n={keys.name|join(',')}", batch: { match: "name" }) {
                                                                                                ^ A loader asks by {keys.id}, the key of A, but the request uses {keys.name}.`,
    )
  })

  it('include a load of what is no entity', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: A @load(by: { id: "1" })
}
type A {
  id: ID!
}
`),
      `web.graphql:3:8  Query.a
    a: A @load(by: { id: "1" })
         ^ @load loads an entity, but A is none: add @entity and a loader to it.`,
    )
  })

  it('include a load by another field than the key', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: A @load(by: { name: "1" })
}
type A @entity(key: "id") @rest(service: "users", get: "/a/{keys.id}") {
  id: ID!
}
`),
      `web.graphql:3:18  Query.a
    a: A @load(by: { name: "1" })
                   ^ Write by: { id: "…" }, the key of A.`,
    )
  })

  it('include a wrong template in a load, at its own place', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: A @load(by: { id: "{args.id}" })
}
type A @entity(key: "id") @rest(service: "users", get: "/a/{keys.id}") {
  id: ID!
}
`),
      `web.graphql:3:24  Query.a
    a: A @load(by: { id: "{args.id}" })
                         ^ Query.a has no argument id, which {args.id} reads.`,
    )
  })

  it('include a resolver that needs what is not there', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: A @rest(service: "users", get: "/a")
}
type A {
  name: String
  b: String @resolver(fn: "b", needs: "{ nam }")
}
`),
      `web.graphql:7:39  A.b
    b: String @resolver(fn: "b", needs: "{ nam }")
                                        ^ A has no field nam, which \`needs\` names. Did you mean name?`,
    )
  })

  it('include a resolver that needs what another source gives', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: A @rest(service: "users", get: "/a")
}
type A {
  c: String @rest(service: "users", get: "/c")
  b: String @resolver(fn: "b", needs: "c")
}
`),
      `web.graphql:7:39  A.b
    b: String @resolver(fn: "b", needs: "c")
                                        ^ \`needs\` names plain fields; A.c has a source of its own.`,
    )
  })

  it('include a resolver that needs an object', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: A @rest(service: "users", get: "/a")
}
type A {
  c: C
  b: String @resolver(fn: "b", needs: "c")
}
type C {
  d: Int
}
`),
      `web.graphql:7:39  A.b
    b: String @resolver(fn: "b", needs: "c")
                                        ^ \`needs\` names plain fields; A.c is an object.`,
    )
  })

  it('include a resolver that calls an unknown service', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: String @resolver(fn: "a", calls: ["user"])
}
`),
      `web.graphql:3:39  Query.a
    a: String @resolver(fn: "a", calls: ["user"])
                                        ^ There is no service user in portico.yaml. Did you mean users?`,
    )
  })

  it('include a oneof that is no union', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: A @rest(service: "users", get: "/a")
}
type A {
  b: String @from(oneof: "b")
}
`),
      `web.graphql:6:13  A.b
    b: String @from(oneof: "b")
              ^ A oneof is a union: give the field a union type of the messages of its cases, or an enum of their names.`,
    )
  })

  it('include two loaders of one entity', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: A @load(by: { id: "1" })
}
type A @entity(key: "id") @grpc(method: "shop.catalog.v1.Catalog/GetProduct", request: { id: "{keys.id}" }) @rest(service: "users", get: "/a/{keys.id}") {
  id: ID!
}
`),
      `web.graphql:5:27  A
    type A @entity(key: "id") @grpc(method: "shop.catalog.v1.Catalog/GetProduct", request: { id: "{keys.id}" }) @rest(service: "users", get: "/a/{keys.id}") {
                              ^ A has two loaders; keep one of @rest and @grpc.`,
    )
  })

  it('include a list size by names that do not exist, for it would bound nothing', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a(first: Int): A @rest(service: "users", get: "/a") @listSize(slicingArguments: ["frist"], sizedFields: ["items", "itms"])
}
type A {
  items: [Int]
}
`),
      `web.graphql:3:83  Query.a
    a(first: Int): A @rest(service: "users", get: "/a") @listSize(slicingArguments: ["frist"], sizedFields: ["items", "itms"])
                                                                                    ^ Query.a has no argument frist. Did you mean first?

web.graphql:3:107  Query.a
    a(first: Int): A @rest(service: "users", get: "/a") @listSize(slicingArguments: ["frist"], sizedFields: ["items", "itms"])
                                                                                                            ^ A has no field itms. Did you mean items?`,
    )
  })

  it('include access rules where they would guard nothing', () => {
    assert.equal(
      diagnosticsOf(`
interface Node {
  id: ID! @auth(scopes: ["a"])
}
type Query @auth(scopes: ["a"]) {
  a: String @rest(service: "users", get: "/a")
}
`),
      `web.graphql:3:11  Node.id
    id: ID! @auth(scopes: ["a"])
            ^ @auth does nothing on a field of an interface: put it on the fields of the types that implement Node.

web.graphql:5:12  Query
    type Query @auth(scopes: ["a"]) {
               ^ @auth on a type guards the fields that return it, and none returns Query: put it on \`schema\`, for all root fields, or on fields.`,
    )
  })
})
