import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import protobuf, { type Root } from 'protobufjs'
import { compareDefinitions } from '../../../../src/services/grpc/protos/compare.ts'

describe('compareDefinitions', () => {
  it('finds nothing between equal definitions', () => assert.deepEqual(compared(ground, ground), []))

  const cases: readonly (readonly [title: string, from: string | RegExp, to: string, found: readonly string[]])[] = [
    [
      'a method that is gone',
      /rpc Drop.*/,
      '',
      ['! shop.Shop/Drop: This method is gone.', '! shop.Dropped: This message is gone, and was in use.'],
    ],
    [
      'a method that is new',
      'rpc Drop',
      'rpc More(Get) returns (Book);\nrpc Drop',
      ['+ shop.Shop/More: This method is new.'],
    ],
    ['another request message', 'Buy(Get)', 'Buy(Book)', ['! shop.Shop/Buy: It takes another message.']],
    [
      'another answer',
      'Buy(Get) returns (Book)',
      'Buy(Get) returns (Get)',
      ['! shop.Shop/Buy: It answers with another message.'],
    ],
    [
      'an answer that became a stream',
      'Buy(Get) returns (Book)',
      'Buy(Get) returns (stream Book)',
      ['! shop.Shop/Buy: It streams otherwise.'],
    ],
    ['requests that became a stream', 'Buy(Get)', 'Buy(stream Get)', ['! shop.Shop/Buy: It streams otherwise.']],
    ['another path', '/v1/books/{id}', '/v2/books/{id}', ['! shop.Shop/Read: It is reached by another verb or path.']],
    [
      'another verb',
      'get: "/v1/books/{id}"',
      'delete: "/v1/books/{id}"',
      [
        '! shop.Shop/Read: GraphQL showed it as a query, and now as a mutation: it is reached by DELETE.',
        '! shop.Shop/Read: It is reached by another verb or path.',
      ],
    ],
    ['a binding that is gone', /additional_bindings \{.*?\}/, '', ['! shop.Shop/Read: This HTTP binding is gone.']],
    [
      'a binding that is new',
      'additional_bindings {',
      'additional_bindings { get: "/n" } additional_bindings {',
      ['+ shop.Shop/Read: This HTTP binding is new.'],
    ],
    ['another body', 'body: "*"', 'body: "id"', ['! shop.Shop/Read: Its HTTP binding has another body.']],
    [
      'another answer body',
      'response_body: "title"',
      'response_body: "id"',
      ['! shop.Shop/Read: Its HTTP binding has another body.'],
    ],
    [
      'a first annotation, which takes the path without one away',
      'rpc Buy(Get) returns (Book);',
      'rpc Buy(Get) returns (Book) { option (google.api.http) = {post: "/v1/buy"}; }',
      ['! shop.Shop/Buy: It is reached by another verb or path.'],
    ],
    ['a field that is gone', 'string title = 2;', '', ['! shop.Book.title: This field is gone.']],
    [
      'a field that is new',
      'string title = 2;',
      'string title = 2; string isbn = 90;',
      ['+ shop.Book.isbn: This field is new.'],
    ],
    [
      'a field of requests that is new and needed',
      'message Get {',
      'message Get { string key = 9 [(google.api.field_behavior) = REQUIRED];',
      ['! shop.Get.key: This field is new, and requests must have it.'],
    ],
    [
      'a field of requests that is needed now',
      'string id = 1; // get',
      'string id = 1 [(google.api.field_behavior) = REQUIRED];',
      ['! shop.Get.id: It has to be in requests, which it had not.'],
    ],
    ['another number', 'string title = 2', 'string title = 20', ['! shop.Book.title: It has another number.']],
    [
      'another name',
      'string title = 2',
      'string name = 2',
      ['! shop.Book.title: It is called name now; JSON and GraphQL go by names.'],
    ],
    ['another type', 'int64 loans', 'int32 loans', ['! shop.Book.loans: It has another type (int64 → int32).']],
    [
      'another message as type',
      'Money price',
      'Other price',
      ['! shop.Book.price: It has another type (shop.Money → shop.Other).'],
    ],
    ['another label', 'string title = 2', 'repeated string title = 2', ['! shop.Book.title: It has another label.']],
    ['another presence', 'int64 loans', 'optional int64 loans', ['! shop.Book.loans: It has another presence.']],
    [
      'another oneof',
      'oneof format { string paper = 5; }',
      'string paper = 5;',
      ['! shop.Book.paper: It has another place among oneofs.'],
    ],
    [
      'another map',
      'map<string, int32> stock',
      'map<string, int64> stock',
      ['! shop.Book.stock: It has another type (map<string, int32> → map<string, int64>).'],
    ],
    [
      'another JSON name',
      'string title = 2',
      'string title = 2 [json_name = "name"]',
      ['! shop.Book.title: It has another JSON name (title → name).'],
    ],
    [
      'several differences of one field at once',
      'int64 loans = 3',
      'string loans = 30',
      ['! shop.Book.loans: It has another type (int64 → string) and another number.'],
    ],
    ['an enum value that is gone', 'NOVEL = 1;', '', ['! shop.Genre.NOVEL: This value is gone.']],
    ['an enum value that is new', 'NOVEL = 1;', 'NOVEL = 1; POEM = 2;', ['+ shop.Genre.POEM: This value is new.']],
    ['an enum value with another number', 'NOVEL = 1', 'NOVEL = 7', ['! shop.Genre.NOVEL: It has another number.']],
    [
      'an enum value with another name',
      'NOVEL = 1',
      'FICTION = 1',
      ['! shop.Genre.NOVEL: It is called FICTION now; JSON and GraphQL go by names.'],
    ],
    [
      'another package',
      'package shop;',
      'package shop.v2;',
      ['! shop.Shop: Its package is now shop.v2: every path, method and type of it has another name.'],
    ],
    ['no change of what no method reaches', 'message Apart { string a = 1; }', 'message Apart { int32 b = 2; }', []],
    [
      'no change of comments and order',
      'string title = 2; int64 loans = 3;',
      '/* more */ int64 loans = 3; string title = 2;',
      [],
    ],
  ]
  for (const [title, from, to, found] of cases)
    it(`tells ${title}`, () => {
      const changed = ground.replace(from, to)
      assert.notEqual(changed, ground)
      assert.deepEqual(compared(ground, changed), found)
    })

  it('says what was and what is', () => {
    const [change] = compareDefinitions(root(ground), root(ground.replace('int64 loans = 3', 'int32 loans = 3')))
    assert.equal(change?.was?.text, 'int64 loans = 3')
    assert.equal(change?.now?.text, 'int32 loans = 3')
  })

  it('finds nothing to break in additions, whatever is added', () =>
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 100, max: 18_000 }), { maxLength: 8 }),
        fc.boolean(),
        (ids, values) => {
          const more = ids.map((id) => (values ? `VALUE_${id} = ${id};` : `string more_${id} = ${id};`)).join(' ')
          const after = ground.replace(values ? 'NOVEL = 1;' : 'string title = 2;', (kept) => `${kept} ${more}`)
          const changes = compareDefinitions(root(ground), root(after))
          assert.deepEqual(
            changes.map(({ breaking }) => breaking),
            ids.map(() => false),
          )
          // The other way round each of them is gone.
          const back = compareDefinitions(root(after), root(ground))
          assert.deepEqual(
            back.map(({ breaking }) => breaking),
            ids.map(() => true),
          )
        },
      ),
      { numRuns: 30 },
    ))
})

