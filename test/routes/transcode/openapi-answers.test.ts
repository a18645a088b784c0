import assert from 'node:assert/strict'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import type { ServerWritableStream } from '@grpc/grpc-js'
import { startShop } from '../../../examples/shop/start.ts'
import { layWorkspace, startGateway } from '../../support/gateway.ts'
import { type Document, documentIn, documentOf, validatorOf } from './support/openapi.ts'
import { startTranscoder } from './support/transcoder.ts'

/** What a real server answers, as the gateway transcodes it, is what the document says. */
describe('answers are as the OpenAPI document says', () => {
  for (const [title, value] of [
    ['every field set', 'full'],
    ['no field set', 'empty'],
  ] as const)
    for (const route of [[], ['json: { names: proto, defaults: omit, enums: number }']])
      it(`for every kind of field, ${title}${route.length === 0 ? '' : ', in another style'}`, async (t) => {
        const { url } = await startTranscoder(t, {
          proto: everyKind,
          route,
          handlers: {
            Get: (_call: unknown, done: (error: null, value: object) => void) => done(null, messages[value]),
          },
        })
        const answer: unknown = await (await fetch(`${url}/v1/kinds`)).json()
        const document = await documentOf({ proto: everyKind, route })
        assertFits(document, { path: '/v1/kinds', type: 'application/json' }, answer)
        const schema = document.components.schemas['test.v1.Kinds']
        const known = Object.keys(schema.properties)
        assert.deepEqual(
          Object.keys(answer as object).filter((name) => !known.includes(name)),
          [],
        )
        if (value === 'full')
          assert.deepEqual(
            known.filter((name) => !Object.hasOwn(answer as object, name)),
            ['b'],
          )
      })

  it('for each line of a stream', async (t) => {
    const proto = `service Test { rpc Watch(Ask) returns (stream Tick) { option (google.api.http) = {get: "/v1/ticks"}; } }
      message Ask {} message Tick { int64 at = 1; }`
    const { url } = await startTranscoder(t, {
      proto,
      handlers: {
        Watch(call: ServerWritableStream<object, object>) {
          for (const at of ['1', '9007199254740993']) call.write({ at })
          call.end()
        },
      },
    })
    const lines = (await (await fetch(`${url}/v1/ticks`)).text()).trim().split('\n')
    const document = await documentOf({ proto })
    assert.equal(lines.length, 2)
    for (const line of lines)
      assertFits(document, { path: '/v1/ticks', type: 'application/x-ndjson' }, JSON.parse(line))
  })

  it('for problems', async (t) => {
    const { url } = await startTranscoder(t, { proto: everyKind, handlers: {} })
    const document = await documentOf({ proto: everyKind })
    const validate = validatorOf(document)('#/components/schemas/problem-details')
    for (const path of ['/v1/kinds', '/v1/kinds?nothing=1', '/v1/nowhere']) {
      const problem: unknown = await (await fetch(url + path)).json()
      assert.ok(validate(problem), JSON.stringify([path, problem, validate.errors]))
    }
  })

  it('for the products of the shop', async (t) => {
    const shop = await startShop({ reviewIntervalMs: 0 })
    t.after(() => shop.close())
    const workspace = await layWorkspace({
      'portico.yaml':
        'listen: 127.0.0.1:0\nservices:\n  catalog:\n    grpc: ${CATALOG_ADDRESS}\n    proto: shop/catalog/v1/catalog.proto\n    identity: none\nroutes:\n  - path: /api/*\n    transcode: catalog\n',
    })
    t.after(() => workspace.remove())
    await cp('protos', join(workspace.dir, 'protos'), { recursive: true })
    const gateway = await startGateway(workspace.dir, { env: shop.env })
    t.after(() => gateway.close())
    const document = await documentIn(workspace.dir, { env: shop.env })
    for (const [path, at] of [
      ['/api/v1/products/p-1', '/v1/products/{id}'],
      ['/api/v1/products:search?query=oak', '/v1/products:search'],
      ['/api/v1/products:batchGet?ids=p-1&ids=p-2&ids=none', '/v1/products:batchGet'],
    ] as const) {
      const reply = await fetch(gateway.url + path)
      assert.equal(reply.status, 200, path)
      assertFits(document, { path: at, type: 'application/json' }, await reply.json())
    }
  })
})

describe('requests may be what the OpenAPI document says', () => {
  it('in the query, by every parameter that it lists', async (t) => {
    const proto = asking('get: "/v1/kinds"')
    const { url } = await startTranscoder(t, { proto, handlers: echo })
    const document = await documentOf({ proto })
    const parameters: readonly Document[] = document.paths['/v1/kinds'].get.parameters
    assert.ok(parameters.length >= 20)
    for (const { name, schema } of parameters) {
      const query = new URLSearchParams([[name, sampleOf(document, schema)]]).toString()
      const reply = await fetch(`${url}/v1/kinds?${query}`)
      assert.equal(reply.status, 200, `${query}: ${await reply.text()}`)
    }
  })

  it('in the body, which comes back as it was sent', async (t) => {
    const proto = asking('post: "/v1/kinds" body: "*"')
    const { url } = await startTranscoder(t, { proto, handlers: { Get: givingAll } })
    const document = await documentOf({ proto })
    const body: unknown = await (await postJson(`${url}/v1/kinds`, {})).json()
    const validate = validatorOf(document)('#/components/schemas/test.v1.Kinds-Input')
    assert.ok(validate(body), JSON.stringify(validate.errors))
    assert.equal((await postJson(`${url}/v1/kinds`, body)).status, 200)
    const unknown = { ...(body as object), nothing: 1 }
    assert.ok(!validate(unknown))
    assert.equal((await postJson(`${url}/v1/kinds`, unknown)).status, 400)
  })
})

