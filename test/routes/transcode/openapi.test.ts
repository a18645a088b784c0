import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Document, documentOf } from './support/openapi.ts'

describe('paths of the OpenAPI document', () => {
  for (const [template, path, parameters] of [
    ['/v1/books', '/v1/books', []],
    ['/v1/books/{name}', '/v1/books/{name}', ['name']],
    ['/v1/books/{name}:archive', '/v1/books/{name}:archive', ['name']],
    ['/v1/{name=shelves/*}', '/v1/shelves/{shelvesId}', ['shelvesId']],
    ['/v1/{name=shelves/*/books/*}', '/v1/shelves/{shelvesId}/books/{booksId}', ['shelvesId', 'booksId']],
    ['/v1/{name=files/**}', '/v1/files/{filesId}', ['filesId']],
    ['/v1/{name=**}', '/v1/{name}', ['name']],
    ['/v1/{book.title}/{name}', '/v1/{book.title}/{name}', ['book.title', 'name']],
    ['/v1/x-y/*/{name=*}', '/v1/x-y/{x_yId}/{name}', ['x_yId', 'name']],
    ['/v1/*/*', '/v1/{v1Id}/{segment}', ['v1Id', 'segment']],
  ] as const)
    it(`writes ${template} as ${path}`, async () => {
      const { paths } = await documentOf({ proto: getting(template) })
      assert.deepEqual(Object.keys(paths), [path])
      const declared = paths[path].get.parameters.filter((one: { in: string }) => one.in === 'path')
      assert.deepEqual(names(declared), parameters)
    })

  it('says of a part of a variable which it is', async () => {
    const { paths } = await documentOf({ proto: getting('/v1/{name=shelves/*/books/**}') })
    const [, last] = paths['/v1/shelves/{shelvesId}/books/{booksId}'].get.parameters
    assert.match(last.description, /A part of `name`, which is `shelves\/\*\/books\/\*\*`\./)
    assert.match(last.description, /slashes included/)
  })

  it('gives addresses that differ by names alone the names of the first', async () => {
    const { paths } = await documentOf({
      proto: `service Test {
        rpc Get(Ask) returns (Book) { option (google.api.http) = {get: "/v1/books/{name}"}; }
        rpc Update(Ask) returns (Book) { option (google.api.http) = {patch: "/v1/books/{book.title}" body: "book"}; }
      } ${messages}`,
    })
    assert.deepEqual(Object.keys(paths), ['/v1/books/{name}'])
    const [parameter] = paths['/v1/books/{name}'].patch.parameters
    assert.deepEqual([parameter.name, parameter.description], ['name', '`book.title`.'])
  })

  it('says where one address stands for two methods that only the gateway can tell apart', async () => {
    const { paths } = await documentOf({
      proto: `service Test {
        rpc One(Ask) returns (Book) { option (google.api.http) = {get: "/v1/{name}"}; }
        rpc Many(Ask) returns (Book) { option (google.api.http) = {get: "/v1/{name=**}"}; }
      } ${messages}`,
    })
    const { get } = paths['/v1/{name}']
    assert.equal(get.operationId, 'Test_One')
    assert.match(get.description, /may also be `GET \/v1\/\{name=\*\*\} of test\.v1\.Test\/Many`/)
  })

  it('numbers additional bindings, and keeps methods that OpenAPI has no place for in an extension', async () => {
    const { paths } = await documentOf({
      proto: `service Test {
        rpc Get(Ask) returns (Book) { option (google.api.http) = {
          get: "/v1/a"
          additional_bindings { get: "/v1/b" }
          additional_bindings { custom { kind: "PURGE" path: "/v1/a" } }
          additional_bindings { custom { kind: "*" path: "/v1/c" } }
        }; }
      } ${messages}`,
    })
    assert.equal(paths['/v1/a'].get.operationId, 'Test_Get')
    assert.equal(paths['/v1/b'].get.operationId, 'Test_Get_2')
    assert.equal(paths['/v1/a']['x-additional-operations'].PURGE.operationId, 'Test_Get_3')
    assert.match(paths['/v1/c'].get.description, /answers any method/)
  })

  it('serves methods without annotations where clients of the Connect protocol call them', async () => {
    const { paths, servers } = await documentOf({
      proto: `service Test {
        rpc Do(Ask) returns (Book);
        rpc Look(Ask) returns (Book) { option idempotency_level = NO_SIDE_EFFECTS; }
      } ${messages}`,
    })
    assert.deepEqual(servers, [{ url: '/api' }])
    assert.deepEqual(Object.keys(paths['/test.v1.Test/Do']), ['post'])
    assert.deepEqual(Object.keys(paths['/test.v1.Test/Look']).sort(), ['get', 'post'])
    assert.match(paths['/test.v1.Test/Do'].post.description, /Connect protocol/)
  })
})

