import protobuf, { type Field, type Type } from 'protobufjs'
import { isRawNumber, type Json, type RawNumber } from '../../../kernel/json.ts'
import { fieldOf } from './fields.ts'

/**
 * A request without raw numbers, which protobufjs does not know: as exact digits where the field holds an
 * integer, as a double elsewhere. A request that has none comes back as it is.
 */
export const plainNumbers = (json: Json, type: Type): Json => (hasRaw(json) ? plainMessage(json, type) : json)

const hasRaw = (json: Json): boolean => {
  if (typeof json !== 'object' || json === null) return false
  if (isRawNumber(json)) return true
  return Object.values(json).some(hasRaw)
}

const integers = /^(?:u?int|sint|s?fixed)(?:32|64)$/
const wrappers = /^\.google\.protobuf\.\w+Value$/

const plainMessage = (json: Json, type: Type): Json => {
  const wrapped = wrappers.test(type.fullName) ? type.fields['value'] : undefined
  if (wrapped !== undefined) return plainValue(json, wrapped)
  if (typeof json !== 'object' || json === null) return json
  if (isRawNumber(json)) return Number(json.rawJSON)
  if (Array.isArray(json)) return (json as readonly Json[]).map((item) => plainMessage(item, type))
  const fields = Object.entries(json as { readonly [key: string]: Json }).map(([key, value]): [string, Json] => {
    const field = fieldOf(type, key)
    return [key, field === undefined ? untyped(value) : plainField(value, field)]
  })
  return Object.fromEntries(fields)
}

const plainField = (json: Json, field: Field): Json => {
  if (typeof json !== 'object' || json === null || isRawNumber(json)) return plainValue(json, field)
  if (Array.isArray(json) && field.repeated) return (json as readonly Json[]).map((item) => plainValue(item, field))
  if (!field.map) return plainValue(json, field)
  const entries = Object.entries(json as { readonly [key: string]: Json })
  return Object.fromEntries(entries.map(([key, value]) => [key, plainValue(value, field)]))
}

const plainValue = (json: Json, field: Field): Json => {
  if (field.resolvedType instanceof protobuf.Type) return plainMessage(json, field.resolvedType)
  if (isRawNumber(json)) return integers.test(field.type) ? digits(json) : Number(json.rawJSON)
  return untyped(json)
}

/** Values of Struct and Any, and what no field takes. */
const untyped = (json: Json): Json => {
  if (typeof json !== 'object' || json === null) return json
  if (isRawNumber(json)) return Number(json.rawJSON)
  if (Array.isArray(json)) return (json as readonly Json[]).map(untyped)
  const entries = Object.entries(json as { readonly [key: string]: Json })
  return Object.fromEntries(entries.map(([key, value]) => [key, untyped(value)]))
}

/** The digits of an integer however it was written (`1e3`, `9007199254740993.0`); a double where it is none, to be refused. */
const digits = ({ rawJSON }: RawNumber): Json => {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(rawJSON) ?? []
  const shift = Number(exponent)
  if (Math.abs(shift) > 40) return Number(rawJSON)
  const all = whole + fraction
  const point = whole.length + shift
  const integer = point <= 0 ? '0' : all.slice(0, point).padEnd(point, '0')
  const rest = point <= 0 ? all : all.slice(point)
  return /[^0]/.test(rest) ? Number(rawJSON) : sign + integer
}
