import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bytesOf, codecOf, jsonOf, rootOf, thereAndBack, varint } from './protos.ts'

describe('well-known types in JSON', () => {
  for (const { field, given, answered } of [
    { field: 'at', given: '0001-01-01T00:00:00Z' },
    { field: 'at', given: '9999-12-31T23:59:59.999999999Z' },
    { field: 'at', given: '1970-01-01T00:00:00.000Z', answered: '1970-01-01T00:00:00Z' },
    { field: 'at', given: '1969-12-31T23:59:59.999999999Z' },
    { field: 'at', given: '1969-12-31T23:59:49.5Z', answered: '1969-12-31T23:59:49.500Z' },
    { field: 'at', given: '2024-02-29T12:00:00.00001Z', answered: '2024-02-29T12:00:00.000010Z' },
    { field: 'at', given: '1970-01-01T00:00:00.00000001Z', answered: '1970-01-01T00:00:00.000000010Z' },
    { field: 'at', given: '1970-01-01T08:00:01+08:00', answered: '1970-01-01T00:00:01Z' },
    { field: 'at', given: '1969-12-31T16:00:01-08:00', answered: '1970-01-01T00:00:01Z' },
    { field: 'at', given: '1970-01-01T00:00:00-11:30', answered: '1970-01-01T11:30:00Z' },
    { field: 'at', given: '0001-01-01T00:00:00-00:01', answered: '0001-01-01T00:01:00Z' },
    { field: 'at', given: '9999-12-31T23:59:59+00:01', answered: '9999-12-31T23:58:59Z' },
    { field: 'at', given: '0099-03-01T00:00:00Z' },
    { field: 'lasting', given: '-315576000000.999999999s' },
    { field: 'lasting', given: '315576000000.999999999s' },
    { field: 'lasting', given: '0s' },
    { field: 'lasting', given: '-0s', answered: '0s' },
    { field: 'lasting', given: '-0.5s', answered: '-0.500s' },
    { field: 'lasting', given: '1.000010000s', answered: '1.000010s' },
    { field: 'lasting', given: '1.00000001s', answered: '1.000000010s' },
    { field: 'mask', given: '' },
    { field: 'mask', given: 'foo,barBaz.fooBar,*' },
  ])
    it(`take ${field} ${JSON.stringify(given)}, and answer ${JSON.stringify(answered ?? given)}`, () => {
      assert.deepEqual(known.decode(known.encode({ [field]: given })), { [field]: answered ?? given })
      assert.equal(
        thereAndBack(known, JSON.stringify({ [`${field}s`]: [given] })),
        JSON.stringify({ [`${field}s`]: [answered ?? given] }),
      )
    })

  for (const { field, texts } of [
    {
      field: 'at',
      texts: [
        '0000-01-01T00:00:00Z',
        '10000-01-01T00:00:00Z',
        '0001-01-01T00:00:00',
        '0001-01-01 00:00:00Z',
        '0001-01-01T00:00:00z',
        '0001-01-01t00:00:00Z',
        '1970-01-01T08:00:01+0800',
        '1970-13-01T00:00:00Z',
        '1970-00-01T00:00:00Z',
        '1970-01-32T00:00:00Z',
        '1970-01-00T00:00:00Z',
        '2001-02-29T00:00:00Z',
        '1970-01-01T24:00:00Z',
        '1970-01-01T00:60:00Z',
        '1970-01-01T00:00:60Z',
        '1970-01-01T00:00:00+24:00',
        '1970-01-01T00:00:00+00:60',
        '0001-01-01T00:00:00+00:01',
        '9999-12-31T23:59:59-00:01',
        '1970-01-01T00:00:00.1234567890Z',
        '1970-01-01T00:00:00.Z',
        '1970-01-01T00:00:00.123aZ',
        '999-01-01T00:00:00Z',
        '1970-1-01T00:00:00Z',
        '1970-01-1T00:00:00Z',
        '',
        5,
      ],
    },
    {
      field: 'lasting',
      texts: [
        '1',
        '1.5',
        's',
        '-s',
        '1.s',
        '.5s',
        '+1s',
        ' 1s',
        '1 s',
        '1e3s',
        '1.0000000001s',
        '315576000001s',
        '-315576000001s',
        3,
      ],
    },
    { field: 'mask', texts: ['foo,bar_bar', ',', 'a,,b', 'a,', 7, ['a']] },
    { field: 'int64', texts: ['x', '9223372036854775808', {}] },
    { field: 'bytes', texts: ['ä', 5] },
    { field: 'struct', texts: ['x', [1], 5] },
    { field: 'values', texts: [{}, 5] },
    { field: 'empty', texts: [{ a: 1 }, []] },
  ])
    for (const value of texts)
      it(`refuse ${JSON.stringify(value)} as ${field}`, () => {
        assert.throws(() => known.encode({ [field]: value }), {
          code: 'INVALID_ARGUMENT',
          message: new RegExp(`^${field}\\b.*: (?:expected|unknown)|^${field}: `),
        })
      })

  it('say what a time looks like', () => {
    assert.throws(() => known.encode({ at: 'now' }), {
      message: 'at: expected a time such as "2024-02-29T23:59:59.5Z" in the years 1 to 9999, got "now"',
    })
    assert.throws(() => known.encode({ lasting: '1' }), {
      message: 'lasting: expected seconds such as "3.5s", within 10,000 years, got "1"',
    })
  })

  for (const { title, hex } of [
    { title: 'a time before the year 1', hex: time({ field: 1, seconds: -62_135_596_801n, nanos: 0n }) },
    { title: 'a time past the year 9999', hex: time({ field: 1, seconds: 253_402_300_800n, nanos: 0n }) },
    { title: 'negative billionths of a time', hex: time({ field: 1, seconds: 5_000n, nanos: -1n }) },
    { title: 'a billion billionths of a time', hex: time({ field: 1, seconds: 5_000n, nanos: 1_000_000_000n }) },
    { title: 'a duration past its range', hex: time({ field: 2, seconds: 315_576_000_001n, nanos: 0n }) },
    { title: 'a duration before its range', hex: time({ field: 2, seconds: -315_576_000_001n, nanos: 0n }) },
    { title: 'a duration of two signs', hex: time({ field: 2, seconds: 1n, nanos: -1n }) },
    { title: 'a duration of two other signs', hex: time({ field: 2, seconds: -1n, nanos: 1n }) },
    { title: 'a billion billionths of a duration', hex: time({ field: 2, seconds: 0n, nanos: 1_000_000_000n }) },
    { title: 'a mask of what has no JSON', hex: '1a 08 0a06 666f6f426172' },
    { title: 'a mask with a digit behind its underscore', hex: '1a 0b 0a09 666f6f5f335f626172' },
    { title: 'a mask with two underscores', hex: '1a 0a 0a08 666f6f5f5f626172' },
    { title: 'a value that is not a number', hex: '42 09 11 000000000000f87f' },
    { title: 'an infinite value', hex: '42 09 11 000000000000f07f' },
  ])
    it(`cannot answer ${title}`, () => {
      const bytes = bytesOf(hex)
      assert.throws(() => known.decode(bytes), { code: 'UNAVAILABLE', status: 502 })
      assert.throws(() => known.decodeText(bytes), { code: 'UNAVAILABLE', status: 502 })
    })

  for (const text of [
    '{"double":1.5,"float":0.1,"int64":"-1","uint64":"1","int32":1,"uint32":2,"bool":true,"string":"x","bytes":"AQI="}',
    '{"double":0,"float":0,"int64":"0","uint64":"0","int32":0,"uint32":0,"bool":false,"string":"","bytes":""}',
    '{"double":"NaN"}',
    '{"int64s":["0","1"],"strings":["","a"]}',
    '{"struct":{}}',
    '{"struct":{"nullValue":null,"number":1234.5,"text":"häß","flag":true,"list":[1,"5678",[],{}],"object":{"value":0}}}',
    '{"struct":{"__proto__":{"x":1}}}',
    '{"value":null}',
    '{"value":1}',
    '{"value":"x"}',
    '{"value":false}',
    '{"value":[0,"hello",null,[[]]]}',
    '{"value":{"a":{"b":[{}]}}}',
    '{"values":[]}',
    '{"values":[null,1,"2"]}',
    '{"valueList":[["a"],null,{}]}',
    '{"valueByName":{"a":null,"b":{}}}',
    '{"empty":{}}',
    '{"nothingList":[null,null]}',
  ])
    it(`bring ${text.slice(0, 60)} through as it is`, () => {
      assert.equal(thereAndBack(known, text), text)
      assert.equal(JSON.stringify(known.decode(known.encode(jsonOf(text)))), text)
    })

  it('take numbers of any digits as the double that a value is', () => {
    assert.equal(
      thereAndBack(known, '{"value":[9007199254740993,1.50,-0.0,1e3]}'),
      '{"value":[9007199254740992,1.5,-0,1000]}',
    )
    assert.throws(() => known.encode(jsonOf('{"struct":{"a":[1e400]}}')), {
      message: /^struct\["a"\]\[0\]: expected a number/,
    })
  })

  it('leave wrappers and the rest absent where they are null', () => {
    const nulls = [
      'at',
      'lasting',
      'mask',
      'struct',
      'values',
      'double',
      'int64',
      'bool',
      'string',
      'bytes',
      'any',
      'empty',
      'ats',
      'valueList',
    ]
    assert.equal(known.encode(Object.fromEntries(nulls.map((name) => [name, null]))).length, 0)
  })

  it('nest values as deep as messages may be, and no deeper', () => {
    const list = (times: number) => `{"value":${'['.repeat(times)}1${']'.repeat(times)}}`
    assert.equal(thereAndBack(known, list(49)), list(49))
    assert.throws(() => known.encode(JSON.parse(list(200))), { message: /nested more than 100 messages deep$/ })
    assert.throws(() => known.encode(JSON.parse(`{"struct":${'{"n":'.repeat(200)}1${'}'.repeat(200)}}`)), {
      message: /nested more than/,
    })
  })

  it('are messages at the top like any others', () => {
    for (const [name, text] of [
      ['google.protobuf.Timestamp', '"1970-01-01T00:00:00Z"'],
      ['google.protobuf.Value', '[1]'],
      ['google.protobuf.Struct', '{"a":1}'],
      ['google.protobuf.Int64Value', '"5"'],
      ['google.protobuf.Empty', '{}'],
      ['google.protobuf.FieldMask', '"a"'],
    ] as const)
      assert.equal(thereAndBack(codecOf(root, {}, name), text), text)
  })
})