describe('requests in the OpenAPI document', () => {
  it('have a query parameter for each field that is a value, at any depth, once where messages hold themselves', async () => {
    const { paths } = await documentOf({
      proto: `service Test { rpc Get(Ask) returns (Ask) { option (google.api.http) = {get: "/v1/{name}"}; } }
        message Ask {
          string name = 1; int64 max_size = 2; repeated string tags = 3; google.protobuf.Timestamp since = 4;
          google.protobuf.BoolValue exact = 5; map<string, string> labels = 6; Ask again = 7; Inner inner = 8;
          google.protobuf.Struct free = 9; repeated Inner many = 10;
        }
        message Inner { google.protobuf.Duration age = 1; bytes mark = 2; }`,
    })
    const query = paths['/v1/{name}'].get.parameters.filter((one: { in: string }) => one.in === 'query')
    assert.deepEqual(Object.fromEntries(query.map(({ name, schema }: Document) => [name, schema])), {
      maxSize: { type: 'string', format: 'int64', examples: ['1'] },
      tags: { type: 'array', items: { type: 'string' } },
      since: { type: 'string', format: 'date-time' },
      exact: { type: 'boolean' },
      'inner.age': { type: 'string', pattern: '^-?[0-9]+(\\.[0-9]{1,9})?s$', examples: ['1.5s'] },
      'inner.mark': { type: 'string', contentEncoding: 'base64' },
    })
  })

  it('say which query parameters are needed, and leave out what only answers hold', async () => {
    const { paths } = await documentOf({
      proto: `service Test { rpc Get(Ask) returns (Ask) { option (google.api.http) = {get: "/v1/asks"}; } }
        message Ask {
          string id = 1 [(google.api.field_behavior) = OUTPUT_ONLY];
          string parent = 2 [(google.api.field_behavior) = REQUIRED];
          Inner inner = 3; Inner needed = 4 [(google.api.field_behavior) = REQUIRED];
        }
        message Inner { int32 size = 1 [(google.api.field_behavior) = REQUIRED, deprecated = true]; }`,
    })
    assert.deepEqual(
      paths['/v1/asks'].get.parameters.map(({ name, required, deprecated }: Document) => [name, required, deprecated]),
      [
        ['parent', true, undefined],
        ['inner.size', false, true],
        ['needed.size', true, true],
      ],
    )
  })

  it('take what neither path nor query set as the body, and refuse what the gateway refuses', async () => {
    const { paths, components } = await documentOf({
      proto: `service Test {
        rpc Put(Ask) returns (Book) { option (google.api.http) = {put: "/v1/{name}" body: "*"}; }
        rpc Move(Ask) returns (Book) { option (google.api.http) = {post: "/v1/{book.title}:move" body: "book"}; }
      } ${messages}`,
    })
    const put = paths['/v1/{name}'].put
    assert.deepEqual(put.parameters.length, 1)
    const whole = put.requestBody.content['application/json'].schema
    assert.deepEqual([Object.keys(whole.properties), whole.additionalProperties], [['book'], false])
    assert.deepEqual(whole.properties.book, { $ref: '#/components/schemas/test.v1.Book-Input' })
    assert.equal(components.schemas['test.v1.Book-Input'].additionalProperties, false)
    const move = paths['/v1/{book.title}:move'].post
    assert.deepEqual(names(move.parameters), ['book.title', 'name'])
    assert.deepEqual(Object.keys(move.requestBody.content['application/json'].schema.properties), ['pages'])
  })

  it('have names, enums and unknown fields as the route sets them', async () => {
    const { paths, components } = await documentOf({
      proto: `service Test { rpc Get(Ask) returns (Ask) { option (google.api.http) = {post: "/v1/asks" body: "*" additional_bindings { get: "/v1/asks" }}; } }
        message Ask { Kind the_kind = 1; } enum Kind { KIND_NONE = 0; KIND_OLD = 2; }`,
      route: ['json: { names: proto, enums: number, defaults: omit, unknownFields: ignore }'],
    })
    assert.deepEqual(names(paths['/v1/asks'].get.parameters), ['the_kind'])
    const { 'test.v1.Ask': answer, 'test.v1.Ask-Input': input, 'test.v1.Kind': kind } = components.schemas
    assert.deepEqual([Object.keys(answer.properties), answer.required], [['the_kind'], undefined])
    assert.equal(input.additionalProperties, undefined)
    assert.deepEqual(kind, { type: 'integer', enum: [0, 2], 'x-enum-varnames': ['KIND_NONE', 'KIND_OLD'] })
  })
})

