import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { diagnosticsOf } from '../support/graph.ts'

describe('the mistakes in a @grpc binding', () => {
  it('include an unknown service', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: String @grpc(service: "catalogue", method: "shop.catalog.v1.Catalog/GetProduct")
}
`),
      `web.graphql:3:28  Query.a
    a: String @grpc(service: "catalogue", method: "shop.catalog.v1.Catalog/GetProduct")
                             ^ There is no service catalogue in portico.yaml. Did you mean catalog?`,
    )
  })

  it('include a service of the other protocol', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: String @grpc(service: "users", method: "shop.catalog.v1.Catalog/GetProduct")
}
`),
      `web.graphql:3:28  Query.a
    a: String @grpc(service: "users", method: "shop.catalog.v1.Catalog/GetProduct")
                             ^ users speaks REST; bind to it by @rest.`,
    )
  })

  it('include an unknown method of a service', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: String @grpc(service: "catalog", method: "shop.catalog.v1.Catalog/GetProduc")
}
`),
      `web.graphql:3:47  Query.a
    a: String @grpc(service: "catalog", method: "shop.catalog.v1.Catalog/GetProduc")
                                                ^ catalog has no method shop.catalog.v1.Catalog/GetProduc. Did you mean shop.catalog.v1.Catalog/GetProduct?`,
    )
  })

  it('include a method no service has', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: String @grpc(method: "shop.catalog.v1.Catalog/GetProducs")
}
`),
      `web.graphql:3:27  Query.a
    a: String @grpc(method: "shop.catalog.v1.Catalog/GetProducs")
                            ^ No service has a method shop.catalog.v1.Catalog/GetProducs. Did you mean shop.catalog.v1.Catalog/GetProduct?`,
    )
  })

  it('include an unknown field of the request', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  p: P @grpc(service: "catalog", method: "shop.catalog.v1.Catalog/GetProduct", request: { idd: "1" })
}
type P {
  id: ID!
}
`),
      `web.graphql:3:91  Query.p
    p: P @grpc(service: "catalog", method: "shop.catalog.v1.Catalog/GetProduct", request: { idd: "1" })
                                                                                            ^ shop.catalog.v1.GetProductRequest has no field idd. Did you mean id?`,
    )
  })

  it('include an unknown field deep in the request', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  p: P @rest(service: "users", get: "/p")
}
type Mutation {
  review: P @grpc(service: "reviews", method: "shop.reviews.v1.Reviews/CreateReview", request: { review: { bodi: "1" } })
}
type P {
  id: ID!
}
`),
      `web.graphql:6:108  Mutation.review
    review: P @grpc(service: "reviews", method: "shop.reviews.v1.Reviews/CreateReview", request: { review: { bodi: "1" } })
                                                                                                             ^ shop.reviews.v1.Review has no field bodi. Did you mean body?`,
    )
  })

  it('include metadata that is the gateway’s', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  p: P @grpc(service: "catalog", method: "shop.catalog.v1.Catalog/GetProduct", request: { id: "1" }, metadata: [{ name: "grpc-timeout", value: "1" }])
}
type P {
  id: ID!
}
`),
      `web.graphql:3:112  Query.p
    p: P @grpc(service: "catalog", method: "shop.catalog.v1.Catalog/GetProduct", request: { id: "1" }, metadata: [{ name: "grpc-timeout", value: "1" }])
                                                                                                                 ^ grpc-timeout is no metadata key a binding may set: lower-case letters, digits, - and _, not grpc-…, …-bin, authorization or what the gateway says of a request.`,
    )
  })

  it('include a stream of answers outside of a subscription', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  r: R @grpc(method: "shop.reviews.v1.Reviews/WatchReviews")
}
type R {
  id: ID!
}
`),
      `web.graphql:3:8  Query.r
    r: R @grpc(method: "shop.reviews.v1.Reviews/WatchReviews")
         ^ shop.reviews.v1.Reviews/WatchReviews streams its answers; bind a Subscription field to it.`,
    )
  })

  it('include a stream of requests', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  t: T @grpc(method: "things.v1.Things/Upload")
}
type T {
  id: ID!
}
`),
      `web.graphql:3:8  Query.t
    t: T @grpc(method: "things.v1.Things/Upload")
         ^ things.v1.Things/Upload takes a stream of requests; a field sends one.`,
    )
  })

  it('include a subscription to a single answer', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  a: String @rest(service: "users", get: "/a")
}
type Subscription {
  p: P @grpc(method: "shop.catalog.v1.Catalog/GetProduct")
}
type P {
  id: ID!
}
`),
      `web.graphql:6:8  Subscription.p
    p: P @grpc(method: "shop.catalog.v1.Catalog/GetProduct")
         ^ A subscription field is fed by a stream: bind it by @grpc to a server-streaming method.`,
    )
  })

  it('include an answer that does not have the selected field', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  ps: [P] @grpc(method: "shop.catalog.v1.Catalog/SearchProducts", select: "product")
}
type P {
  id: ID!
}
`),
      `web.graphql:3:75  Query.ps
    ps: [P] @grpc(method: "shop.catalog.v1.Catalog/SearchProducts", select: "product")
                                                                            ^ \`select\`: shop.catalog.v1.SearchProductsResponse has no field product. Did you mean products?`,
    )
  })

  it('include a selection below what is no message', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  ps: String @grpc(method: "shop.catalog.v1.Catalog/SearchProducts", select: "nextPageToken.x")
}
`),
      `web.graphql:3:78  Query.ps
    ps: String @grpc(method: "shop.catalog.v1.Catalog/SearchProducts", select: "nextPageToken.x")
                                                                               ^ \`select\`: nextPageToken.x goes below nextPageToken, which is no message.`,
    )
  })

  it('include a list where one is answered', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  ps: [P] @grpc(method: "shop.catalog.v1.Catalog/SearchProducts")
}
type P {
  id: ID!
}
`),
      `web.graphql:3:11  Query.ps
    ps: [P] @grpc(method: "shop.catalog.v1.Catalog/SearchProducts")
            ^ Query.ps is a list, but shop.catalog.v1.SearchProductsResponse is not.`,
    )
  })

  it('include one where a list is answered', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  ps: P @grpc(method: "shop.catalog.v1.Catalog/SearchProducts", select: "products")
}
type P {
  id: ID!
}
`),
      `web.graphql:3:73  Query.ps
    ps: P @grpc(method: "shop.catalog.v1.Catalog/SearchProducts", select: "products")
                                                                          ^ products is a list, but Query.ps is not: write its type in [ ].`,
    )
  })

  it('include fields that lists and single values confuse', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  p: P @grpc(method: "shop.catalog.v1.Catalog/GetProduct")
}
type P {
  tags: String
  name: [String]
}
`),
      `web.graphql:6:3  P.tags
    tags: String
    ^ tags is a list, but P.tags is not: write its type in [ ].