describe('google.protobuf.Any in JSON', () => {
  for (const text of [
    '{"any":{}}',
    '{"any":{"@type":"type.googleapis.com/M","string":"x"}}',
    '{"any":{"@type":"example.org/any/prefix/M"}}',
    '{"any":{"@type":"type.googleapis.com/google.protobuf.Int32Value","value":12345}}',
    '{"any":{"@type":"type.googleapis.com/google.protobuf.Duration","value":"1.500s"}}',
    '{"any":{"@type":"type.googleapis.com/google.protobuf.Timestamp","value":"1970-01-01T00:00:00Z"}}',
    '{"any":{"@type":"type.googleapis.com/google.protobuf.FieldMask","value":"foo,barBaz"}}',
    '{"any":{"@type":"type.googleapis.com/google.protobuf.Struct","value":{"foo":1}}}',
    '{"any":{"@type":"type.googleapis.com/google.protobuf.Value","value":null}}',
    '{"any":{"@type":"type.googleapis.com/google.protobuf.Any","value":{"@type":"type.googleapis.com/M","string":"x"}}}',
    '{"any":{"@type":"type.googleapis.com/google.protobuf.Empty"}}',
    '{"any":{"@type":"type.googleapis.com/M","any":{"@type":"type.googleapis.com/M","any":{}}}}',
  ])
    it(`comes through as ${text.slice(8, -1)}`, () => {
      assert.equal(thereAndBack(known, text), text)
      assert.equal(JSON.stringify(known.decode(known.encode(jsonOf(text)))), text)
    })

  it('may name its type anywhere', () => {
    assert.equal(thereAndBack(known, '{"any":{"string":"x","@type":"a/M"}}'), '{"any":{"@type":"a/M","string":"x"}}')
  })

  for (const { any, says } of [
    { any: { '@type': 'a/N' }, says: /^any\.@type: expected the name of a known type .*, got "a\/N"$/ },
    { any: { '@type': 'M', value: '' }, says: /^any\.@type: / },
    { any: { '@type': '' }, says: /^any\.@type: / },
    { any: { '@type': 'a/' }, says: /^any\.@type: / },
    { any: { '@type': 5 }, says: /^any\.@type: .*, got 5$/ },
    { any: { '@type': 'a/google.protobuf' }, says: /^any\.@type: / },
    { any: { '@type': 'a/google.protobuf.NullValue' }, says: /^any\.@type: / },
    { any: { '@type': 'a/__proto__' }, says: /^any\.@type: / },
    { any: { string: 'x' }, says: /^any\.@type: .*, got null$/ },
    { any: { '@type': 'a/M', inner: 1 }, says: /^any\.inner: unknown field$/ },
    { any: { '@type': 'a/M', at: 1 }, says: /^any\.at: expected a time/ },
    { any: { '@type': 'a/google.protobuf.Int32Value' }, says: /^any\.value: required, and not given$/ },
    { any: { '@type': 'a/google.protobuf.Int32Value', value: 'x' }, says: /^any\.value: expected an int32/ },
    { any: { '@type': 'a/google.protobuf.Int32Value', value: 1, more: 1 }, says: /^any\.more: unknown field$/ },
    { any: 'x', says: /^any: expected an object with an "@type", got "x"$/ },
  ])
    it(`refuses ${JSON.stringify(any)}`, () => {
      assert.throws(() => known.encode({ any }), { code: 'INVALID_ARGUMENT', message: says })
    })

  it('of a type that is not defined is an answer that cannot be read, and the log says which', () => {
    const bytes = Buffer.concat([bytesOf('6a 07 0a 05'), Buffer.from('a/x.Y')])
    const isTyped = (thrown: unknown): boolean => {
      const { code, status, message, cause } = thrown as Error & { readonly code: string; readonly status: number }
      assert.deepEqual([code, status], ['UNAVAILABLE', 502])
      assert.ok(!message.includes('x.Y'))
      return (cause as Error).message.includes('a/x.Y')
    }
    assert.throws(() => known.decode(bytes), isTyped)
    assert.throws(() => known.decodeText(bytes), isTyped)
  })

  it('with content and no type is one too', () => {
    assert.throws(() => known.decode(bytesOf('6a 03 1201 00')), { code: 'UNAVAILABLE' })
  })
})