describe('answers in the OpenAPI document', () => {
  it('are JSON lines or events where methods stream, and bytes where they are an HttpBody', async () => {
    const { paths } = await documentOf({
      proto: `service Test {
        rpc Watch(Ask) returns (stream Book) { option (google.api.http) = {get: "/v1/books"}; }
        rpc Load(stream Ask) returns (Book) { option (google.api.http) = {post: "/v1/books" body: "*"}; }
        rpc File(Ask) returns (google.api.HttpBody) { option (google.api.http) = {get: "/v1/file"}; }
        rpc Save(google.api.HttpBody) returns (Book) { option (google.api.http) = {post: "/v1/file" body: "*"}; }
      } ${messages}`,
    })
    const { get, post } = paths['/v1/books']
    assert.deepEqual(Object.keys(get.responses['200'].content), ['application/x-ndjson', 'text/event-stream'])
    assert.ok(get.responses['406'])
    assert.deepEqual(Object.keys(post.requestBody.content), ['application/x-ndjson'])
    assert.deepEqual(paths['/v1/file'].get.responses['200'].content, { '*/*': {} })
    assert.deepEqual(paths['/v1/file'].post.requestBody.content, { '*/*': {} })
  })

  it('are a field where the rule says so, null where it may be absent', async () => {
    const { paths } = await documentOf({
      proto: `service Test {
        rpc One(Ask) returns (Ask) { option (google.api.http) = {get: "/v1/one" response_body: "book"}; }
        rpc Two(Ask) returns (Ask) { option (google.api.http) = {get: "/v1/two" response_body: "name"}; }
      } ${messages}`,
    })
    const schemaAt = (path: string): unknown => paths[path].get.responses['200'].content['application/json'].schema
    assert.deepEqual(schemaAt('/v1/one'), { anyOf: [{ $ref: '#/components/schemas/test.v1.Book' }, { type: 'null' }] })
    assert.deepEqual(schemaAt('/v1/two'), { type: 'string' })
  })
})

