import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { diagnosticsOf } from '../support/graph.ts'

describe('the mistakes in a schema file', () => {
  it('include a syntax error', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: String @rest(service: "users" get "/a")
}
`),
      `web.graphql:3:40  schema
    a: String @rest(service: "users" get "/a")
                                         ^ Syntax Error: Expected ":", found String "/a".`,
    )
  })

  it('include an unknown type', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: Strin @rest(service: "users", get: "/a")
}
`),
      `web.graphql:3:6  schema
    a: Strin @rest(service: "users", get: "/a")
       ^ Unknown type "Strin". Did you mean "String"?`,
    )
  })

  it('include an unknown directive', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: String @rst(service: "users", get: "/a")
}
`),
      `web.graphql:3:13  schema
    a: String @rst(service: "users", get: "/a")
              ^ Unknown directive "@rst".`,
    )
  })

  it('include an unknown argument of a directive', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: String @rest(service: "users", gett: "/a")
}
`),
      `web.graphql:3:37  schema
    a: String @rest(service: "users", gett: "/a")
                                      ^ Unknown argument "gett" on directive "@rest". Did you mean "get"?`,
    )
  })

  it('include a missing argument of a directive', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: String @rest(get: "/a")
}
`),
      `web.graphql:3:13  schema
    a: String @rest(get: "/a")
              ^ Directive "@rest" argument "service" of type "String!" is required, but it was not provided.`,
    )
  })

  it('include an argument of the wrong type', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: String @rest(service: "users", get: "/a", fanout: "5")
  b: String @rest(service: users, get: "/a")
}
`),
      `web.graphql:3:56  schema
    a: String @rest(service: "users", get: "/a", fanout: "5")
                                                         ^ Int cannot represent non-integer value: "5"

web.graphql:4:28  schema
    b: String @rest(service: users, get: "/a")
                             ^ String cannot represent a non string value: users`,
    )
  })

  it('include an unknown or missing field of a directive’s input', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: [String] @rest(service: "users", get: "/a", batch: { mach: "id" })
}
`),
      `web.graphql:3:57  schema
    a: [String] @rest(service: "users", get: "/a", batch: { mach: "id" })
                                                          ^ Field "PorticoBatch.match" of required type "PorticoValue!" was not provided.

web.graphql:3:59  schema
    a: [String] @rest(service: "users", get: "/a", batch: { mach: "id" })
                                                            ^ Field "mach" is not defined by type "PorticoBatch". Did you mean "match" or "max"?`,
    )
  })

  it('include a value the directive’s enum lacks', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: [String] @rest(service: "users", get: "/a", notFound: NONE)
}
`),
      `web.graphql:3:60  schema
    a: [String] @rest(service: "users", get: "/a", notFound: NONE)
                                                             ^ Value "NONE" does not exist in "PorticoNotFound" enum.`,
    )
  })

  it('include scopes that are no texts', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: String @rest(service: "users", get: "/a") @auth(scopes: [[1]])
}
`),
      `web.graphql:3:64  schema
    a: String @rest(service: "users", get: "/a") @auth(scopes: [[1]])
                                                                 ^ String cannot represent a non string value: 1`,
    )
  })

  it('include a type declared twice', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: String @rest(service: "users", get: "/a")
}
type A {
  a: Int
}
type A {
  b: Int
}
`),
      `web.graphql:5:6  schema
    type A {
         ^ There can be only one type named "A".`,
    )
  })

  it('include a type clients would see empty', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: A @rest(service: "users", get: "/a")
}
type A {
  b: Int @internal
}
`),
      `web.graphql:5:1  what clients see
    type A {
    ^ Type A must define one or more fields.`,
    )
  })

  it('include an internal field that an interface promises', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: A @rest(service: "users", get: "/a")
}
interface Node {
  id: ID!
}
type A implements Node {
  id: ID! @internal
  name: String
}
`),
      `web.graphql:6:3  what clients see
    id: ID!
    ^ Interface field Node.id expected but A does not provide it.`,
    )
  })

  it('include a schema without a Query', () => {
    assert.equal(
      diagnosticsOf(`
type A {
  b: Int
}
`),
      `web.graphql:1:1  schema
    Query root type must be provided.`,
    )
  })
})
