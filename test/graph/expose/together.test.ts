import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Exposure } from '../../../src/graph/expose/config.ts'
import { exposedTogether, protoService } from './support/exposed.ts'

describe('several sources of one schema', () => {
  it('extends the root types that schema files define', () => {
    const { sdl, graph } = together({
      catalog: {},
      schema:
        'type Query { now: String @resolver(fn: "now") } extend type Item { label: String @resolver(fn: "label") }',
    })
    assert.match(sdl, /^extend type Query \{/)
    assert.deepEqual(Object.keys(graph?.schema.getQueryType()?.getFields() ?? {}), ['now', 'getItem'])
    assert.ok(graph?.fields.has('Item.label'))
  })

  it('follows the names that `schema { … }` gives root types, and adds the kinds it lacks', () => {
    const { sdl, diagnostics, graph } = together({
      orders: {},
      schema: 'schema @auth(scopes: [["shop"]]) { query: Root } type Root { now: String @resolver(fn: "now") }',
    })
    assert.equal(diagnostics, '')
    assert.match(sdl, /extend schema \{ mutation: Mutation \}/)
    assert.deepEqual(Object.keys(graph?.schema.getMutationType()?.getFields() ?? {}), ['placeOrder'])
    assert.deepEqual(graph?.rootRule?.scopes, [['shop']])
  })

  it('shows a message that services share once', () => {
    const { sdl, diagnostics } = together({ catalog: {}, orders: {} })
    assert.equal(diagnostics, '')
    assert.equal(sdl.match(/type Money /g)?.length, 1)
  })

  it('refuses a type that a schema file has, with both places', () => {
    const { diagnostics } = together({
      catalog: {},
      schema: 'type Item { id: ID }\ntype Query { a: Item @rest(service: "x", get: "/") }',
    })
    assert.equal(
      diagnostics,
      `portico.yaml:1:1  expose.catalog
    catalog exposes a type Item (t.v1.Item), which is already in web.graphql:1:6. Set its names apart by expose: { catalog: { prefix: Catalog } }, or show fewer of its methods by \`methods\`.`,
    )
  })

  it('refuses a field that a schema file has, but not one of another root', () => {
    const { diagnostics } = together({
      catalog: {},
      schema: 'type Query { getItem: Int @resolver(fn: "f") }\ntype Mutation { getItem: Int @resolver(fn: "f") }',
    })
    assert.equal(
      diagnostics,
      `portico.yaml:1:1  expose.catalog
    catalog exposes getItem (t.v1.Catalog/GetItem) as a query, which is already in web.graphql:1:14. Set its names apart by expose: { catalog: { prefix: Catalog } }, or show fewer of its methods by \`methods\`.`,
    )
  })

  it('refuses types of two services that differ under one name; a prefix sets them apart', () => {
    assert.match(
      together({ catalog: {}, stock: {} }).diagnostics,
      /^portico\.yaml:1:1 {2}expose\.stock\n {4}stock exposes a type Item \(stock\.v1\.Item\), which is already in what catalog exposes\./,
    )
    const { diagnostics, graph } = together({ catalog: {}, stock: { prefix: 'stock' } })
    assert.equal(diagnostics, '')
    assert.deepEqual(Object.keys(graph?.schema.getQueryType()?.getFields() ?? {}), ['getItem', 'stockCountItems'])
    assert.ok(graph?.schema.getType('StockItem') !== undefined)
  })

  it('names services that are not there, and those that speak no gRPC', () => {
    assert.equal(
      exposedTogether([protoService('catalog', catalog)], [{ service: 'catalogue', at: [0] }]).diagnostics,
      `portico.yaml:1:1  expose.0
    There is no service catalogue in portico.yaml. Did you mean catalog?`,
    )
  })
})

describe('a choice of methods', () => {
  it('takes names, patterns and full paths', () => {
    const fields = (methods: readonly string[]): readonly string[] =>
      Object.keys(together({ many: { methods } }).graph?.schema.getQueryType()?.getFields() ?? {})
    assert.deepEqual(fields(['GetA']), ['getA'])
    assert.deepEqual(fields(['Get*', 'many.v1.Many/ListB']), ['getA', 'getB', 'listB'])
    assert.deepEqual(fields(['Many/*B']), ['getB', 'listB'])
  })

  it('takes another kind or another name for single methods', () => {
    const { graph, diagnostics } = together({
      many: { as: { Reckon: { kind: 'query' }, GetA: { field: 'a' }, ListB: { kind: 'mutation', field: 'b' } } },
    })
    assert.equal(diagnostics, '')
    assert.deepEqual(Object.keys(graph?.schema.getQueryType()?.getFields() ?? {}), ['a', 'getB', 'reckon'])
    assert.deepEqual(Object.keys(graph?.schema.getMutationType()?.getFields() ?? {}), ['b'])
  })

  it('refuses what no method has, and kinds that do not fit, all at once', () => {
    const { diagnostics } = together({
      many: {
        methods: ['GetC', '*'],
        as: { Watch: { kind: 'query' }, GetA: { kind: 'subscription' }, Talk: { kind: 'query' }, Lst: { field: 'x' } },
      },
    })
    assert.deepEqual(
      diagnostics.split('\n\n').map((text) => text.split('\n    ')),
      [
        ['portico.yaml:1:1  expose.many.methods.0', 'many has no method GetC. Did you mean GetA?'],
        ['portico.yaml:1:1  expose.many.as.Lst', 'many has no method Lst. Did you mean ListB?'],
        ['portico.yaml:1:1  expose.many.as.GetA', 'many.v1.Many/GetA answers once, so it cannot be a subscription.'],
        [
          'portico.yaml:1:1  expose.many.as.Watch',
          'many.v1.Many/Watch streams its answers, so it can only be a subscription.',
        ],
        [
          'portico.yaml:1:1  expose.many.as.Talk',
          'many.v1.Many/Talk is not shown: it takes a stream of requests, and a GraphQL field sends one.',
        ],
      ],
    )
  })

  it('refuses two methods of one name that an author gave', () => {
    const { diagnostics } = together({ many: { as: { GetA: { field: 'x' }, GetB: { field: 'x' } } } })
    assert.equal(
      diagnostics,
      `portico.yaml:1:1  expose.many.as
    Two methods would be the field x; name many.v1.Many/GetB otherwise: as: { GetB: { field: … } }.`,
    )
  })

  it('warns where nothing is left to show', () => {
    const { diagnostics } = together({ many: { methods: ['Talk'] } })
    assert.match(diagnostics, /\(warning\)\n {4}many shows nothing\. many\.v1\.Many\/Talk is not shown/)
  })
})

const money = 'message Money { int64 units = 1; }'
const catalog = `service Catalog { rpc GetItem(Q) returns (Item); } message Q {} message Item { Money price = 1; } ${money}`

type Together = { readonly [name: string]: Omit<Exposure, 'service' | 'at'> | string }

/** Exposures of these services beside a schema file. */
function together({ schema, ...exposures }: Together) {
  const services = [
    protoService('catalog', catalog),
    protoService(
      'orders',
      `service Orders { rpc PlaceOrder(Q) returns (Order); } message Q {} message Order { Money total = 1; } ${money}`,
    ),
    protoService(
      'stock',
      'package stock.v1; service Stock { rpc CountItems(Q) returns (Item); } message Q {} message Item { int32 left = 1; }',
    ),
    protoService(
      'many',
      `package many.v1; message M { string id = 1; }
       service Many {
         rpc GetA(M) returns (M); rpc GetB(M) returns (M); rpc ListB(M) returns (M); rpc Reckon(M) returns (M);
         rpc Watch(M) returns (stream M); rpc Talk(stream M) returns (stream M);
       }`,
    ),
  ]
  const wanted = Object.entries(exposures).map(
    ([service, one]): Exposure => ({ service, at: [service], ...(one as object) }),
  )
  return exposedTogether(services, wanted, typeof schema === 'string' ? [{ file: 'web.graphql', text: schema }] : [])
}