describe('schemas of the OpenAPI document', () => {
  it('carry comments, deprecations and what is said of enum values and oneofs', async () => {
    const { components, paths, tags } = await documentOf({
      proto: `
        // Keeps [books][test.v1.Book]. (-- not for clients --)
        service Test {
          // Finds a book. Takes its time.
          // buf:lint:ignore RPC_REQUEST_STANDARD_NAME
          rpc Get(Ask) returns (Book) { option (google.api.http) = {get: "/v1/{name}"}; option deprecated = true; }
        }
        message Ask { string name = 1; }
        // A book.
        message Book {
          // How it is bound.
          Binding binding = 1 [deprecated = true];
          oneof place { string shelf = 2; string box = 3; }
          optional string note = 4;
        }
        // Ways to bind.
        enum Binding {
          // Nobody knows.
          BINDING_UNSPECIFIED = 0;
          BINDING_HARD = 1 [deprecated = true];
        }`,
    })
    assert.deepEqual(tags, [{ name: 'test.v1.Test', description: 'Keeps books.' }])
    const { summary, description, deprecated } = paths['/v1/{name}'].get
    assert.deepEqual([summary, description, deprecated], ['Finds a book', 'Finds a book. Takes its time.', true])
    assert.deepEqual(components.schemas['test.v1.Book'], {
      type: 'object',
      description: 'A book.\n\nAt most one of `shelf`, `box` is set.',
      properties: {
        binding: {
          $ref: '#/components/schemas/test.v1.Binding',
          description: 'How it is bound.',
          deprecated: true,
        },
        shelf: { type: 'string' },
        box: { type: 'string' },
        note: { type: 'string' },
      },
      required: ['binding'],
    })
    assert.deepEqual(components.schemas['test.v1.Binding'], {
      type: 'string',
      enum: ['BINDING_UNSPECIFIED', 'BINDING_HARD'],
      description:
        'Ways to bind.\n\n- `BINDING_UNSPECIFIED`: Nobody knows.\n- `BINDING_HARD`: Deprecated.\n\nA value that is not in this list comes as its number.',
    })
  })

  it('follow field behaviours: what is needed, what is only answered, what is only asked', async () => {
    const { components, paths } = await documentOf({
      proto: `service Test { rpc Put(Book) returns (Book) { option (google.api.http) = {post: "/v1/books" body: "*"}; } }
        message Book {
          string id = 1 [(google.api.field_behavior) = OUTPUT_ONLY];
          string title = 2 [(google.api.field_behavior) = REQUIRED, (google.api.field_behavior) = IMMUTABLE];
          string secret = 3 [(google.api.field_behavior) = INPUT_ONLY];
        }`,
    })
    const { 'test.v1.Book': answer, 'test.v1.Book-Input': input } = components.schemas
    const title = { type: 'string', description: 'Cannot be changed once it is set.' }
    const secret = { type: 'string', writeOnly: true }
    assert.deepEqual(answer.properties, { id: { type: 'string', readOnly: true }, title, secret })
    assert.deepEqual(answer.required, ['id', 'title'])
    assert.deepEqual([input.properties, input.required], [{ title, secret }, ['title']])
    assert.equal(paths['/v1/books'].post.requestBody.required, true)
  })

  it('end where messages hold themselves', async () => {
    const { components } = await documentOf({
      proto: `service Test { rpc Do(Node) returns (Node); } message Node { repeated Node nodes = 1; map<string, Node> named = 2; }`,
    })
    const $ref = '#/components/schemas/test.v1.Node'
    assert.deepEqual(components.schemas['test.v1.Node'].properties, {
      nodes: { type: 'array', items: { $ref } },
      named: { type: 'object', additionalProperties: { $ref } },
    })
  })
})

describe('policies in the OpenAPI document', () => {
  it('ask for a token, say so, and name what refusals look like', async () => {
    const { paths, components } = await documentOf({
      proto: getting('/v1/books'),
      workspace: [
        'auth:',
        '  staff: { jwt: { issuer: "https://id.example", audience: test, secret: "0123456789abcdef0123456789abcdef" } }',
      ],
      route: ['auth: { provider: staff, optional: true }', 'rateLimit: { limit: 1, window: 1m, by: user }'],
    })
    const { security, responses } = paths['/v1/books'].get
    assert.deepEqual(security, [{}, { staff: [] }])
    assert.deepEqual(Object.keys(responses), ['200', '400', '401', '403', '429', 'default'])
    assert.deepEqual(components.securitySchemes.staff, {
      type: 'http',
      scheme: 'bearer',
      bearerFormat: 'JWT',
      description: 'A token that https://id.example has issued.',
    })
    assert.doesNotMatch(JSON.stringify(components), /0123456789abcdef/)
  })
})

const names = (parameters: readonly { readonly name: string }[]): readonly string[] =>
  parameters.map(({ name }) => name)

const messages = `
message Ask { string name = 1; Book book = 2; }
message Book { string title = 1; int32 pages = 2; }`

const getting = (template: string): string =>
  `service Test { rpc Get(Ask) returns (Book) { option (google.api.http) = {get: "${template}"}; } } ${messages}`
