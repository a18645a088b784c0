import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { messageCodec } from '../../../../src/services/grpc/json/codec.ts'
import { bytesOf, codecOf, jsonOf, rootOf, thereAndBack } from './protos.ts'

describe('fields in JSON', () => {
  for (const { title, given, answered } of [
    { title: 'lowerCamel names', given: '{"unitPrice":1}', answered: '{"unitPrice":1}' },
    { title: 'proto names', given: '{"unit_price":1}', answered: '{"unitPrice":1}' },
    { title: 'names the definition gives for JSON', given: '{"@odd name":1}', answered: '{"@odd name":1}' },
    { title: 'the proto name beside such a name', given: '{"renamed":1}', answered: '{"@odd name":1}' },
    { title: 'escaped names', given: '{"unit\\u0050rice":1}', answered: '{"unitPrice":1}' },
    {
      title: 'names of digits and capitals',
      given: '{"field0Name6":1,"FIELDName12":2}',
      answered: '{"field0Name6":1,"FIELDName12":2}',
    },
    { title: 'fields in any order', given: '{"text":"a","unitPrice":1}', answered: '{"unitPrice":1,"text":"a"}' },
    {
      title: 'null for a field that is not there',
      given: '{"text":null,"list":null,"byName":null,"inner":null,"some":null,"colour":null}',
      answered: '{}',
    },
    { title: 'a oneof', given: '{"word":""}', answered: '{"word":""}' },
    { title: 'a oneof with null before', given: '{"count":null,"word":"a"}', answered: '{"word":"a"}' },
    { title: 'a oneof with null behind', given: '{"word":"a","whole":null}', answered: '{"word":"a"}' },
    { title: 'an empty message of a oneof', given: '{"whole":{}}', answered: '{"whole":{}}' },
    { title: 'null as the NullValue of a oneof', given: '{"nothing":null}', answered: '{"nothing":null}' },
    { title: 'the name of NullValue', given: '{"nothing":"NULL_VALUE"}', answered: '{"nothing":null}' },
    { title: 'an optional zero', given: '{"some":0}', answered: '{"some":0}' },
    { title: 'an empty message', given: '{"inner":{}}', answered: '{"inner":{}}' },
    { title: 'empty lists and maps', given: '{"list":[],"byName":{}}', answered: '{}' },
    {
      title: '__proto__ as the key of a map',
      given: '{"byName":{"__proto__":"x","a":"b"}}',
      answered: '{"byName":{"__proto__":"x","a":"b"}}',
    },
    { title: 'keys that need escapes', given: '{"byName":{"\\"ä\\n":"x"}}', answered: '{"byName":{"\\"ä\\n":"x"}}' },
  ])
    it(`take ${title}`, () => {
      assert.equal(thereAndBack(message, given), answered)
    })

  for (const { title, given, says } of [
    { title: 'a field that is not known', given: '{"inner":{"size":1}}', says: 'inner.size: unknown field' },
    { title: '__proto__', given: '{"__proto__":{}}', says: '__proto__: unknown field' },
    { title: 'a name of Object.prototype', given: '{"constructor":1}', says: 'constructor: unknown field' },
    {
      title: 'a field by two of its names',
      given: '{"unitPrice":1,"unit_price":2}',
      says: 'unit_price: this field is given twice, by two of its names',
    },
    {
      title: 'one by two names with others between',
      given: '{"unit_price":1,"text":"a","unitPrice":null}',
      says: 'unitPrice: this field is given twice, by two of its names',
    },
    {
      title: 'two fields of a oneof',
      given: '{"word":"a","count":"1"}',
      says: 'count: only one field of choice may be given, and this is another',
    },
    {
      title: 'them in another order',
      given: '{"count":"1","word":"a"}',
      says: 'count: only one field of choice may be given, and this is another',
    },
    { title: 'null in a list', given: '{"list":["a",null]}', says: 'list[1]: expected a value, got null' },
    {
      title: 'null in a list of numbers',
      given: '{"numbers":[null]}',
      says: 'numbers[0]: expected an int64 as a string or whole number, got null',
    },
    {
      title: 'null in a list of messages',
      given: '{"inners":[{},null]}',
      says: 'inners[1]: expected a value, got null',
    },
    { title: 'null in a map', given: '{"byName":{"a":null}}', says: 'byName["a"]: expected a value, got null' },
    { title: 'a value for a list', given: '{"list":"a"}', says: 'list: expected a list, got "a"' },
    { title: 'an object for a list', given: '{"inners":{"text":"a"}}', says: 'inners: expected a list, got an object' },
    { title: 'a list for a map', given: '{"byName":[]}', says: 'byName: expected an object, got a list' },
    { title: 'a list for a message', given: '{"inner":[]}', says: 'inner: expected an object, got a list' },
    { title: 'a number for a message', given: '{"inner":1.50}', says: 'inner: expected an object, got 1.50' },
    { title: 'a list for a value', given: '{"text":["a"]}', says: 'text: expected a string, got a list' },
    {
      title: 'what lies deep',
      given: '{"inners":[{},{"byName":{"x":"y"},"inner":{"unitPrice":1.5}}]}',
      says: 'inners[1].inner.unitPrice: expected an int32 as a whole number, got 1.5',
    },
    {
      title: 'a long value, and shortens it',
      given: `{"unitPrice":"${'9'.repeat(100)}"}`,
      says: `unitPrice: expected an int32 from -2147483648 to 2147483647, got "${'9'.repeat(39)}…`,
    },
    {
      title: 'a long name, and shortens it',
      given: `{"${'x'.repeat(100)}":1}`,
      says: `${'x'.repeat(40)}…: unknown field`,
    },
    { title: 'null', given: 'null', says: 'expected an object, got null' },
    { title: 'what is no object', given: '[{}]', says: 'expected an object, got a list' },
  ])
    it(`refuse ${title}, and say where`, () => {
      assert.throws(() => message.encode(jsonOf(given)), { code: 'INVALID_ARGUMENT', message: says })
    })

  for (const { type, keys, refused } of [
    {
      type: 'int32',
      keys: ['-2147483648', '2147483647', '0'],
      refused: ['2147483648', '01', '-0', '1.0', '1e2', '', ' 1', '+1', 'x'],
    },
    { type: 'uint32', keys: ['0', '4294967295'], refused: ['-1', '4294967296'] },
    { type: 'sint32', keys: ['-2147483648', '2147483647'], refused: ['-2147483649'] },
    { type: 'fixed32', keys: ['0', '4294967295'], refused: ['4294967296'] },
    { type: 'sfixed32', keys: ['-2147483648', '2147483647'], refused: ['2147483648'] },
    { type: 'int64', keys: ['-9223372036854775808', '9223372036854775807'], refused: ['9223372036854775808'] },
    { type: 'uint64', keys: ['0', '18446744073709551615'], refused: ['18446744073709551616', '-1'] },
    { type: 'sint64', keys: ['-9223372036854775808', '9223372036854775807'], refused: ['-9223372036854775809'] },
    { type: 'fixed64', keys: ['0', '18446744073709551615'], refused: ['18446744073709551616'] },
    { type: 'sfixed64', keys: ['-9223372036854775808', '9223372036854775807'], refused: ['9223372036854775808'] },
    { type: 'bool', keys: ['true', 'false'], refused: ['True', '1', ''] },
    { type: 'string', keys: ['', 'a', 'ü', 'constructor'], refused: ['\ud800'] },
  ]) {
    const map = codecOf(rootOf(`syntax = "proto3"; message M { map<${type}, string> map = 1; }`))
    it(`take maps by ${type} at their limits`, () => {
      for (const key of keys) assert.deepEqual(map.decode(map.encode({ map: { [key]: 'x' } })), { map: { [key]: 'x' } })
      const all = { map: Object.fromEntries(keys.map((key) => [key, key])) }
      assert.deepEqual(map.decode(map.encode(all)), all)
      assert.equal(map.decodeText(map.encode(all)), JSON.stringify(map.decode(map.encode(all))))
    })
    it(`refuse what is no ${type} as the key of a map`, () => {
      for (const key of refused)
        assert.throws(
          () => map.encode({ map: { [key]: 'x' } }),
          { code: 'INVALID_ARGUMENT', message: /^map\[".*"\]: expected / },
          key,
        )
    })
  }

  it('nest a hundred deep, and no deeper', () => {
    const nested = (times: number) => jsonOf(`${'{"inner":'.repeat(times)}{}${'}'.repeat(times)}`)
    const deepest = jsonOf(JSON.stringify(message.decode(message.encode(nested(99)))))
    assert.deepEqual(deepest, nested(99))
    let tooDeep = nested(99)
    for (let times = 0; times < 5_000; times += 1) tooDeep = { inner: tooDeep }
    assert.throws(() => message.encode(tooDeep), {
      message: /^inner\.inner\..*…\.inner\.inner.*: nested more than 100 messages deep$/,
    })
  })

  it('give equal requests equal bytes, whatever the order of their fields', () => {
    const [one, other] = ['{"text":"a","unitPrice":1,"list":["x"]}', '{"list":["x"],"unit_price":"1","text":"a"}']
    assert.deepEqual(message.encode(jsonOf(one)), message.encode(jsonOf(other)))
  })

  it('take the last of a value that the wire has twice, and put together a message that comes in parts', () => {
    assert.equal(message.decodeText(bytesOf('08 01 08 02')), '{"unitPrice":2}')
    assert.equal(message.decodeText(bytesOf('22 02 0801 22 03 120161')), '{"inner":{"unitPrice":1,"text":"a"}}')
    assert.equal(
      message.decodeText(bytesOf('22 04 2202 0801 22 05 2203 120161 22 00')),
      '{"inner":{"inner":{"unitPrice":1,"text":"a"}}}',
    )
  })

  it('take the last of a oneof that the wire has, in parts only while it is the same', () => {
    assert.equal(message.decodeText(bytesOf('5a 0161 60 05')), '{"count":"5"}')
    assert.equal(message.decodeText(bytesOf('6a 02 0801 6a 03 120161')), '{"whole":{"unitPrice":1,"text":"a"}}')
    assert.equal(message.decodeText(bytesOf('6a 02 0801 5a 0161 6a 03 120161')), '{"whole":{"text":"a"}}')
  })

  it('take the last entry of equal keys, and defaults for what an entry lacks', () => {
    assert.equal(message.decodeText(bytesOf('32 06 0a0161 120178 32 06 0a0161 120179')), '{"byName":{"a":"y"}}')
    assert.equal(message.decodeText(bytesOf('32 00 32 03 120178 32 03 0a0161')), '{"byName":{"":"x","a":""}}')
    assert.equal(message.decodeText(bytesOf('3a 00')), '{"innerByName":{"":{}}}')
    assert.equal(message.decodeText(bytesOf('3a 08 1202 0801 1202 1000')), '{"innerByName":{"":{"unitPrice":1}}}')
  })

  it('pass over fields and wire types that are not known', () => {
    assert.equal(
      message.decodeText(bytesOf('a80601 0a0161 b206 03616263 bb06 0801 bc06 cd06 01020304 d106 0102030405060708')),
      '{}',
    )
  })

  it('write names, defaults and enums in the style that is asked for', () => {
    const json = { unit_price: 1, colour: 'RED' }
    assert.equal(codecOf(root, { names: 'proto' }).decodeText(message.encode(json)), '{"unit_price":1,"colour":"RED"}')
    assert.equal(codecOf(root, { enums: 'number' }).decodeText(message.encode(json)), '{"unitPrice":1,"colour":1}')
    const always = codecOf(root, { names: 'proto', defaults: 'always', enums: 'number' })
    assert.equal(
      always.decodeText(message.encode(json)),
      '{"unit_price":1,"text":"","list":[],"by_name":{},"inner_by_name":{},"inners":[],"numbers":[],"field_0_name6":0,"FIELD_name12":0,"renamed":0,"colour":1,"colours":[],"colour_by_name":{}}',
    )
  })

  it('leave out defaults that a service did send, where they are omitted', () => {
    assert.equal(message.decodeText(bytesOf('08 00 12 00 a801 8000')), '{}')
  })

  it('ignore unknown fields and names of enum values where the style says so', () => {
    const tolerant = codecOf(root, { unknownFields: 'ignore' })
    const given =
      '{"size":1,"inner":{"a":{"b":[]}},"colour":"PURPLE","colours":["RED","PURPLE","RED"],"colourByName":{"a":"RED","b":"PURPLE"},"text":"x"}'
    assert.equal(
      thereAndBack(tolerant, given),
      '{"text":"x","inner":{},"colours":["RED","RED"],"colourByName":{"a":"RED"}}',
    )
    assert.equal(thereAndBack(tolerant, '{"shade":"PURPLE","word":"a"}'), '{"word":"a"}')
    assert.throws(() => tolerant.encode({ unitPrice: 'x' }), { code: 'INVALID_ARGUMENT' })
  })

  it('are compiled once for a type and a style', () => {
    const type = root.lookupType('M')
    assert.equal(messageCodec(type), messageCodec(type))
    assert.equal(codecOf(root, { names: 'proto' }), codecOf(root, { names: 'proto' }))
    assert.notEqual(codecOf(root, { names: 'proto' }), messageCodec(type))
  })
})

const root = rootOf(`
  syntax = "proto3";
  import "google/protobuf/struct.proto";
  enum Colour { NONE = 0; RED = 1; }
  message M {
    int32 unit_price = 1;
    string text = 2;
    repeated string list = 3;
    M inner = 4;
    optional int32 some = 5;
    map<string, string> by_name = 6;
    map<string, M> inner_by_name = 7;
    repeated M inners = 8;
    repeated int64 numbers = 9;
    oneof choice {
      string word = 11;
      int64 count = 12;
      M whole = 13;
      google.protobuf.NullValue nothing = 14;
      Colour shade = 15;
    }
    int32 field_0_name6 = 16;
    int32 FIELD_name12 = 17;
    int32 renamed = 18 [json_name = "@odd name"];
    Colour colour = 21;
    repeated Colour colours = 22;
    map<string, Colour> colour_by_name = 23;
  }
`)

const message = codecOf(root)
