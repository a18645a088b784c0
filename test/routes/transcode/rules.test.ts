import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { handleUnaryCall } from '@grpc/grpc-js'
import { type Cleanup, startTranscoder } from './support/transcoder.ts'

type Expected = Readonly<Record<string, unknown>> | { readonly refused: string; readonly status?: number }

const requests: readonly (readonly [request: string, expected: Expected, body?: string])[] = [
  // Path
  ['GET /v1/items/1', { id: '1' }],
  ['GET /v1/items/a%20b', { id: 'a b' }],
  ['GET /v1/items/%C3%BC', { id: '\u00fc' }],
  ['GET /v1/items/%ff', { refused: 'id: the path holds bytes here that are not UTF-8.' }],
  ['GET /v1/items/a%2Fb', { refused: 'The path of this request is not well-formed or not safe to pass on.' }],
  ['GET /v1/items/%00', { refused: 'The path of this request is not well-formed or not safe to pass on.' }],
  ['GET /v1/items/..', { refused: 'There is nothing at this address.', status: 404 }],
  ['GET /v1/items/a+b%2Bc', { id: 'a+b+c' }],
  ['GET /v1/items/1:2', { id: '1:2' }],
  ['GET /v1/by-name/shelves/1/books/2', { name: 'shelves/1/books/2' }],
  ['GET /v1/by-name/shelves/%C3%BC/books/a%20b', { name: 'shelves/\u00fc/books/a b' }],
  ['GET /v1/files', {}],
  ['GET /v1/files/a/b/c', { name: 'a/b/c' }],
  ['GET /v1/nested/x/y', { sub: { id: 'x', sub: { name: 'y' } } }],
  ['POST /v1/items/7:archive', { id: '7' }],
  ['POST /v1/items/7:archive', { id: '7' }, '{}'],
  ['GET /v1/typed/-5/COLOUR_RED/true', { count: -5, colour: 'COLOUR_RED', flag: true }],
  ['GET /v1/typed/-5/1/false', { count: -5, colour: 'COLOUR_RED', flag: false }],
  ['GET /v1/typed/1/1/yes', { refused: 'flag: expected true or false, got "yes"' }],
  // Query
  ['GET /v1/items?big=9223372036854775807', { big: '9223372036854775807' }],
  ['GET /v1/items?tags=a&tags=b%26c&tags=', { tags: ['a', 'b&c', ''] }],
  ['GET /v1/items?sub.sub.count=3&sub.id=x', { sub: { sub: { count: 3 }, id: 'x' } }],
  ['GET /v1/items?displayName=a', { displayName: 'a' }],
  ['GET /v1/items?display_name=a', { displayName: 'a' }],
  ['GET /v1/items?display_name=a&displayName=b', { refused: 'The query parameter "displayName" is given twice.' }],
  ['GET /v1/items?id=a&id=b', { refused: 'The query parameter "id" is given twice.' }],
  ['GET /v1/items?colours=COLOUR_RED&colours=2', { colours: ['COLOUR_RED', 'COLOUR_BLUE'] }],
  ['GET /v1/items?data=-_8%3D', { data: '+/8=' }],
  ['GET /v1/items?data=+/8=', { data: '+/8=' }],
  ['GET /v1/items?at=2026-01-02T03:04:05.5Z', { at: '2026-01-02T03:04:05.500Z' }],
  ['GET /v1/items?lasting=1.5s', { lasting: '1.500s' }],
  ['GET /v1/items?mask=display_name,sub.id', { mask: 'displayName,sub.id' }],
  ['GET /v1/items?maybe=0&maybeFlag=false&maybeText=', { maybe: '0', maybeFlag: false, maybeText: '' }],
  ['GET /v1/items?real=NaN', { real: 'NaN' }],
  ['GET /v1/items?id=a+b%2B', { id: 'a b+' }],
  ['GET /v1/items?&&id=a&', { id: 'a' }],
  ['GET /v1/items?nothing=1', { refused: 'There is no query parameter "nothing".' }],
  ['GET /v1/items?sub.nothing=1', { refused: 'There is no query parameter "sub.nothing".' }],
  ['GET /v1/items?__proto__.x=1', { refused: 'There is no query parameter "__proto__.x".' }],
  ['GET /v1/items?sub=1', { refused: 'sub: a query cannot hold this, only fields of it that are values.' }],
  ['GET /v1/items?subs=1', { refused: 'subs: a query cannot hold this, only fields of it that are values.' }],
  ['GET /v1/items?labels=1', { refused: 'labels: a query cannot hold this, only fields of it that are values.' }],
  ['GET /v1/items?labels.a=1', { refused: 'There is no query parameter "labels.a".' }],
  ['GET /v1/items?object=1', { refused: 'object: a query cannot hold this, only fields of it that are values.' }],
  ['GET /v1/items?id=%ff', { refused: 'The query is not well-formed: an escape in it is broken.' }],
  ['GET /v1/items/1?id=2', { refused: 'id: path or body set this, so the query may not.' }],
  [`GET /v1/items?${'sub.'.repeat(40)}id=1`, { refused: `There is no query parameter "${'sub.'.repeat(16)}…".` }],
  // Body
  ['POST /v1/items', { id: 'a', sub: { id: 'b' } }, '{"id": "a", "sub": {"id": "b"}}'],
  ['POST /v1/items', {}],
  ['POST /v1/items?id=1', { refused: 'There is no query parameter "id": the body holds all fields.' }, '{}'],
  [
    'POST /v1/items',
    { refused: 'The JSON cannot be read: line 1, column 8: expected a value, got the end.' },
    '{"id": ',
  ],
  [
    'POST /v1/items',
    { refused: 'The JSON cannot be read: line 1, column 9: the key "id" is there twice.' },
    '{"id":1,"id":2}',
  ],
  ['PUT /v1/items/1', { id: '1', displayName: 'x' }, '{"displayName": "x"}'],
  ['PUT /v1/items/1', { id: '1' }, '{"id": null}'],
  ['PUT /v1/items/1', { refused: 'id: this is part of the path; the body may not set it too.' }, '{"id": "2"}'],
  ['PUT /v1/items/1', { refused: 'id: this is part of the path; the body may not set it too.' }, '{"id": "1"}'],
  ['PUT /v1/items/1', { refused: 'The body should be a JSON object.' }, '[]'],
  ['PATCH /v1/items/1?count=5', { id: '1', count: 5, sub: { id: 's' } }, '{"id": "s"}'],
  ['PATCH /v1/items/1', { id: '1' }],
  ['PATCH /v1/items/1?sub.id=5', { refused: 'sub.id: path or body set this, so the query may not.' }, '{}'],
  ['PATCH /v1/within/7', { sub: { id: '7', count: 1 } }, '{"count": 1}'],
  ['PATCH /v1/within/7', { refused: 'sub.id: this is part of the path; the body may not set it too.' }, '{"id": "8"}'],
  ['PATCH /v1/within/7', { refused: 'sub: expected an object.' }, '5'],
  ['PUT /v1/tags', { tags: ['a', 'b'] }, '["a", "b"]'],
  ['DELETE /v1/items/1', { id: '1' }],
  [
    'DELETE /v1/items/1',
    { refused: 'This address takes no body; its fields are parts of path and query.' },
    '{"a": 1}',
  ],
  // Verbs
  ['SEARCH /v1/items', { id: 'x' }, '{"id": "x"}'],
  ['DELETE /v1/any/1', { id: '1' }],
  ['OPTIONS /v1/any/1', { id: '1' }],
  ['PUT /v1/files/x', { refused: 'This address answers GET, HEAD, OPTIONS.', status: 405 }],
  ['GET /v1/additional/5', { id: '5' }],
  ['GET /v1/items/', { refused: 'There is nothing at this address.', status: 404 }],
  // Without annotations
  ['POST /test.v1.Test/Plain', { id: 'a' }, '{"id": "a"}'],
  ['GET /test.v1.Test/Plain', { refused: 'This address answers OPTIONS, POST.', status: 405 }],
  ['GET /test.v1.Test/Look?id=a', { id: 'a' }],
  ['POST /test.v1.Test/Look', { id: 'a' }, '{"id": "a"}'],
]

