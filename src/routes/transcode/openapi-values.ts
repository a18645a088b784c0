import type { Field, Type } from 'protobufjs'
import type { JsonSchema } from '../../kernel/openapi.ts'

/** The JSON of single values (https://protobuf.dev/programming-guides/json/#field-representation), as schemas. */

const text: JsonSchema = { type: 'string' }
const int32: JsonSchema = { type: 'integer', format: 'int32' }
const uint32: JsonSchema = { type: 'integer', format: 'uint32', minimum: 0, maximum: 4_294_967_295 }
// A JSON number of most readers loses digits past 2^53, so these are strings. Tools that know the formats would show numbers.
const int64: JsonSchema = { type: 'string', format: 'int64', examples: ['1'] }
const uint64: JsonSchema = { type: 'string', format: 'uint64', examples: ['1'] }
const bytes: JsonSchema = { type: 'string', contentEncoding: 'base64' }

/** NaN and the infinities are strings in JSON; a union for them alone would spoil the type of every generated client. */
const scalars: Readonly<Record<string, JsonSchema>> = {
  double: { type: 'number', format: 'double' },
  float: { type: 'number', format: 'float' },
  int32,
  sint32: int32,
  sfixed32: int32,
  uint32,
  fixed32: uint32,
  int64,
  sint64: int64,
  sfixed64: int64,
  uint64,
  fixed64: uint64,
  bool: { type: 'boolean' },
  string: text,
  bytes,
}

/** Undefined for messages and enums. */
export const scalarSchema = ({ type }: Pick<Field, 'type'>): JsonSchema | undefined => scalars[type]

/** Types whose JSON is not an object of their fields; each says what it is. */
const wellKnown: Readonly<Record<string, JsonSchema>> = {
  Timestamp: { type: 'string', format: 'date-time' },
  Duration: { type: 'string', pattern: '^-?[0-9]+(\\.[0-9]{1,9})?s$', examples: ['1.5s'] },
  FieldMask: {
    type: 'string',
    description: 'Paths of fields in lowerCamel, separated by commas.',
    examples: ['a,b.c'],
  },
  Struct: { type: 'object', additionalProperties: true },
  Value: { description: 'Any JSON.' },
  ListValue: { type: 'array', items: {} },
  Any: {
    type: 'object',
    description: 'A message of the type that `@type` names.',
    properties: { '@type': text },
    additionalProperties: true,
  },
}

/** Wrappers are their value, or null. */
const wrapped: Readonly<Record<string, string>> = {
  DoubleValue: 'double',
  FloatValue: 'float',
  Int64Value: 'int64',
  UInt64Value: 'uint64',
  Int32Value: 'int32',
  UInt32Value: 'uint32',
  BoolValue: 'bool',
  StringValue: 'string',
  BytesValue: 'bytes',
}

const ownName = /^\.google\.protobuf\.(\w+)$/

/** The schema of a well-known type, null allowed where null is its value; undefined for other messages. */
export const wellKnownSchema = ({ fullName }: Type): JsonSchema | undefined => {
  const name = ownName.exec(fullName)?.[1] ?? ''
  const scalar = Object.hasOwn(wrapped, name) ? scalars[wrapped[name] as string] : undefined
  if (scalar !== undefined) return nullable(scalar)
  return Object.hasOwn(wellKnown, name) ? wellKnown[name] : undefined
}

/** A schema that takes null too. */
export const nullable = (schema: JsonSchema): JsonSchema => {
  const { type } = schema
  if (typeof type === 'string') return type === 'null' ? schema : { ...schema, type: [type, 'null'] }
  if (Array.isArray(type)) return type.includes('null') ? schema : { ...schema, type: [...(type as string[]), 'null'] }
  return '$ref' in schema ? { anyOf: [schema, { type: 'null' }] } : schema
}

/** What stands in a path or a query has no null. */
export const withoutNull = (schema: JsonSchema): JsonSchema => {
  const { type } = schema
  return Array.isArray(type) ? { ...schema, type: (type as string[]).find((one) => one !== 'null') } : schema
}

/** What keys of a map are, all of them strings in JSON. */
export const keySchema = (keyType: string): JsonSchema | undefined => {
  if (keyType === 'string') return undefined
  if (keyType === 'bool') return { enum: ['true', 'false'] }
  return { pattern: /^u|^fixed/.test(keyType) ? '^[0-9]+$' : '^-?[0-9]+$' }
}
