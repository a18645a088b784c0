import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Root } from 'protobufjs'
import { type Json, parseLossless } from '../../../../src/kernel/json.ts'
import { messageCodec } from '../../../../src/services/grpc/json/codec.ts'
import { loadProtos } from '../../../../src/services/grpc/protos/text.ts'

const largest = {
  aDouble: 1.7976931348623157e308,
  aFloat: 3.4028234663852886e38,
  anInt32: 2_147_483_647,
  anInt64: '9223372036854775807',
  aUint32: 4_294_967_295,
  aUint64: '18446744073709551615',
  aSint32: 2_147_483_647,
  aSint64: '9223372036854775807',
  aFixed32: 4_294_967_295,
  aFixed64: '18446744073709551615',
  aSfixed32: 2_147_483_647,
  aSfixed64: '9223372036854775807',
  aBool: true,
  aString: 'häß 🎉',
  aBytes: '/+8=',
  aColour: 'COLOUR_BLUE',
}

const smallest = {
  ...largest,
  aDouble: -5e-324,
  aFloat: -1.1754944e-38,
  anInt32: -2_147_483_648,
  anInt64: '-9223372036854775808',
  aUint32: 1,
  aUint64: '9007199254740993',
  aSint32: -2_147_483_648,
  aSint64: '-9007199254740993',
  aFixed32: 1,
  aFixed64: '4294967296',
  aSfixed32: -1,
  aSfixed64: '-4294967297',
  aBool: true,
}

const defaults = {
  aDouble: 0,
  aFloat: 0,
  anInt32: 0,
  anInt64: '0',
  aUint32: 0,
  aUint64: '0',
  aSint32: 0,
  aSint64: '0',
  aFixed32: 0,
  aFixed64: '0',
  aSfixed32: 0,
  aSfixed64: '0',
  aBool: false,
  aString: '',
  aBytes: '',
  aColour: 'COLOUR_UNSPECIFIED',
}

const emptyShapes = { numbers: [], many: [], colours: [], texts: {}, byNumber: {}, byFlag: {}, otherName: '' }

/** A message in a message, so many times. */
function nested(times: number): Json {
  let json: Json = {}
  for (let i = 0; i < times; i += 1) json = { self: json }
  return json
}

