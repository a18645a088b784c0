import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { worstCasePlan } from '../../../src/graph/operation.ts'
import { explain } from '../../../src/graph/plan/explain.ts'
import type { Json } from '../../../src/kernel/json.ts'
import { diagnosticsOf, graphOf, operationOf, world } from '../support/graph.ts'

describe('a field mask', () => {
  it('asks for what is selected, and for what the calls below need', async () => {
    assert.deepEqual(await askedBy('{ book(id: 1) { title price { currencyCode } author { name } } }'), [
      'masked GetBook {"id":"1","readMask":"authorId,listPrice.currencyCode,title"}',
      'masked BatchGetAuthors {"ids":["a-1"],"shown":"fullName,id"}',
    ])
  })

  it('is about the items of a page, and ends at a list or at what JSON writes as one text', async () => {
    assert.deepEqual(await askedBy('{ books { nextPageToken books { printedAt prices { units } } } }'), [
      'masked ListBooks {"readMask":"prices,printedAt"}',
    ])
  })

  it('is one for all places that ask by the same binding, so that a key is still asked for once', async () => {
    assert.deepEqual(await askedBy('{ a: author(id: 1) { name } b: author(id: 1) { bornIn } }'), [
      'masked BatchGetAuthors {"ids":["1"],"shown":"bornIn,fullName,id"}',
    ])
  })

  it('is left out where a path has no text, where nothing is read, and where the request sets it', async () => {
    assert.deepEqual(await askedBy('{ book(id: 1) { title second } }'), ['masked GetBook {"id":"1"}'])
    assert.deepEqual(await askedBy('{ book(id: 1) { __typename } }'), ['masked GetBook {"id":"1"}'])
    assert.deepEqual(await askedBy('{ fixed { title } }'), ['masked GetBook {"id":"1","readMask":"id"}'])
  })

  it('is explained', () => {
    const graph = graphOf(sdl)
    assert.match(
      explain(worstCasePlan(graph, operationOf(graph, '{ book(id: 1) { title } }')), {}),
      /^level 0 {2}masked masked\.v1\.Books\/GetBook \[title\]\n/,
    )
  })

  it('is checked: fieldMask names a mask of the request', () => {
    assert.match(
      diagnosticsOf(sdl.replace('fieldMask: "shown"', 'fieldMask: "showm"')),
      /BatchGetAuthorsRequest has no field mask showm\. Did you mean shown\?/,
    )
  })
})

const sdl = `
type Query {
  book(id: ID!): Book @grpc(method: "masked.v1.Books/GetBook", request: { id: "{args.id}" })
  fixed: Book @grpc(method: "masked.v1.Books/GetBook", request: { id: "1", readMask: "id" })
  books: Page @grpc(method: "masked.v1.Books/ListBooks")
  author(id: ID!): Author @load(by: { id: "{args.id}" })
}
type Page { books: [Book!]! nextPageToken: String }
type Book {
  title: String
  second: String @from(path: "line2")
  price: Price @from(path: "listPrice")
  prices: [Price!]!
  printedAt: DateTime
  authorId: ID @internal
  author: Author @load(by: { id: "{this.authorId}" })
}
type Price { currencyCode: String units: Int64 }
type Author @entity(key: "id")
  @grpc(
    method: "masked.v1.Books/BatchGetAuthors", request: { ids: "{keys.id}" }, select: "authors"
    batch: { match: "id" }, fieldMask: "shown"
  ) {
  id: ID!
  name: String @from(path: "fullName")
  bornIn: String
}
`

const askedBy = async (source: string) => {
  const { asked, run } = world({
    sdl,
    answer({ line }): Json {
      if (line.includes('GetBook')) return { title: 't', authorId: 'a-1', listPrice: { currencyCode: 'EUR' } }
      return line.includes('ListBooks') ? { books: [] } : { authors: [{ id: 'a-1' }, { id: '1' }] }
    },
  })
  await run(source)
  return asked
}