web.graphql:7:3  P.name
    name: [String]
    ^ P.name is a list, but name is not.`,
    )
  })

  it('include a field the message does not have', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  p: P @grpc(method: "shop.catalog.v1.Catalog/GetProduct")
}
type P {
  nam: String
  price: Money
}
type Money {
  units: Int64 @from(path: "unit")
}
`),
      `web.graphql:6:3  P.nam
    nam: String
    ^ shop.catalog.v1.Product has no field nam. Did you mean name? Name another by @from(path: "…").

web.graphql:10:3  Money.units
    units: Int64 @from(path: "unit")
    ^ shop.common.v1.Money has no field unit. Did you mean units? Name another by @from(path: "…").`,
    )
  })

  it('include scalars that do not fit: a 64-bit integer is no Int', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  p: P @grpc(method: "shop.catalog.v1.Catalog/GetProduct")
}
type P {
  unitsSold: Int
  name: Int
  createdAt: Int64
  attributes: String
  price: String
  id: Sub
}
type Sub {
  a: Int
}
`),
      `web.graphql:6:3  P.unitsSold
    unitsSold: Int
    ^ P.unitsSold is Int, but the service answers int64; use Int64 or ID or String.

web.graphql:7:3  P.name
    name: Int
    ^ P.name is Int, but the service answers string; use String or ID or DateTime or Decimal.

