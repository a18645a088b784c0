import type { Enum, Field } from 'protobufjs'
import { enumNames, isNullValue } from '../enums.ts'
import { enumOf } from '../fields.ts'
import type { JsonStyle } from '../style.ts'
import type { Form, Read } from './forms.ts'

export type ValueContext<T> = { readonly style: JsonStyle; readonly form: Form<T> }

/** Reads one scalar or enum, without its tag. */
export const valueReader = <T>(field: Field, { form, style }: ValueContext<T>): Read<T> => {
  const enumType = enumOf(field)
  return enumType === undefined ? scalarReader(field.type, form) : enumReader(enumType, form, style)
}

export const scalarReader = <T>(scalar: string, { scalars }: Form<T>): Read<T> => {
  const read = scalars[scalar]
  if (read === undefined) throw new TypeError(`${scalar} is no scalar of protobuf`)
  return read
}

const enumReader = <T>(type: Enum, form: Form<T>, { enums }: JsonStyle): Read<T> => {
  const { byNumber } = enumNames(type)
  if (isNullValue(type)) {
    const nothingElse = form.constant(null)
    return (wire) => {
      wire.long()
      return nothingElse()
    }
  }
  const names = new Map(enums === 'number' ? [] : [...byNumber].map(([number, name]) => [number, form.constant(name)]))
  return (wire) => {
    const number = wire.int32()
    const name = names.get(number)
    return name === undefined ? form.of(number) : name()
  }
}

/** What a field without presence holds when nothing was sent. */
export const zeroOf = (field: Field, { enums }: JsonStyle) => {
  const enumType = enumOf(field)
  if (enumType === undefined) return scalarZero(field.type)
  if (isNullValue(enumType)) return null
  const number = Object.values(enumType.values)[0] ?? 0
  return enums === 'number' ? number : (enumNames(enumType).byNumber.get(number) ?? number)
}

export const scalarZero = (scalar: string): string | number | boolean => {
  if (scalar === 'bool') return false
  if (scalar === 'string' || scalar === 'bytes') return ''
  return scalar.endsWith('64') ? '0' : 0
}
