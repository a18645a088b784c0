import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bindGraph } from '../../../src/graph/bind/bind.ts'
import { withEntities } from '../../../src/graph/expose/entities.ts'
import { exposeService } from '../../../src/graph/expose/expose.ts'
import { plainRoots, sdlOf } from '../../../src/graph/expose/sdl.ts'
import { formatDiagnostics } from '../../../src/kernel/diagnostic.ts'
import { world } from '../support/graph.ts'
import { protoService } from './support/exposed.ts'

describe('entities of a proto', () => {
  it('are loaded without anybody writing the mask of what is read', () => {
    const { sdl } = scaffolded(`
      service Shop { rpc GetItem(GetItemRequest) returns (Item); rpc BatchGetItems(BatchRequest) returns (Batch); }
      message GetItemRequest { string id = 1; google.protobuf.FieldMask read_mask = 2; }
      message BatchRequest { repeated string ids = 1; google.protobuf.FieldMask read_mask = 2; }
      message Batch { repeated Item items = 1; }
      message Item { string id = 1; string name = 2; }`)
    assert.match(sdl, /getItem\(id: ID!\): Item @load\(by: \{ id: "\{args\.id\}" \}\)/)
    assert.doesNotMatch(sdl, /readMask/)
  })

  it('are what a BatchGet method loads by its key', () => {
    const { sdl } = scaffolded(`
      service Shop { rpc GetItem(GetItemRequest) returns (Item); rpc BatchGetItems(BatchRequest) returns (Batch); }
      message GetItemRequest { string id = 1; }
      message BatchRequest { repeated string ids = 1; int32 depth = 2; }
      message Batch { repeated Item found_items = 1; }
      message Item { string id = 1; string name = 2; }`)
    assert.equal(
      sdl,
      `type Query {
  getItem(id: ID!): Item @load(by: { id: "{args.id}" })
}

type Item
  @entity(key: "id")
  @grpc(service: "svc", method: "t.v1.Shop/BatchGetItems", request: { ids: "{keys.id}" }, select: "foundItems", batch: { match: "id" })
{
  id: ID!
  name: String!
}

# t.v1.Shop/BatchGetItems has no field of its own: it loads Item.
`,
    )
  })

  it('are keyed by resource names too, or by the id that bears their own name', () => {
    const { sdl } = scaffolded(`
      service Shop {
        rpc BatchGetShelves(NamesRequest) returns (Shelves); rpc BatchGetBooks(BooksRequest) returns (Books);
        rpc GetBook(BookRequest) returns (Book);
      }
      message NamesRequest { repeated string names = 1; } message Shelves { repeated Shelf shelves = 1; int32 n = 2; }
      message BooksRequest { repeated int64 book_ids = 1; } message Books { repeated Book books = 1; }
      message BookRequest { int64 book_id = 1; bool full = 2; }
      message Shelf { string name = 1; } message Book { int64 book_id = 1; string name = 2; }`)
    assert.match(sdl, /type Shelf\n {2}@entity\(key: "name"\)\n.*request: \{ names: "\{keys\.name\}" \}/)
    assert.match(sdl, /type Book\n {2}@entity\(key: "bookId"\)\n.*bookIds: "\{keys\.bookId\}".*\n\{\n {2}bookId: ID!/)
    // GetBook takes more than the key, so it stays a call, and so does the batch that nothing else would show.
    assert.match(sdl, /getBook\(bookId: Int64, full: Boolean\): Book\n {4}@grpc/)
    assert.match(sdl, /batchGetBooks\(bookIds: \[Int64!\]\): Books\n {4}@grpc/)
  })

  it('are not what a batch needs more than keys for, nor what is not matched by the key', () => {
    const { sdl } = scaffolded(`
      service Shop { rpc BatchGetA(ARequest) returns (As); rpc BatchGetB(BRequest) returns (Bs); }
      message ARequest { string parent = 1 [(google.api.field_behavior) = REQUIRED]; repeated string ids = 2; }
      message As { repeated A as = 1; } message A { string id = 1; }
      message BRequest { repeated string ids = 1; } message Bs { repeated B bs = 1; } message B { int32 id = 1; }`)
    assert.doesNotMatch(sdl, /@entity/)
  })

  it('are led to by fields that bear their key, in one call for all of a page', async () => {
    const { sdl, graph } = scaffolded(`
      service Shop {
        rpc ListOrders(Page) returns (Orders); rpc GetItem(GetItemRequest) returns (Item);
        rpc BatchGetItems(BatchRequest) returns (Batch);
      }
      message Page { int32 page_size = 1; string page_token = 2; }
      message Orders { repeated Order orders = 1; string next_page_token = 2; }
      message Order { string item_id = 1; string other_id = 2; }
      message GetItemRequest { string id = 1; }
      message BatchRequest { repeated string ids = 1; }
      message Batch { repeated Item items = 1; }
      message Item { string id = 1; string name = 2; }`)
    assert.match(sdl, /@listSize\(slicingArguments: \["pageSize"\], sizedFields: \["orders"\]\)/)
    assert.match(sdl, /itemId: String!\n {2}item: Item @load\(by: \{ id: "\{this\.itemId\}" \}\)/)
    const { run, asked } = world({
      sdl: graph,
      answer: ({ line }) =>
        line.includes('ListOrders')
          ? { orders: [{ itemId: 'b' }, { itemId: 'a' }, { itemId: 'b' }] }
          : {
              items: [
                { id: 'a', name: 'A' },
                { id: 'b', name: 'B' },
              ],
            },
    })
    const { data } = await run('{ listOrders(pageSize: 3) { orders { item { name } } } }')
    assert.deepEqual(data, {
      listOrders: { orders: [{ item: { name: 'B' } }, { item: { name: 'A' } }, { item: { name: 'B' } }] },
    })
    assert.deepEqual(asked, ['svc ListOrders {"pageSize":3}', 'svc BatchGetItems {"ids":["b","a"]}'])
  })
})

/** The SDL that an author would be given, and its graph: it binds as it is. */
function scaffolded(proto: string) {
  const service = protoService('svc', proto)
  const sdl = sdlOf(withEntities(exposeService(service, { service: 'svc', at: [] })), plainRoots)
  const { graph, diagnostics } = bindGraph([{ file: 'made.graphql', text: sdl }], new Map([['svc', service]]))
  assert.ok(graph !== undefined, formatDiagnostics(diagnostics))
  return { sdl, graph }
}