const root = rootOf(`
  syntax = "proto3";
  import "google/protobuf/any.proto";
  import "google/protobuf/duration.proto";
  import "google/protobuf/empty.proto";
  import "google/protobuf/field_mask.proto";
  import "google/protobuf/struct.proto";
  import "google/protobuf/timestamp.proto";
  import "google/protobuf/wrappers.proto";
  message M {
    google.protobuf.Timestamp at = 1;
    google.protobuf.Duration lasting = 2;
    google.protobuf.FieldMask mask = 3;
    repeated google.protobuf.Timestamp ats = 4;
    repeated google.protobuf.Duration lastings = 5;
    repeated google.protobuf.FieldMask masks = 6;
    google.protobuf.Struct struct = 7;
    google.protobuf.Value value = 8;
    google.protobuf.ListValue values = 9;
    repeated google.protobuf.Value value_list = 10;
    map<string, google.protobuf.Value> value_by_name = 11;
    google.protobuf.Empty empty = 12;
    google.protobuf.Any any = 13;
    repeated google.protobuf.NullValue nothing_list = 14;
    google.protobuf.DoubleValue double = 21;
    google.protobuf.FloatValue float = 22;
    google.protobuf.Int64Value int64 = 23;
    google.protobuf.UInt64Value uint64 = 24;
    google.protobuf.Int32Value int32 = 25;
    google.protobuf.UInt32Value uint32 = 26;
    google.protobuf.BoolValue bool = 27;
    google.protobuf.StringValue string = 28;
    google.protobuf.BytesValue bytes = 29;
    repeated google.protobuf.Int64Value int64s = 30;
    repeated google.protobuf.StringValue strings = 31;
  }
`)

const known = codecOf(root)

/** A Timestamp or Duration, whatever it holds, as a field of `M`. */
function time({ field, seconds, nanos }: { readonly field: number; readonly seconds: bigint; readonly nanos: bigint }) {
  const content = `08${varint(seconds)}10${varint(nanos)}`
  return `${varint(BigInt(field * 8 + 2))}${varint(BigInt(content.length / 2))}${content}`
}