/** Each request with the message the service must get, or the status and detail of the refusal. */
describe('a request becomes a message', () => {
  let ask: Ask
  const ends: Cleanup[] = []
  before(async () => {
    ask = await echoGateway((end) => ends.push(end))
  })
  after(() => Promise.all(ends.map((end) => end())))

  for (const [request, expected, body] of requests)
    it(`${request}${body === undefined ? '' : ` ${body.slice(0, 60)}`}`, async () => {
      const { status, json } = await ask(request, body)
      if ('refused' in expected) {
        const { detail } = json as { readonly detail: string }
        assert.deepEqual({ status, refused: detail }, { status: expected.status ?? 400, refused: expected.refused })
      } else assert.deepEqual({ status, json }, { status: 200, json: expected })
    })

  it('sets no prototype by a query or body', async () => {
    await ask('GET /v1/items?__proto__.polluted=1')
    await ask('GET /v1/items?constructor.prototype.polluted=1')
    await ask('POST /v1/items', '{"__proto__": {"polluted": true}}')
    assert.equal(({} as { polluted?: unknown }).polluted, undefined)
  })
})

type Ask = (request: string, body?: string) => Promise<{ readonly status: number; readonly json: unknown }>

const echoGateway = async (atEnd: (end: Cleanup) => void): Promise<Ask> => {
  const echo: handleUnaryCall<object, object> = (call, done) => done(null, call.request)
  const { url } = await startTranscoder(
    { after: atEnd },
    {
      route: ['json: { defaults: omit }'],
      handlers: Object.fromEntries(
        [...proto.matchAll(/rpc (\w+)/g)].map(([, name = '']): [string, handleUnaryCall<object, object>] => [
          name,
          echo,
        ]),
      ),
      proto,
    },
  )
  return async (request, body) => {
    const [method = '', path = ''] = request.split(' ')
    const headers = body === undefined ? {} : { 'content-type': 'application/json' }
    const reply = await fetch(url + path, { method, headers, ...(body === undefined ? {} : { body }) })
    return { status: reply.status, json: await reply.json() }
  }
}

