import * as fc from 'fast-check'
import type { Json } from '../../../../src/kernel/json.ts'
import { parseRequestJson } from '../../../../src/kernel/json-request.ts'

/** Messages of fields of every kind that refer to one another, themselves included, and values of them. */
export type RandomProtos = {
  readonly text: string
  /** A value of message `M0`, in the form that ProtoJSON answers with. */
  readonly value: Json
}

type Label = 'implicit' | 'optional' | 'repeated' | 'map' | 'oneof' | 'loose'
type Field = { readonly label: Label; readonly type: string; readonly keyType: string }

const scalars = [
  'double',
  'float',
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
  'bool',
  'string',
  'bytes',
] as const
const wellKnown = [
  'Timestamp',
  'Duration',
  'FieldMask',
  'Struct',
  'Value',
  'ListValue',
  'Empty',
  'Int64Value',
  'StringValue',
  'BoolValue',
  'BytesValue',
  'FloatValue',
]

const messageCount = 3

const type = fc.oneof(
  { arbitrary: fc.constantFrom(...scalars), weight: 6 },
  { arbitrary: fc.constant('Kind'), weight: 1 },
  { arbitrary: fc.nat(messageCount - 1).map((at) => `M${at}`), weight: 2 },
  { arbitrary: fc.constantFrom(...wellKnown).map((name) => `google.protobuf.${name}`), weight: 1 },
)

const field: fc.Arbitrary<Field> = fc.record({
  label: fc.constantFrom<Label>('implicit', 'optional', 'repeated', 'map', 'oneof', 'loose'),
  type,
  keyType: fc.constantFrom(
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
    'bool',
    'string',
  ),
})

const messages = fc.array(fc.array(field, { maxLength: 8 }), { minLength: messageCount, maxLength: messageCount })

export const randomProtos: fc.Arbitrary<RandomProtos> = messages.chain((all) =>
  messageValue(all, 0, 4).map((value) => ({ text: protoText(all), value })),
)

type Messages = readonly (readonly Field[])[]

const protoText = (all: Messages): string => `
  syntax = "proto3";
  ${['struct', 'timestamp', 'duration', 'field_mask', 'empty', 'wrappers'].map((name) => `import "google/protobuf/${name}.proto";`).join('\n')}
  enum Kind { KIND_NONE = 0; KIND_ONE = 1; KIND_MINUS = -1; KIND_LARGE = 2147483647; }
  ${all.map((fields, at) => `message M${at} {\n${fields.map(fieldText).join('\n')}\n}`).join('\n')}
`

/** Numbers around those where tags become longer. */
const numbers = [1, 2, 15, 16, 127, 128, 2_047, 536_870_911]

const fieldText = ({ label, type: name, keyType }: Field, at: number): string => {
  const rest = `${nameOf(at)} = ${numbers[at]}`
  switch (label) {
    case 'implicit':
      return `${name} ${rest};`
    case 'map':
      return `map<${keyType}, ${name}> ${rest};`
    case 'oneof':
      return `oneof choice_${at} { ${name} ${rest}; bool other_${at} = ${3_000 + at}; }`
    case 'loose':
      return `repeated ${name} ${rest}${name.startsWith('M') || name.startsWith('google') ? '' : ' [packed = false]'};`
    default:
      return `${label} ${name} ${rest};`
  }
}

const nameOf = (at: number): string => `field_of_${'abcdefgh'.charAt(at)}`
const jsonNameOf = (at: number): string => `fieldOf${'ABCDEFGH'.charAt(at)}`

const messageValue = (all: Messages, at: number, depth: number): fc.Arbitrary<Json> => {
  const members = (all[at] ?? []).map((each, index) => {
    const value = fieldValue(all, each, depth).map((json): readonly [string, Json] => [jsonNameOf(index), json])
    const other = fc.boolean().map((json): readonly [string, Json] => [`other${index}`, json])
    return fc.option(each.label === 'oneof' ? fc.oneof(value, other) : value, { nil: undefined })
  })
  return fc.tuple(...members).map((given) => Object.fromEntries(given.filter((member) => member !== undefined)))
}