type Unary = (call: { readonly request: object }, done: (error: null, value: object) => void) => void

const givingAll: Unary = (_call, done) => done(null, messages.full)
const echo: { readonly Get: Unary } = { Get: ({ request }, done) => done(null, request) }

const postJson = (url: string, body: unknown): Promise<Response> =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })

/** One value as a query has it. */
const sampleOf = (document: Document, schema: Document): string => {
  if (schema.$ref !== undefined) return sampleOf(document, document.components.schemas[schema.$ref.split('/').at(-1)])
  if (schema.type === 'array') return sampleOf(document, schema.items)
  if (schema.enum !== undefined) return schema.enum.at(-1)
  if (schema.examples !== undefined) return schema.examples[0]
  if (schema.format === 'date-time') return '2020-01-01T00:00:00Z'
  if (schema.contentEncoding === 'base64') return 'AA=='
  return (
    { string: 'text', boolean: 'true', integer: '1', number: '1.5' }[schema.type as string] ?? assert.fail(schema.type)
  )
}

const assertFits = (document: Document, { path, type }: { path: string; type: string }, answer: unknown): void => {
  const place = [path, 'get', 'responses', '200', 'content', type, 'schema']
  const pointer = place.map((key) => encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')
  const validate = validatorOf(document)(`#/paths/${pointer}`)
  assert.ok(validate(answer), JSON.stringify([answer, validate.errors], null, 2))
}

const kinds = `
message Kinds {
  double a_double = 1; float a_float = 2; int32 an_int32 = 3; int64 an_int64 = 4; uint32 a_uint32 = 5;
  uint64 a_uint64 = 6; sint32 a_sint32 = 7; sint64 a_sint64 = 8; fixed32 a_fixed32 = 9; fixed64 a_fixed64 = 10;
  sfixed32 a_sfixed32 = 11; sfixed64 a_sfixed64 = 12; bool a_bool = 13; string a_string = 14; bytes a_bytes = 15;
  Color color = 16; Inner inner = 17; repeated int64 numbers = 18; repeated Inner inners = 19;
  map<string, int64> by_name = 20; map<int32, Inner> by_number = 21; map<bool, Color> by_truth = 22;
  optional int32 maybe = 23; oneof choice { string a = 24; Inner b = 25; }
  google.protobuf.Timestamp timestamp = 26; google.protobuf.Duration duration = 27;
  google.protobuf.FieldMask mask = 28; google.protobuf.Struct struct = 29; google.protobuf.Value value = 30;
  google.protobuf.ListValue list = 31; google.protobuf.Int64Value wrapped = 32;
  google.protobuf.StringValue wrapped_text = 33; google.protobuf.Empty nothing = 34; Kinds again = 35;
}
message Inner { string name = 1; }
enum Color { COLOR_UNSPECIFIED = 0; COLOR_RED = 1; }
`

const everyKind = `service Test { rpc Get(Ask) returns (Kinds) { option (google.api.http) = {get: "/v1/kinds"}; } }
message Ask {} ${kinds}`

const asking = (rule: string): string =>
  `service Test { rpc Get(Kinds) returns (Kinds) { option (google.api.http) = {${rule}}; } } ${kinds}`

const messages = {
  empty: {},
  full: {
    aDouble: -1.5,
    aFloat: 0.1,
    anInt32: -2147483648,
    anInt64: '-9223372036854775808',
    aUint32: 4294967295,
    aUint64: '18446744073709551615',
    aSint32: -1,
    aSint64: '-1',
    aFixed32: 1,
    aFixed64: '1',
    aSfixed32: -1,
    aSfixed64: '-1',
    aBool: true,
    aString: 'text',
    aBytes: Buffer.from([0, 255]),
    color: 1,
    inner: { name: 'n' },
    numbers: ['1', '9007199254740993'],
    inners: [{ name: 'n' }, {}],
    byName: { a: '1' },
    byNumber: { 7: { name: 'n' } },
    byTruth: { true: 1 },
    maybe: 0,
    a: 'chosen',
    timestamp: { seconds: 1, nanos: 5_000_000 },
    duration: { seconds: '1', nanos: 500_000_000 },
    mask: { paths: ['a_b', 'c.d'] },
    struct: { fields: { key: { numberValue: 1 } } },
    value: { stringValue: 'any' },
    list: { values: [{ boolValue: true }, { nullValue: 0 }] },
    wrapped: { value: '5' },
    wrappedText: { value: 't' },
    nothing: {},
    again: { aString: 'inside' },
  },
} as const
