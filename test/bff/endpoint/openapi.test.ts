import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Document, documentIn, validatorOf } from '../../routes/transcode/support/openapi.ts'
import { layWorkspace } from '../../support/gateway.ts'
import { type ShopGateway, startShopGateway } from '../../support/shop.ts'

describe('the OpenAPI document of the shop’s endpoints', () => {
  for (const [path, pointer] of [
    ['/mobile/my-dashboard', '/my-dashboard'],
    ['/mobile/my-dashboard?orders=20', '/my-dashboard'],
    ['/mobile/products/p-1', '/products/{id}'],
    ['/mobile/products/p-2?reviews=0', '/products/{id}'],
    ['/mobile/search?text=e&first=50', '/search'],
  ] as const)
    it(`says what ${path} answers, and nothing is there that it does not say`, async () => {
      const reply = await gateway.get(path)
      assert.equal(reply.status, 200)
      checkAnswer(pointer, 'get', '200', await reply.json())
    })

  it('says what an order is', async () => {
    const { me } = (await (await gateway.get('/mobile/my-dashboard')).json()) as { me: { recent: { id: string }[] } }
    const reply = await gateway.get(`/mobile/orders/${me.recent[0]?.id}`)
    checkAnswer('/orders/{id}', 'get', '200', await reply.json())
  })

  it('says what a partial answer is, and which header it has', async () => {
    gateway.shop.orders.faults.set({ mode: 'fail', status: 500 })
    const reply = await gateway.get('/mobile/my-dashboard')
    gateway.shop.orders.faults.set({ mode: 'ok' })
    const answer = (await reply.json()) as { _errors?: unknown[] }
    assert.equal(answer._errors?.length, 1)
    assert.equal(reply.headers.get('portico-partial'), 'orders')
    checkAnswer('/my-dashboard', 'get', '200', answer)
    assert.ok(document.paths['/my-dashboard'].get.responses['200'].headers['Portico-Partial'])
  })

  it('says what is created by which body, and with which status', async () => {
    const body = { lines: [{ productId: 'p-1', quantity: 1 }] }
    const { requestBody, responses } = document.paths['/orders'].post
    assert.deepEqual(
      Object.keys(responses).filter((status) => status.startsWith('2')),
      ['201'],
    )
    const schema = requestBody.content['application/json'].schema.$ref as string
    const isBody = validatorOf(document)(schema)
    assert.ok(isBody(body), JSON.stringify(isBody.errors))
    assert.ok(!isBody({ ...body, total: 1 }))
    const reply = await gateway.post('/mobile/orders', body)
    assert.equal(reply.status, 201)
    checkAnswer('/orders', 'post', '201', await reply.json())
  })

  it('says what a problem is', async () => {
    const reply = await gateway.get('/mobile/products/none')
    assert.equal(reply.status, 404)
    const isProblem = validatorOf(document)('#/components/schemas/problem-details')
    assert.ok(isProblem(await reply.json()), JSON.stringify(isProblem.errors))
  })

  let gateway: ShopGateway
  let document: Document

  before(async () => {
    gateway = await startShopGateway()
    document = await documentIn(process.cwd(), { env: gateway.shop.env, api: 'mobile' })
  })
  after(() => gateway.close())

  const checkAnswer = (path: string, method: string, status: string, answer: unknown): void => {
    const { schema } = document.paths[path][method].responses[status].content['application/json']
    const isAnswer = validatorOf(closed(document))(schema.$ref)
    assert.ok(isAnswer(answer), JSON.stringify(isAnswer.errors))
  }
})