const fieldValue = (all: Messages, { label, type: name, keyType }: Field, depth: number): fc.Arbitrary<Json> => {
  const value = oneValue(all, name, depth)
  if (label === 'repeated' || label === 'loose') return fc.array(value, { maxLength: 3 })
  if (label !== 'map') return value
  const entries = fc.array(fc.tuple(oneOf(keyType).map(String), value), { maxLength: 3 })
  // As JSON has it, with __proto__ as a key like any other.
  return entries.map((pairs) => {
    const distinct = [...new Map(pairs)]
    return parseRequestJson(
      `{${distinct.map(([key, json]) => `${JSON.stringify(key)}:${JSON.stringify(json)}`).join(',')}}`,
    )
  })
}

const oneValue = (all: Messages, name: string, depth: number): fc.Arbitrary<Json> => {
  if (!/^M\d$/.test(name)) return oneOf(name)
  return depth === 0 ? fc.constant({}) : messageValue(all, Number(name.slice(1)), depth - 1)
}

const signed = (bits: bigint) => fc.bigInt(-(2n ** (bits - 1n)), 2n ** (bits - 1n) - 1n)
const unsigned = (bits: bigint) => fc.bigInt(0n, 2n ** bits - 1n)
const words = fc.constantFrom('NaN', 'Infinity', '-Infinity')
const text = fc.oneof(fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme' }), fc.constant('__proto__'))
const float = fc.oneof(fc.float({ noNaN: true, noDefaultInfinity: true }), fc.integer())
const double = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer())
const bytes = fc.uint8Array({ maxLength: 8 }).map((all) => Buffer.from(all).toString('base64'))
const jsonValue = fc.jsonValue({ maxDepth: 3, noUnicodeString: false }) as fc.Arbitrary<Json>
const moment = fc
  .date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true })
  .map((date) => date.toISOString().replace('.000Z', 'Z'))
const path = fc.stringMatching(/^[a-z]{1,4}([A-Z][a-z]{1,3}){0,2}(\.[a-z]{1,3})?$/)

/** Any value of a type that is not a message of ours, in the form that is answered. */
const oneOf = (name: string): fc.Arbitrary<Json> => values[name] as fc.Arbitrary<Json>

const values: Readonly<Record<string, fc.Arbitrary<Json>>> = {
  double: fc.oneof(double, words),
  float: fc.oneof(float, words),
  int32: signed(32n).map(Number),
  sint32: signed(32n).map(Number),
  sfixed32: signed(32n).map(Number),
  uint32: unsigned(32n).map(Number),
  fixed32: unsigned(32n).map(Number),
  int64: signed(64n).map(String),
  sint64: signed(64n).map(String),
  sfixed64: signed(64n).map(String),
  uint64: unsigned(64n).map(String),
  fixed64: unsigned(64n).map(String),
  bool: fc.boolean(),
  string: text,
  bytes,
  Kind: fc.oneof(fc.constantFrom('KIND_NONE', 'KIND_ONE', 'KIND_MINUS', 'KIND_LARGE'), fc.integer({ min: 2, max: 9 })),
  'google.protobuf.Timestamp': moment,
  'google.protobuf.Duration': fc.integer({ min: -1_000_000, max: 1_000_000 }).map((seconds) => `${seconds}s`),
  'google.protobuf.FieldMask': fc.array(path, { maxLength: 3 }).map((paths) => paths.join(',')),
  'google.protobuf.Struct': fc.dictionary(fc.string(), jsonValue, { maxKeys: 3 }),
  'google.protobuf.Value': jsonValue,
  'google.protobuf.ListValue': fc.array(jsonValue, { maxLength: 3 }),
  'google.protobuf.Empty': fc.constant({}),
  'google.protobuf.Int64Value': signed(64n).map(String),
  'google.protobuf.StringValue': text,
  'google.protobuf.BoolValue': fc.boolean(),
  'google.protobuf.BytesValue': bytes,
  'google.protobuf.FloatValue': float,
}
