import protobuf, { type Enum, type Field, type Type } from 'protobufjs'
import protojson from 'protobufjs/ext/protojson.js'
import type { Json } from '../../../kernel/json.ts'

/** What protobufjs decodes a message into: own properties for what was sent, the prototype's for defaults. */
type Decoded = { readonly [name: string]: unknown }
type JsonObject = { [key: string]: Json }

/** Turns one decoded value into JSON. */
type ToJson = (value: never) => Json

/** How one field gets from a decoded message into its JSON object. */
type FieldReader = (message: Decoded, into: JsonObject) => void

/** Types whose JSON is not an object of their fields. protobufjs writes these exactly, as the specification says. */
const wellKnown = new Set(
  ['Timestamp', 'Duration', 'FieldMask', 'Struct', 'Value', 'ListValue', 'Any']
    .concat(
      ['Double', 'Float', 'Int64', 'UInt64', 'Int32', 'UInt32', 'Bool', 'String', 'Bytes'].map((n) => `${n}Value`),
    )
    .map((name) => `.google.protobuf.${name}`),
)

const readers = new WeakMap<Type, (message: Decoded) => Json>()

/**
 * A function from decoded messages of a type to ProtoJSON, compiled once per type. Unlike `protojson.toJson` it
 * writes the defaults of fields without presence, so that a reader can tell 0 from a field that is not there;
 * fields with presence that were not sent stay absent. Extensions are left out.
 */
export const messageReader = (type: Type): ((message: protobuf.Message) => Json) => {
  const reader = readerOf(type)
  return (message) => reader(message as unknown as Decoded)
}

const readerOf = (type: Type): ((message: Decoded) => Json) => {
  const known = readers.get(type)
  if (known !== undefined) return known
  if (wellKnown.has(type.fullName)) return (message) => protojson.toJson(type, message) as Json
  const fields: FieldReader[] = []
  const read = (message: Decoded): Json => {
    const into: JsonObject = {}
    for (const field of fields) field(message, into)
    return into
  }
  // Known before its fields are, for messages that contain themselves.
  readers.set(type, read)
  for (const field of type.fieldsArray) if (!field.name.startsWith('.')) fields.push(fieldReader(field.resolve()))
  return read
}

const fieldReader = (field: Field): FieldReader => {
  const { name, jsonName } = field
  const toJson = valueToJson(field) as (value: unknown) => Json
  if (field instanceof protobuf.MapField) {
    const keyOf = mapKey(field.keyType)
    return (message, into) => {
      into[jsonName] = mapToJson(message[name] as Decoded, keyOf, toJson)
    }
  }
  if (field.repeated)
    return (message, into) => {
      into[jsonName] = (message[name] as readonly unknown[]).map(toJson)
    }
  // protobufjs says no presence of proto3 messages, which always have it.
  if (field.hasPresence || field.resolvedType instanceof protobuf.Type)
    return (message, into) => {
      if (Object.hasOwn(message, name)) into[jsonName] = toJson(message[name])
    }
  return (message, into) => {
    into[jsonName] = toJson(message[name])
  }
}

const mapToJson = (map: Decoded, keyOf: (key: string) => string, toJson: (value: unknown) => Json): JsonObject => {
  const into: JsonObject = {}
  for (const key of Object.keys(map)) {
    const value = toJson(map[key])
    // A plain assignment would set the prototype.
    if (key === '__proto__')
      Object.defineProperty(into, key, { value, enumerable: true, configurable: true, writable: true })
    else into[keyOf(key)] = value
  }
  return into
}

/** protobufjs keeps 64-bit map keys as eight characters of binary. */
const mapKey = (keyType: string): ((key: string) => string) => {
  if (!keyType.endsWith('64')) return (key) => key
  const unsigned = keyType === 'uint64' || keyType === 'fixed64'
  return (key) => longToJson(protobuf.util.longFromKey(key, unsigned) as Long | number)
}

const valueToJson = ({ type, resolvedType }: Field): ToJson => {
  if (resolvedType instanceof protobuf.Type) return readerOf(resolvedType)
  if (resolvedType instanceof protobuf.Enum) return enumToJson(resolvedType)
  if (type === 'double') return doubleToJson
  if (type === 'float') return floatToJson
  if (type === 'bytes') return bytesToJson
  return type.endsWith('64') ? longToJson : same
}

const same = (value: Json): Json => value

/** A number that the definition does not name stays a number. */
const enumToJson = ({ fullName, valuesById }: Enum): ((value: number) => Json) =>
  fullName === '.google.protobuf.NullValue' ? () => null : (value) => valuesById[value] ?? value

const doubleToJson = (value: number): Json => (Number.isFinite(value) ? value : String(value))

/** Rounded up to fewer digits, it would be refused on its way back. */
const largestFloat = 3.4028234663852886e38

/** The shortest decimal that reads as the same 32-bit float: 0.1, not 0.10000000149011612. */
const floatToJson = (value: number): Json => {
  if (!Number.isFinite(value)) return String(value)
  if (Number.isInteger(value)) return value
  for (const digits of [6, 7, 8, 9]) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value && Math.abs(short) <= largestFloat) return short
  }
  return value
}

/** The part of `Long` (npm long) that is used here: what protobufjs makes of 64-bit integers. */
type Long = { readonly high: number; readonly unsigned: boolean; toNumber(): number; toString(): string }

const safeHigh = 0x1f_ffff

// Most 64-bit integers are small, and `Long` writes digits slowly.
const longToJson = (value: Long | number): string => {
  if (typeof value === 'number') return String(value)
  const high = value.unsigned ? value.high >>> 0 : value.high
  return high > safeHigh || high < -safeHigh ? value.toString() : String(value.toNumber())
}

const bytesToJson = (value: Uint8Array | readonly number[]): Json =>
  value instanceof Uint8Array
    ? Buffer.from(value.buffer, value.byteOffset, value.length).toString('base64')
    : Buffer.from(value).toString('base64')