const ground = `
syntax = "proto3";
package shop;
service Shop {
  rpc Read(Get) returns (Book) { option (google.api.http) = {get: "/v1/books/{id}" additional_bindings { post: "/v1/read" body: "*" response_body: "title" }}; }
  rpc Buy(Get) returns (Book);
  rpc Drop(Get) returns (Dropped);
}
message Get {
  string id = 1; // get
}
message Book { string id = 1; string title = 2; int64 loans = 3; Genre genre = 4; oneof format { string paper = 5; } map<string, int32> stock = 6; Money price = 7; Other other = 8; Money paid = 9; }
message Money { int64 units = 1; }
message Other { int64 units = 1; }
message Dropped { Book book = 1; }
message Apart { string a = 1; }
enum Genre { NONE = 0; NOVEL = 1; }
`

/** As protobufjs alone makes it: a message that goes with its method goes from the text too. */
const root = (text: string): Root => {
  const gone = text.includes('rpc Drop') ? text : text.replace('message Dropped { Book book = 1; }', '')
  const made = new protobuf.Root()
  protobuf.parse(gone, made, { keepCase: false })
  made.resolveAll()
  return made
}

const compared = (before: string, after: string): readonly string[] =>
  compareDefinitions(root(before), root(after)).map(
    ({ breaking, coordinate, message }) => `${breaking ? '!' : '+'} ${coordinate}: ${message}`,
  )