const proto = `
service Test {
  rpc Get(Item) returns (Item) { option (google.api.http) = {
    get: "/v1/items/{id}"
    additional_bindings { get: "/v1/additional/{id}" }
  }; }
  rpc List(Item) returns (Item) { option (google.api.http) = { get: "/v1/items" }; }
  rpc ByName(Item) returns (Item) { option (google.api.http) = { get: "/v1/by-name/{name=shelves/*/books/*}" }; }
  rpc Files(Item) returns (Item) { option (google.api.http) = { get: "/v1/files/{name=**}" }; }
  rpc Nested(Item) returns (Item) { option (google.api.http) = { get: "/v1/nested/{sub.id}/{sub.sub.name}" }; }
  rpc Typed(Item) returns (Item) { option (google.api.http) = { get: "/v1/typed/{count}/{colour}/{flag}" }; }
  rpc Archive(Item) returns (Item) { option (google.api.http) = { post: "/v1/items/{id}:archive" }; }
  rpc Create(Item) returns (Item) { option (google.api.http) = { post: "/v1/items" body: "*" }; }
  rpc Replace(Item) returns (Item) { option (google.api.http) = { put: "/v1/items/{id}" body: "*" }; }
  rpc Update(Item) returns (Item) { option (google.api.http) = { patch: "/v1/items/{id}" body: "sub" }; }
  rpc Within(Item) returns (Item) { option (google.api.http) = { patch: "/v1/within/{sub.id}" body: "sub" }; }
  rpc Tags(Item) returns (Item) { option (google.api.http) = { put: "/v1/tags" body: "tags" }; }
  rpc Delete(Item) returns (Item) { option (google.api.http) = { delete: "/v1/items/{id}" }; }
  rpc Search(Item) returns (Item) { option (google.api.http) = { custom { kind: "SEARCH" path: "/v1/items" } body: "*" }; }
  rpc Any(Item) returns (Item) { option (google.api.http) = { custom { kind: "*" path: "/v1/any/{id}" } }; }
  rpc Plain(Item) returns (Item);
  rpc Look(Item) returns (Item) { option idempotency_level = NO_SIDE_EFFECTS; }
}
enum Colour { COLOUR_UNSPECIFIED = 0; COLOUR_RED = 1; COLOUR_BLUE = 2; }
message Item {
  string id = 1;
  string name = 2;
  string display_name = 3;
  int32 count = 4;
  int64 big = 5;
  double real = 6;
  optional bool flag = 7;
  bytes data = 8;
  Colour colour = 9;
  repeated string tags = 10;
  repeated Colour colours = 11;
  map<string, string> labels = 12;
  Item sub = 13;
  repeated Item subs = 14;
  google.protobuf.Timestamp at = 15;
  google.protobuf.Duration lasting = 16;
  google.protobuf.FieldMask mask = 17;
  google.protobuf.Int64Value maybe = 18;
  google.protobuf.BoolValue maybe_flag = 19;
  google.protobuf.StringValue maybe_text = 20;
  google.protobuf.Struct object = 21;
}
`