describe('the OpenAPI document of an endpoint', () => {
  it('has the names, words and defaults of its variables, those of arguments where it says nothing itself', async () => {
    const { parameters } = (await documentOfShelf()).paths['/v2/books/{shelf}'].get
    assert.deepEqual(parameters, [
      { name: 'shelf', in: 'path', required: true, schema: { $ref: '#/components/schemas/Shelf' } },
      {
        name: 'first',
        in: 'query',
        required: false,
        description: 'How many at most.',
        schema: { type: 'integer', format: 'int32', default: 10 },
      },
      {
        name: 'tags',
        in: 'query',
        required: false,
        description: 'What they are about.',
        schema: { type: 'array', items: { type: 'string' } },
      },
      { name: 'filter.title', in: 'query', required: false, schema: { type: 'string' } },
      {
        name: 'filter.since',
        in: 'query',
        required: false,
        description: 'Not older than this.',
        deprecated: true,
        schema: { type: 'string', format: 'date-time' },
      },
      { name: 'isbn', in: 'query', required: false, schema: { type: 'boolean', default: false } },
    ])
  })

  it('has what its author says, until when it is good, and what to use instead', async () => {
    const { operationId, summary, description, deprecated, tags } = (await documentOfShelf()).paths['/v2/books/{shelf}']
      .get
    assert.deepEqual([operationId, summary, deprecated, tags], ['Books', 'The books of a shelf', true, ['m']])
    assert.equal(
      description,
      'The books of a shelf. Newest first.\n\nDeprecated from 2027-01-01 on.\n\nMay be gone from 2027-06-30T12:00:00.000Z on.\n\nUse /m/v3/books instead.',
    )
  })

  it('has the shape that the selection gives: aliases, nulls, unions, conditions, scalars, and what is required', async () => {
    const { components, paths } = await documentOfShelf()
    const { schema } = paths['/v2/books/{shelf}'].get.responses['200'].content['application/json']
    assert.deepEqual(schema, { $ref: '#/components/schemas/BooksBooks' })
    const { BooksBooks: books, BooksBooksItems: item } = components.schemas
    assert.deepEqual(Object.keys(books.properties), ['items', '_errors'])
    assert.deepEqual(books.properties.items, {
      type: 'array',
      items: { anyOf: [{ $ref: '#/components/schemas/BooksBooksItems' }, { type: 'null' }] },
    })
    assert.deepEqual(item, {
      type: 'object',
      description: 'Something to read.',
      required: ['kind', 'name', 'sold', 'by', 'shelf'],
      properties: {
        kind: { type: 'string', const: 'Book' },
        name: { type: ['string', 'null'], description: 'As on the cover.' },
        sold: { type: 'string', format: 'int64' },
        by: {
          anyOf: [
            {
              anyOf: [
                { $ref: '#/components/schemas/BooksBooksItemsByPerson' },
                { $ref: '#/components/schemas/BooksBooksItemsByTeam' },
              ],
            },
            { type: 'null' },
          ],
        },
        shelf: { $ref: '#/components/schemas/Shelf' },
        isbn: { type: 'string' },
      },
    })
    assert.deepEqual(components.schemas.Shelf, {
      type: 'string',
      description: '- `HIGH`: Mind the ladder.\n- `LOW`: Deprecated: flooded',
      enum: ['HIGH', 'LOW'],
    })
  })

  it('has the members of a body, and what may not be beside them', async () => {
    const { components, paths } = await documentOfShelf()
    const { requestBody, responses } = paths['/books'].post
    assert.deepEqual(requestBody, {
      required: true,
      content: { 'application/json': { schema: { $ref: '#/components/schemas/AddInput' } } },
    })
    assert.deepEqual(components.schemas.AddInput, {
      type: 'object',
      properties: {
        title: { type: 'string' },
        shelf: { anyOf: [{ $ref: '#/components/schemas/Shelf' }, { type: 'null' }], default: 'HIGH' },
      },
      required: ['title'],
      additionalProperties: false,
    })
    assert.deepEqual(responses['201'].content['application/json'].schema, { type: ['string', 'null'] })
  })

  it('has the header that asks for an explanation where callers may ask, streams aside', async () => {
    const { components, paths } = await documentOfShelf(', auth: staff, explain: { scopes: [support] }')
    const named = (path: string): string[] =>
      paths[path].get.parameters?.map(({ name, in: where }: Record<string, string>) => `${where} ${name}`) ?? []
    assert.equal(named('/v2/books/{shelf}').at(-1), 'header Portico-Explain')
    assert.deepEqual(
      named('/sold').filter((name) => name.startsWith('header')),
      [],
    )
    assert.deepEqual(Object.keys(components.schemas.BooksBooks.properties), ['items', '_errors', '_explain'])
  })

  it('says of a stream what each event holds', async () => {
    const { responses } = (await documentOfShelf()).paths['/sold'].get
    const { schema } = responses['200'].content['text/event-stream']
    assert.equal(schema.contentMediaType, 'application/json')
    assert.deepEqual(schema.contentSchema, { $ref: '#/components/schemas/Sold' })
  })
})

