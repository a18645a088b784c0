import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { diagnosticsOf, graphOf } from '../support/graph.ts'

describe('the mistakes in a @rest binding', () => {
  it('include an unknown service, with the name it most likely meant', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: String @rest(service: "userz", get: "/a")
}
`),
      `web.graphql:3:28  Query.a
    a: String @rest(service: "userz", get: "/a")
                             ^ There is no service userz in portico.yaml. Did you mean users?`,
    )
  })

  it('include a service of the other protocol', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: String @rest(service: "catalog", get: "/a")
}
`),
      `web.graphql:3:28  Query.a
    a: String @rest(service: "catalog", get: "/a")
                             ^ catalog speaks gRPC; bind to it by @grpc.`,
    )
  })

  it('include a binding without a verb', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: String @rest(service: "users")
}
`),
      `web.graphql:3:13  Query.a
    a: String @rest(service: "users")
              ^ Give exactly one of get, post, put, patch and delete.`,
    )
  })

  it('include a binding with several verbs', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: String @rest(service: "users", get: "/a", put: "/b")
}
`),
      `web.graphql:3:13  Query.a
    a: String @rest(service: "users", get: "/a", put: "/b")
              ^ Give exactly one of get, post, put, patch and delete, not get and put.`,
    )
  })

  it('include a path with a host', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: String @rest(service: "users", get: "http://users/a")
}
`),
      `web.graphql:3:42  Query.a
    a: String @rest(service: "users", get: "http://users/a")
                                           ^ Expected a path below the service’s base URL, such as "/users/{args.id}"; hosts stand in portico.yaml.`,
    )
  })

  it('include a path that could become a host', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: String @rest(service: "users", get: "//users/a")
}
`),
      `web.graphql:3:42  Query.a
    a: String @rest(service: "users", get: "//users/a")
                                           ^ Expected a path below the service’s base URL, such as "/users/{args.id}"; hosts stand in portico.yaml.`,
    )
  })

  it('include a path that is only a placeholder', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a(b: String!): String @rest(service: "users", get: "{args.b}")
}
`),
      `web.graphql:3:54  Query.a
    a(b: String!): String @rest(service: "users", get: "{args.b}")
                                                       ^ Expected a path below the service’s base URL, such as "/users/{args.id}"; hosts stand in portico.yaml.`,
    )
  })

  it('include a body on a GET', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: String @rest(service: "users", get: "/a", body: { b: 1 })
}
`),
      `web.graphql:3:54  Query.a
    a: String @rest(service: "users", get: "/a", body: { b: 1 })
                                                       ^ A GET has no body; use query.`,
    )
  })

  it('include a header that is the gateway’s', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: String @rest(service: "users", get: "/a", headers: [{ name: "X-A", value: "1" }, { name: "Host", value: "b" }])
}
`),
      `web.graphql:3:57  Query.a
    a: String @rest(service: "users", get: "/a", headers: [{ name: "X-A", value: "1" }, { name: "Host", value: "b" }])
                                                          ^ Host is no header a binding may set; framing, identity and forwarding headers are the gateway's.`,
    )
  })

  it('include a header name that is none', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: String @rest(service: "users", get: "/a", headers: [{ name: "x a", value: "1" }])
}
`),
      `web.graphql:3:57  Query.a
    a: String @rest(service: "users", get: "/a", headers: [{ name: "x a", value: "1" }])
                                                          ^ x a is no header a binding may set; framing, identity and forwarding headers are the gateway's.`,
    )
  })

  it('include a wrong template in the path', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: String @rest(service: "users", get: "/a/{args}")
}
`),
      `web.graphql:3:42  Query.a
    a: String @rest(service: "users", get: "/a/{args}")
                                           ^ {args} names nothing; write {args.name}.`,
    )
  })

  it('include a wrong template in a query parameter, at its own place', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: String @rest(service: "users", get: "/a", query: [{ name: "b", value: "{args.b}" }])
}
`),
      `web.graphql:3:76  Query.a
    a: String @rest(service: "users", get: "/a", query: [{ name: "b", value: "{args.b}" }])
                                                                             ^ Query.a has no argument b, which {args.b} reads.`,
    )
  })

  it('include a wrong template in a header, at its own place', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: String @rest(service: "users", get: "/a", headers: [{ name: "b", value: "{env.b}" }])
}
`),
      `web.graphql:3:78  Query.a
    a: String @rest(service: "users", get: "/a", headers: [{ name: "b", value: "{env.b}" }])
                                                                               ^ {env.b} starts with env, but a placeholder starts with args, this, keys, claims or header.`,
    )
  })

  it('include a wrong template deep in a body, at its own place', () => {
    assert.equal(
      diagnosticsOf(`
type Mutation {
  a(input: Int): String @rest(service: "users", post: "/a", body: { b: [{ c: "{args.inptu}" }] })
}
type Query {
  b: String @rest(service: "users", get: "/b")
}
`),
      `web.graphql:3:78  Mutation.a
    a(input: Int): String @rest(service: "users", post: "/a", body: { b: [{ c: "{args.inptu}" }] })
                                                                               ^ Mutation.a has no argument inptu, which {args.inptu} reads. Did you mean input?`,
    )
  })

  it('include a timeout that is no duration', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: String @rest(service: "users", get: "/a", timeout: "soon")
}
`),
      `web.graphql:3:57  Query.a
    a: String @rest(service: "users", get: "/a", timeout: "soon")
                                                          ^ Expected a duration such as 800ms or 5s.`,
    )
  })
})

describe('an idempotent @rest binding', () => {
  it('is safe where it is a POST that no mutation makes, and there alone', () => {
    const { bindings } = graphOf(`
      type Query {
        get: String @rest(service: "users", get: "/a")
        post: String @rest(service: "users", post: "/a")
        search: String @rest(service: "users", post: "/a", idempotent: true)
        put: String @rest(service: "users", put: "/a", idempotent: true)
        user(id: ID!): User @load(by: { id: "{args.id}" })
      }
      type Mutation { close: String @rest(service: "users", post: "/a", idempotent: true) @auth(public: true) }
      type User @entity(key: "id")
        @rest(service: "users", post: "/users", body: { ids: "{keys.id}" }, batch: { match: "id" }, idempotent: true) {
        id: ID!
      }`)
    const safe = bindings.filter((binding) => binding.safe).map(({ coordinate }) => coordinate)
    assert.deepEqual(safe.sort(), ['Query.get', 'Query.search', 'User'])
  })
})