web.graphql:8:3  P.createdAt
    createdAt: Int64
    ^ P.createdAt is Int64, but the service answers google.protobuf.Timestamp; use DateTime or String.

web.graphql:9:3  P.attributes
    attributes: String
    ^ attributes is a map; use JSON, or a list of entries and @from(map: true).

web.graphql:10:3  P.price
    price: String
    ^ P.price is String, but the service answers shop.common.v1.Money; use JSON.

web.graphql:11:3  P.id
    id: Sub
    ^ P.id is an object, but the service answers string.`,
    )
  })

  it('include an enum where the answer has a number', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  p: P @grpc(method: "shop.catalog.v1.Catalog/GetProduct")
}
type P {
  unitsSold: E
}
enum E {
  A
}
`),
      `web.graphql:6:3  P.unitsSold
    unitsSold: E
    ^ P.unitsSold is an enum, but the service answers int64.`,
    )
  })

  it('include values the enum lacks, as a warning', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  p: P @grpc(method: "shop.catalog.v1.Catalog/GetProduct")
}
type P {
  availability: E
}
enum E {
  IN_STOCK @from(enum: ["AVAILABILITY_IN_STOCK"])
}
`),
      `web.graphql:6:3  P.availability  (warning)
    availability: E
    ^ E has no value for AVAILABILITY_OUT_OF_STOCK, AVAILABILITY_DISCONTINUED of Availability, so such an answer is an error; map it by @from(enum: ["…"]), or "*" for all others.`,
    )
  })

  it('include a oneof the message does not have', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  p: P @grpc(method: "shop.catalog.v1.Catalog/GetProduct")
}
type P {
  promo: Promo @from(oneof: "promotion")
}
union Promo = PercentOff
type PercentOff {
  percent: Int
}
`),
      `web.graphql:6:3  P.promo
    promo: Promo @from(oneof: "promotion")
    ^ shop.catalog.v1.Product has no oneof promotion. There is: promo.`,
    )
  })

  it('include a case the union lacks', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  p: P @grpc(method: "shop.catalog.v1.Catalog/GetProduct")
}
type P {
  promo: Promo @from(oneof: "promo")
}
union Promo = PercentOff
type PercentOff {
  percent: Int
}
`),
      `web.graphql:6:3  P.promo
    promo: Promo @from(oneof: "promo")
    ^ Promo has no member for the case amountOff of promo; add the type AmountOff to the union.`,
    )
  })

  it('include a case that is no message', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  t: [T] @listSize(assumedSize: 1) @grpc(method: "things.v1.Things/BatchGet", select: "things")
}
type T {
  detail: Detail @from(oneof: "detail")
}
union Detail = Round
type Round {
  radius: Float
}
`),
      `web.graphql:6:3  T.detail
    detail: Detail @from(oneof: "detail")
    ^ Detail has no member for the case note of detail; add the type of a message to the union.`,
    )
  })

  it('include a batch that selects no list', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  t: T @load(by: { id: "1" })
}
type T @entity(key: "id") @grpc(method: "things.v1.Things/BatchGet", request: { ids: "{keys.id}" }, select: "total", batch: { match: "id" }) {
  id: ID!
}
`),
      `web.graphql:5:109  T
    type T @entity(key: "id") @grpc(method: "things.v1.Things/BatchGet", request: { ids: "{keys.id}" }, select: "total", batch: { match: "id" }) {
                                                                                                                ^ A batch selects a list of items, but total is none.`,
    )
  })

  it('include a batch without a selection', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  t: T @load(by: { id: "1" })
}
type T @entity(key: "id") @grpc(method: "things.v1.Things/BatchGet", request: { ids: "{keys.id}" }, batch: { match: "id" }) {
  id: ID!
}
`),
      `web.graphql:5:27  T
    type T @entity(key: "id") @grpc(method: "things.v1.Things/BatchGet", request: { ids: "{keys.id}" }, batch: { match: "id" }) {
                              ^ A batch selects a list of items, but BatchGetResponse is none.`,
    )
  })

  it('include a match the items do not have', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  t: T @load(by: { id: "1" })
}
type T @entity(key: "id") @grpc(method: "things.v1.Things/BatchGet", request: { ids: "{keys.id}" }, select: "things", batch: { match: "ide" }) {
  id: ID!
}
`),
      `web.graphql:5:126  T
    type T @entity(key: "id") @grpc(method: "things.v1.Things/BatchGet", request: { ids: "{keys.id}" }, select: "things", batch: { match: "ide" }) {
                                                                                                                                 ^ \`match\`: things.v1.Thing has no field ide. Did you mean id?`,
    )
  })

  it('include items the group does not have', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  p: P @grpc(method: "shop.catalog.v1.Catalog/GetProduct")
}
type P {
  id: ID!
  reviews: [R] @grpc(method: "shop.reviews.v1.Reviews/BatchListReviews", request: { productIds: "{keys.id}" }, select: "groups", batch: { match: "productId", items: "review" })
}
type R {
  id: ID!
}
`),
      `web.graphql:7:137  P.reviews
    reviews: [R] @grpc(method: "shop.reviews.v1.Reviews/BatchListReviews", request: { productIds: "{keys.id}" }, select: "groups", batch: { match: "productId", items: "review" })
                                                                                                                                          ^ \`items\`: shop.reviews.v1.ReviewGroup has no field review. Did you mean reviews?`,
    )
  })

  it('include items that are a list where the field is none, and the reverse', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  p: P @grpc(method: "shop.catalog.v1.Catalog/GetProduct")
}
type P {
  id: ID!
  review: R @grpc(method: "shop.reviews.v1.Reviews/BatchListReviews", request: { productIds: "{keys.id}" }, select: "groups", batch: { match: "productId", items: "reviews" })
  counts: [Int] @grpc(method: "things.v1.Things/BatchCount", request: { ids: "{keys.id}" }, select: "counts", batch: { match: "id", items: "count" })
}
type R {
  id: ID!
}
`),
      `web.graphql:7:134  P.review
    review: R @grpc(method: "shop.reviews.v1.Reviews/BatchListReviews", request: { productIds: "{keys.id}" }, select: "groups", batch: { match: "productId", items: "reviews" })
                                                                                                                                       ^ \`items\`: reviews is a list, but P.review is not: write its type in [ ].

web.graphql:8:118  P.counts
    counts: [Int] @grpc(method: "things.v1.Things/BatchCount", request: { ids: "{keys.id}" }, select: "counts", batch: { match: "id", items: "count" })
                                                                                                                       ^ \`items\`: P.counts is a list, but count is not.`,
    )
  })

  it('include a loader of one that selects a list', () => {
    assert.equal(
      diagnosticsOf(`
type Query {
  t: T @load(by: { id: "1" })
}
type T @entity(key: "id") @grpc(method: "things.v1.Things/BatchGet", request: { ids: ["{keys.id}"] }, select: "things") {
  id: ID!
}
`),
      `web.graphql:5:111  T
    type T @entity(key: "id") @grpc(method: "things.v1.Things/BatchGet", request: { ids: ["{keys.id}"] }, select: "things") {
                                                                                                                  ^ things is a list, but a loader without \`batch\` takes one T.`,
    )
  })
})
