import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { bytesOf, codecOf, jsonOf, rootOf, thereAndBack } from './protos.ts'

describe('scalars in JSON', () => {
  // Every form that means a value, with the one form it is answered in.
  for (const { field, given, answered } of [
    {
      field: 'int32',
      given: ['2147483647', '"2147483647"', '2.147483647e9', '"2147483647.0"'],
      answered: '2147483647',
    },
    { field: 'int32', given: ['-2147483648', '"-2147483648"', '-2.147483648e9'], answered: '-2147483648' },
    { field: 'int32', given: ['100000.000', '1e5', '"1e5"', '"1E+5"', '1000000e-1'], answered: '100000' },
    { field: 'sint32', given: ['-2147483648'], answered: '-2147483648' },
    { field: 'sint32', given: ['2147483647'], answered: '2147483647' },
    { field: 'sfixed32', given: ['-2147483648'], answered: '-2147483648' },
    { field: 'sfixed32', given: ['2147483647'], answered: '2147483647' },
    { field: 'uint32', given: ['4294967295', '"4294967295"', '4.294967295e9'], answered: '4294967295' },
    { field: 'fixed32', given: ['4294967295'], answered: '4294967295' },
    { field: 'int64', given: ['"9223372036854775807"', '9223372036854775807'], answered: '"9223372036854775807"' },
    { field: 'int64', given: ['"-9223372036854775808"', '-9223372036854775808'], answered: '"-9223372036854775808"' },
    {
      field: 'int64',
      given: ['9007199254740993', '9.007199254740993e15', '"9007199254740993.00"'],
      answered: '"9007199254740993"',
    },
    { field: 'int64', given: ['-4294967296', '"-4294967296"'], answered: '"-4294967296"' },
    { field: 'int64', given: ['1', '"1"', '1.0', '10e-1'], answered: '"1"' },
    { field: 'sint64', given: ['"-9223372036854775808"'], answered: '"-9223372036854775808"' },
    { field: 'sint64', given: ['"9223372036854775807"'], answered: '"9223372036854775807"' },
    { field: 'sint64', given: ['-1'], answered: '"-1"' },
    { field: 'sfixed64', given: ['"-9223372036854775808"'], answered: '"-9223372036854775808"' },
    { field: 'uint64', given: ['"18446744073709551615"', '18446744073709551615'], answered: '"18446744073709551615"' },
    {
      field: 'uint64',
      given: ['18446744073709549568', '1.8446744073709549568e19'],
      answered: '"18446744073709549568"',
    },
    { field: 'fixed64', given: ['"18446744073709551615"'], answered: '"18446744073709551615"' },
    {
      field: 'double',
      given: ['1.7976931348623157e308', '"1.7976931348623157e+308"'],
      answered: '1.7976931348623157e+308',
    },
    { field: 'double', given: ['5e-324'], answered: '5e-324' },
    { field: 'double', given: ['2.22507e-308', '"2.22507e-308"'], answered: '2.22507e-308' },
    { field: 'double', given: ['-0', '-0.0', '"-0"'], answered: '-0' },
    { field: 'double', given: ['1', '"1"', '1.0', '1e0'], answered: '1' },
    { field: 'double', given: ['"NaN"'], answered: '"NaN"' },
    { field: 'double', given: ['"Infinity"'], answered: '"Infinity"' },
    { field: 'double', given: ['"-Infinity"'], answered: '"-Infinity"' },
    { field: 'float', given: ['3.4028234663852886e38', '3.4028235e38'], answered: '3.4028234663852886e+38' },
    { field: 'float', given: ['1.175494e-38', '"1.175494e-38"'], answered: '1.175494e-38' },
    { field: 'float', given: ['1e-45', '1.401298464324817e-45'], answered: '1.4013e-45' },
    { field: 'float', given: ['0.1', '0.100000001', '"0.1"'], answered: '0.1' },
    { field: 'float', given: ['16777216', '16777217'], answered: '16777216' },
    { field: 'float', given: ['-0'], answered: '-0' },
    { field: 'float', given: ['"NaN"'], answered: '"NaN"' },
    { field: 'float', given: ['"-Infinity"'], answered: '"-Infinity"' },
    { field: 'bool', given: ['true'], answered: 'true' },
    { field: 'string', given: ['"häß \\u8C37\\u6b4c \\uD83D\\uDE01"', '"häß 谷歌 😁"'], answered: '"häß 谷歌 😁"' },
    {
      field: 'string',
      given: ['"\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\\u007f"'],
      answered: '"\\"\\\\/\\b\\f\\n\\r\\t\\u0000\x7f"',
    },
    { field: 'string', given: [`"${'ü'.repeat(70)}"`], answered: `"${'ü'.repeat(70)}"` },
    { field: 'string', given: [`"${'long '.repeat(4_000)}"`], answered: `"${'long '.repeat(4_000)}"` },
    { field: 'bytes', given: ['"+/8="', '"-_8="', '"+/8"', '"-_8"'], answered: '"+/8="' },
    { field: 'bytes', given: ['"-_"'], answered: '"+w=="' },
    { field: 'colour', given: ['"RED"', '1', '1.0', '"CRIMSON"'], answered: '"RED"' },
    { field: 'colour', given: ['123'], answered: '123' },
    { field: 'colour', given: ['-1'], answered: '-1' },
  ]) {
    for (const text of given)
      it(`take ${text.slice(0, 40)} as a ${field}, and answer ${answered.slice(0, 40)}`, () => {
        assert.equal(thereAndBack(scalars, `{"${field}":${text}}`), `{"${field}":${answered}}`)
        assert.equal(thereAndBack(scalars, `{"${field}List":[${text}]}`), `{"${field}List":[${answered}]}`)
      })
  }

  for (const { field, texts, says } of [
    {
      field: 'int32',
      texts: ['2147483648', '-2147483649', '1e10', '"99999999999999999999"'],
      says: 'an int32 from -2147483648 to 2147483647',
    },
    { field: 'uint32', texts: ['4294967296', '-1', '"-1"'], says: 'a uint32 from 0 to 4294967295' },
    {
      field: 'int64',
      texts: ['"9223372036854775808"', '-9223372036854775809', '1e40', '"1e536870000"'],
      says: 'an int64 from',
    },
    { field: 'uint64', texts: ['"18446744073709551616"', '"-1"', '-1', '"1e536870000"'], says: 'a uint64 from' },
    {
      field: 'int32',
      texts: ['0.5', 'true', '""', '"abc"', '"12abc"', '" 1"', '"1 "', '"+1"', '"0x1"', '[1]', '{}', '"3,3"', '"１"'],
      says: 'an int32 as a whole number',
    },
    {
      field: 'int64',
      texts: ['0.5', '"0.5"', '""', 'false', '"3x3"', '1e-1', `"${'1'.repeat(500)}"`],
      says: 'an int64 as a string or whole number',
    },
    {
      field: 'double',
      texts: ['"abc"', '""', 'true', '"12 34"', '"nan"', '"1."', '{}'],
      says: 'a number for a double',
    },
    { field: 'double', texts: ['1.89769e308', '-1.89769e+308', '"1e400"'], says: 'a number that a double can hold' },
    { field: 'float', texts: ['3.502823e38', '-3.502823e+38', '1e39'], says: 'a number that a float can hold' },
    { field: 'bool', texts: ['"true"', '0', '1', '{}'], says: 'true or false' },
    { field: 'string', texts: ['12345', 'true', '[]'], says: 'a string' },
    {
      field: 'string',
      texts: ['"\\ud800"', '"\\udc00"', '"\\ude01\\ud83d"', `"${'x'.repeat(80)}\\ud800"`],
      says: 'Unicode text',
    },
    { field: 'bytes', texts: ['5', '"a b="', '"ä==="', '"a"', '"AQ="', '"AQ==="', '"A=Q="'], says: 'base64' },
    {
      field: 'colour',
      texts: ['"red"', '"PURPLE"', 'true', '1.5', '["RED"]', '{}'],
      says: 'the name or number of an enum value',
    },
  ]) {
    for (const text of texts)
      it(`refuse ${text.slice(0, 40)} as a ${field}`, () => {
        const message = (path: string) => (error: Error) => error.message.startsWith(`${path}: expected ${says}`)
        assert.throws(() => scalars.encode(jsonOf(`{"${field}":${text}}`)), message(field))
        assert.throws(() => scalars.encode(jsonOf(`{"${field}List":[${text}]}`)), message(`${field}List[0]`))
      })
  }

  it('leave the defaults of fields without presence off the wire, whatever they are written as', () => {
    const zeros =
      '{"int32":"0","uint32":0.0,"int64":-0,"double":0,"float":0.0,"bool":false,"string":"","bytes":"","colour":"NONE"}'
    assert.equal(scalars.encode(jsonOf(zeros)).length, 0)
  })

  it('read a not-a-number of any bits', () => {
    assert.equal(scalars.decodeText(bytesOf('69 bc9a78563412fa7f')), '{"double":"NaN"}')
    assert.equal(scalars.decodeText(bytesOf('75 2143b5ff')), '{"float":"NaN"}')
  })

  it('take the low half of a varint that is longer than its type, as the wire format says', () => {
    assert.equal(scalars.decodeText(bytesOf('08 b9e0808000')), '{"int32":12345}')
    assert.equal(scalars.decodeText(bytesOf('08 ffffffffffffffffff01')), '{"int32":-1}')
    assert.equal(scalars.decodeText(bytesOf('10 ffffffffffffffff7f')), '{"uint32":4294967295}')
    assert.equal(scalars.decodeText(bytesOf('78 80808080808080808001')), '{"bool":true}')
  })

  it('read lists packed and not, and both in one message', () => {
    assert.equal(scalars.decodeText(bytesOf('aa01 03 010203 a801 04 aa01 00')), '{"int32List":[1,2,3,4]}')
    assert.equal(scalars.decodeText(bytesOf('da02 02 0102 d802 03')), '{"loose":[1,2,3]}')
  })

  it('write lists packed where the definition says so', () => {
    assert.deepEqual(scalars.encode({ int32List: [1, 300] }), bytesOf('aa01 03 01ac02'))
    assert.deepEqual(scalars.encode({ loose: [1, 2] }), bytesOf('d802 01 d802 02'))
    assert.deepEqual(scalars.encode({ int32List: [], loose: [] }), Buffer.alloc(0))
    assert.equal(scalars.encode({ int32List: Array.from({ length: 200 }, () => 7) }).length, 2 + 2 + 200)
  })
})

const types = [
  'int32',
  'uint32',
  'sint32',
  'fixed32',
  'sfixed32',
  'int64',
  'uint64',
  'sint64',
  'fixed64',
  'sfixed64',
] as const

const scalars = codecOf(
  rootOf(`
    syntax = "proto3";
    enum Colour { option allow_alias = true; NONE = 0; RED = 1; CRIMSON = 1; }
    message M {
      int32 int32 = 1; uint32 uint32 = 2; sint32 sint32 = 3; fixed32 fixed32 = 4; sfixed32 sfixed32 = 5;
      int64 int64 = 6; uint64 uint64 = 7; sint64 sint64 = 8; fixed64 fixed64 = 9; sfixed64 sfixed64 = 10;
      string string = 11; bytes bytes = 12; double double = 13; float float = 14; bool bool = 15; Colour colour = 16;
      ${types.map((type, index) => `repeated ${type} ${type}_list = ${21 + index};`).join('\n')}
      repeated string string_list = 31; repeated bytes bytes_list = 32; repeated double double_list = 33;
      repeated float float_list = 34; repeated bool bool_list = 35; repeated Colour colour_list = 36;
      repeated int32 loose = 43 [packed = false];
    }
  `),
)