describe('messageCodec', () => {
  it('brings every scalar through at its limits', () => {
    assert.deepEqual(roundTrip('Scalars', largest), largest)
    assert.deepEqual(roundTrip('Scalars', smallest), smallest)
  })

  it('writes the defaults of fields without presence, and leaves others absent', () => {
    assert.deepEqual(roundTrip('Scalars', {}), defaults)
    assert.deepEqual(roundTrip('Shapes', {}), emptyShapes)
    assert.deepEqual(roundTrip('Known', {}), { times: [] })
  })

  it('tells an optional zero from an absent one', () => {
    assert.deepEqual(roundTrip('Shapes', { maybe: 0, maybeText: '' }), { ...emptyShapes, maybe: 0, maybeText: '' })
  })

  it('keeps the one of a oneof that is set, a default too', () => {
    assert.deepEqual(roundTrip('Shapes', { count: 0 }), { ...emptyShapes, count: '0' })
    assert.deepEqual(roundTrip('Shapes', { whole: {} }), { ...emptyShapes, whole: defaults })
  })

  it('brings lists, maps, enums and messages within themselves through', () => {
    const shapes = {
      ...emptyShapes,
      nested: largest,
      numbers: ['1', '-9223372036854775808'],
      many: [largest, defaults],
      colours: ['COLOUR_RED', 'COLOUR_UNSPECIFIED'],
      texts: { a: 'b', '': 'empty' },
      byNumber: { '-9223372036854775808': defaults, '5': defaults },
      byFlag: { true: 'COLOUR_RED', false: 'COLOUR_BLUE' },
      self: { ...emptyShapes, word: 'inner' },
      otherName: 'renamed',
    }
    assert.deepEqual(roundTrip('Shapes', shapes), shapes)
  })

  it('brings well-known types through in their own forms', () => {
    const known = {
      at: '2024-02-29T23:59:59.123456789Z',
      lasting: '-3.500s',
      mask: 'unitsSold,price.currencyCode',
      text: '',
      number: '9007199254740993',
      flag: false,
      object: { a: [1, null, 'x'], b: { c: true } },
      value: null,
      list: [1, [2]],
      any: { '@type': 'type.googleapis.com/probe.v1.Answer', text: 'hi', number: '5' },
      empty: {},
      times: ['0001-01-01T00:00:00Z', '9999-12-31T23:59:59Z'],
    }
    assert.deepEqual(roundTrip('Known', known), known)
  })

  it('says not-a-number and the infinities in words', () => {
    const { aDouble, aFloat } = roundTrip('Scalars', { aDouble: 'NaN', aFloat: '-Infinity' }) as typeof largest
    assert.deepEqual([aDouble, aFloat], ['NaN', '-Infinity'])
  })

  it('writes a float as briefly as it was', () => {
    const { aFloat } = roundTrip('Scalars', { aFloat: 0.1 }) as typeof largest
    assert.equal(aFloat, 0.1)
  })

  it('keeps an enum number that the definition does not name', () => {
    const { aColour } = roundTrip('Scalars', { aColour: 7 }) as { aColour: Json }
    assert.equal(aColour, 7)
  })

  it('accepts proto names, and 64-bit integers as numbers', () => {
    const { anInt64 } = roundTrip('Scalars', { an_int64: 42 }) as typeof largest
    assert.equal(anInt64, '42')
  })

  it('takes raw numbers digit by digit', () => {
    const json = parseLossless(
      '{"nested":{"anInt64":9223372036854775807,"aUint64":18446744073709551615,"aSint64":-9.007199254740993e15,"aDouble":1.10,"anInt32":7.0},"numbers":[9007199254740993],"byNumber":{"1":{"anInt64":9007199254740995}}}',
    )
    const decoded = roundTrip('Shapes', json) as { nested: typeof largest; numbers: Json; byNumber: Json }
    assert.deepEqual(decoded.nested, {
      ...defaults,
      anInt64: '9223372036854775807',
      aUint64: '18446744073709551615',
      aSint64: '-9007199254740993',
      aDouble: 1.1,
      anInt32: 7,
    })
    assert.deepEqual(decoded.numbers, ['9007199254740993'])
    assert.deepEqual(decoded.byNumber, { '1': { ...defaults, anInt64: '9007199254740995' } })
    const known = roundTrip('Known', parseLossless('{"number":9007199254740993,"value":1.50,"object":{"a":[2.0]}}'))
    assert.deepEqual(known, { number: '9007199254740993', value: 1.5, object: { a: [2] }, times: [] })
  })

  it('keeps __proto__ as a key of a map', () => {
    const { texts } = roundTrip('Shapes', JSON.parse('{"texts":{"__proto__":"x"}}') as Json) as { texts: object }
    assert.deepEqual(Object.entries(texts), [['__proto__', 'x']])
    assert.equal(Object.getPrototypeOf(texts), Object.prototype)
  })

  for (const { title, json, detail } of [
    { title: 'an unknown field', json: { nested: { size: 1 } }, detail: /^nested\.size: unknown field/ },
    {
      title: 'an unknown enum name',
      json: { colours: ['RED'] },
      detail: /^colours\[0\]: expected the name or number of an enum value, got "RED"/,
    },
    {
      title: 'a wrong type deep inside',
      json: { many: [{}, { aString: 5 }] },
      detail: /^many\[1\]\.aString: expected a string, got 5/,
    },
    {
      title: 'a fraction for an integer',
      json: { maybe: 1.5 },
      detail: /^maybe: expected an int32 as a whole number, got 1\.5/,
    },
    {
      title: 'an integer out of range',
      json: { maybe: 2_147_483_648 },
      detail: /^maybe: expected an int32 from -2147483648 to 2147483647, got 2147483648/,
    },
    {
      title: 'a raw number out of range',
      json: parseLossless('{"count":9223372036854775808}'),
      detail: /^count: expected an int64 from .*, got 9223372036854775808/,
    },
    {
      title: 'a raw number for a string',
      json: parseLossless('{"word":1.10}'),
      detail: /^word: expected a string, got 1\.10/,
    },
    { title: 'a bad map value', json: { texts: { a: 1 } }, detail: /^texts\["a"\]: expected a string, got 1/ },
    { title: 'two of a oneof', json: { word: 'a', count: 1 }, detail: /^count: only one field of choice may be given/ },
    {
      title: 'what is nested too deep',
      json: nested(5_000),
      detail: /^self\.self\..*…\.self\..*: nested more than 100 messages deep$/,
    },
    { title: 'something that is no object', json: 'text', detail: /^expected an object, got "text"/ },
  ]) {
    it(`refuses ${title}, and says where`, () => {
      assert.throws(() => codec('Shapes').encode(json), { name: 'Problem', code: 'INVALID_ARGUMENT', message: detail })
    })
  }

  it('answers 502 to bytes that are no such message', () => {
    assert.throws(() => codec('Scalars').decode(Buffer.from('ffffffff', 'hex')), { code: 'UNAVAILABLE', status: 502 })
  })

  for (const length of [10, 60_000, 100_000])
    it(`gives text as bytes of their own, between what stands around it (${length} characters)`, () => {
      const { encode, decodeBetween } = codec('Question')
      const [first, second] = ['ä', 'b'].map((letter) =>
        decodeBetween(encode({ text: letter.repeat(length) }), ['data: ', '\n\n']),
      )
      assert.equal(String(first), `data: {"text":"${'ä'.repeat(length)}","number":"0"}\n\n`)
      assert.equal(String(second), `data: {"text":"${'b'.repeat(length)}","number":"0"}\n\n`)
    })

  it('passes over fields that it does not know', () => {
    assert.deepEqual(codec('Question').decode(Buffer.from('0a0178a80601', 'hex')), { text: 'x', number: '0' })
  })
})

const root = ((): Root => {
  const loaded = loadProtos({
    files: ['probe.proto'],
    includeDir: `${import.meta.dirname}/../fixtures`,
    displayDir: 'protos',
  })
  assert.ok('root' in loaded)
  return loaded.root
})()

const codec = (name: string) => messageCodec(root.lookupType(`probe.v1.${name}`))

const roundTrip = (name: string, json: Json): Json => {
  const { encode, decode } = codec(name)
  return decode(encode(json))
}
