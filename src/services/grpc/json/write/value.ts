import type { Enum, Field } from 'protobufjs'
import { isRawNumber, type Json } from '../../../../kernel/json.ts'
import { enumNames, isNullValue } from '../enums.ts'
import { enumOf } from '../fields.ts'
import { unexpected } from '../mistake.ts'
import type { JsonStyle } from '../style.ts'
import type { WireWriter } from '../wire/writer.ts'
import { type IntegerRange, integerOf, integers } from './integers.ts'

/**
 * Writes one value without its tag. Throws Mistake for JSON that is none. False where it is an enum's unknown name
 * and those are ignored: then nothing was written.
 */
export type WriteValue = (out: WireWriter, json: Json) => boolean

export const valueWriter = (field: Field, style: JsonStyle): WriteValue => {
  const enumType = enumOf(field)
  return enumType === undefined ? scalarWriter(field.type) : enumWriter(enumType, style)
}

export const scalarWriter = (scalar: string): WriteValue => {
  const write = scalars[scalar]
  if (write === undefined) throw new TypeError(`${scalar} is no scalar of protobuf`)
  return (out, json) => {
    write(out, json)
    return true
  }
}

const int32 = (json: Json): number =>
  typeof json === 'number' && (json | 0) === json ? json | 0 : Number(integerOf(json, integers.int32))

const uint32 = (json: Json): number =>
  typeof json === 'number' && json >>> 0 === json ? json >>> 0 : Number(integerOf(json, integers.uint32))

type WriteLong = (out: WireWriter, low: number, high: number) => void

const twoTo32 = 0x1_0000_0000

/** Most are small enough for a double, whose halves need no BigInt. */
const long =
  (range: IntegerRange, write: WriteLong) =>
  (out: WireWriter, json: Json): void => {
    const small = typeof json === 'number' ? json : typeof json === 'string' ? shortInteger(json) : Number.NaN
    if (Number.isSafeInteger(small) && (small >= 0 || range.min < 0n)) {
      write(out, small >>> 0, Math.floor(small / twoTo32) >>> 0)
      return
    }
    const integer = BigInt.asUintN(64, integerOf(json, range))
    write(out, Number(integer & 0xffff_ffffn), Number(integer >> 32n))
  }

/** An integer of up to 15 digits; NaN for any other text. */
const shortInteger = (text: string): number => {
  const { length } = text
  const negative = text.charCodeAt(0) === 0x2d
  const start = negative ? 1 : 0
  if (length - start > 15 || length === start) return Number.NaN
  let value = 0
  for (let index = start; index < length; index += 1) {
    const digit = text.charCodeAt(index) - 0x30
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
  }
  return negative ? -value : value
}

const varint: WriteLong = (out, low, high) => out.long(low, high)
const fixed: WriteLong = (out, low, high) => out.fixed64(low, high)

const decimal = /^-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/

const words: Readonly<Record<string, number>> = {
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
}

const floating = (json: Json, called: string, toDouble: (number: number) => number): number => {
  if (typeof json === 'string' && Object.hasOwn(words, json)) return words[json] as number
  const number =
    typeof json === 'string'
      ? decimal.test(json)
        ? Number(json)
        : Number.NaN
      : isRawNumber(json)
        ? Number(json.rawJSON)
        : json
  if (typeof number !== 'number' || Number.isNaN(number)) throw unexpected(`a number for ${called}`, json)
  if (!Number.isFinite(toDouble(number))) throw unexpected(`a number that ${called} can hold`, json)
  return number
}

const double = (json: Json): number =>
  typeof json === 'number' && Number.isFinite(json) ? json : floating(json, 'a double', (number) => number)

/** What rounds to a 32-bit float is one. */
const float = (json: Json): number => floating(json, 'a float', Math.fround)

/** Both alphabets (RFC 4648 §4 and §5), padded or not. */
const base64 = /^[A-Za-z0-9+/_-]*(={0,2})$/

const bytes = (out: WireWriter, json: Json): void => {
  if (typeof json !== 'string') throw unexpected('base64 in a string', json)
  const [, padding] = base64.exec(json) ?? []
  if (padding === undefined) throw unexpected('base64 in a string', json)
  const digits = json.length - padding.length
  if (digits % 4 === 1 || (padding !== '' && json.length % 4 !== 0)) throw unexpected('base64 of whole bytes', json)
  out.base64(json, Math.floor((digits * 3) / 4))
}

const scalars: Readonly<Record<string, (out: WireWriter, json: Json) => void>> = {
  double: (out, json) => out.double(double(json)),
  float: (out, json) => out.float(float(json)),
  int32: (out, json) => out.int32(int32(json)),
  uint32: (out, json) => out.uint32(uint32(json)),
  sint32: (out, json) => out.sint32(int32(json)),
  fixed32: (out, json) => out.fixed32(uint32(json)),
  sfixed32: (out, json) => out.fixed32(int32(json)),
  int64: long(integers.int64, varint),
  uint64: long(integers.uint64, varint),
  sint64: long(integers.int64, (out, low, high) => out.sint64(low, high)),
  fixed64: long(integers.uint64, fixed),
  sfixed64: long(integers.int64, fixed),
  bool(out, json) {
    if (typeof json !== 'boolean') throw unexpected('true or false', json)
    out.uint32(json ? 1 : 0)
  },
  string(out, json) {
    if (typeof json !== 'string') throw unexpected('a string', json)
    out.string(json)
  },
  bytes,
}

const enumWriter = (type: Enum, { unknownFields }: JsonStyle): WriteValue => {
  const { byName, byNumber, closed } = enumNames(type)
  return (out, json) => {
    const number = typeof json === 'string' ? byName.get(json) : enumNumber(type, json)
    if (number === undefined && typeof json === 'string' && unknownFields === 'ignore') return false
    if (number === undefined || (closed && !byNumber.has(number)))
      throw unexpected('the name or number of an enum value', json)
    out.int32(number)
    return true
  }
}

const enumNumber = (type: Enum, json: Json): number | undefined => {
  if (json === null) return isNullValue(type) ? 0 : undefined
  const number = isRawNumber(json) ? Number(json.rawJSON) : json
  return typeof number === 'number' && (number | 0) === number ? number | 0 : undefined
}