/** The same, with nothing allowed in answers that is not said. */
const closed = (document: Document): Document => {
  const copy = structuredClone(document)
  for (const schema of Object.values<Document>(copy.components.schemas))
    if (schema.type === 'object' && schema.properties !== undefined) schema.additionalProperties ??= false
  return copy
}

const documentOfShelf = async (settings = ''): Promise<Document> => {
  const workspace = await layWorkspace({
    'portico.yaml': `auth:
  staff: { jwt: { issuer: staff, audience: shelf, secret: a-secret-of-at-least-thirty-two-bytes } }
services:
  books: { rest: "http://127.0.0.1:1", identity: none }
  shop: { grpc: "127.0.0.1:1", proto: shop.proto, identity: none }
bffs:
  m: { prefix: /m, schema: schema.graphql, operations: operations/*.graphql${settings} }
`,
    'protos/shop.proto': `syntax = "proto3";
package shop.v1;
service Shop { rpc Sold(Ask) returns (stream Sale) {} }
message Ask {}
message Sale { string title = 1; }
`,
    'schema.graphql': `type Query {
  books(shelf: Shelf!, first: Int "What they are about." tags: [String!], filter: Filter): Page
    @rest(service: "books", get: "/books/{args.shelf}?first={args.first}&tag={args.tags}&title={args.filter.title}")
}
type Mutation { add(title: String!, shelf: Shelf): Book @rest(service: "books", post: "/books", body: { title: "{args.title}", shelf: "{args.shelf}" }) }
type Subscription { sold: Sale @grpc(service: "shop", method: "shop.v1.Shop/Sold") }
type Sale { title: String! }
type Page { items: [Book]! }
"Something to read."
type Book {
  "As on the cover."
  title: String
  sold: Int64!
  isbn: String!
  shelf: Shelf!
  by: Author
}
union Author @variant(by: "kind", cases: { Person: "p", Team: "t" }) = Person | Team
type Person { name: String! }
type Team { name: String! size: Int }
enum Shelf {
  "Mind the ladder."
  HIGH
  LOW @deprecated(reason: "flooded")
}
input Filter {
  title: String
  "Not older than this."
  since: DateTime @deprecated(reason: "unused")
}
`,
    'operations/books.graphql': `# The books of a shelf. Newest first.
query Books(
  $shelf: Shelf!
  # How many at most.
  $first: Int = 10
  $tags: [String!]
  $filter: Filter
  $isbn: Boolean! = false
) @endpoint(get: "/v2/books/{shelf}", unwrap: "books", lenient: true, deprecated: "2027-01-01", sunset: "2027-06-30T12:00:00Z", successor: "/m/v3/books") {
  books(shelf: $shelf, first: $first, tags: $tags, filter: $filter) {
    items {
      kind: __typename
      name: title
      ...Rest
      isbn @include(if: $isbn)
    }
  }
}
fragment Rest on Book { sold by { ... on Person { name } ... on Team { name size } } shelf }
`,
    'operations/add.graphql': `mutation Add($title: String!, $shelf: Shelf = HIGH) @endpoint(post: "/books", status: 201, unwrap: "add.title") {
  add(title: $title, shelf: $shelf) { title }
}
`,
    'operations/sold.graphql': 'subscription Sold @endpoint(sse: "/sold") { sold { title } }\n',
  })
  try {
    return await documentIn(workspace.dir)
  } finally {
    await workspace.remove()
  }
}
