import protobuf, { type Field } from 'protobufjs'
import type { Json } from '../../kernel/json.ts'
import { Problem } from '../../kernel/problem.ts'
import { shortened } from '../../kernel/shortened.ts'

/** The text of a path or query as the JSON its field takes. What the codec can judge is left to it. */
export type TextValue = (text: string) => Json

/**
 * How one value of a field is read from text: scalars, enums by name or number, wrappers as their value,
 * Timestamp, Duration and FieldMask in their JSON form. Undefined for other messages, which no text can hold.
 */
export const textValue = (field: Field): TextValue | undefined => {
  const { resolvedType, type } = field.resolve()
  if (field.map) return undefined
  if (resolvedType instanceof protobuf.Enum) return enumValue(resolvedType.fullName)
  if (resolvedType instanceof protobuf.Type) return messageValue(resolvedType)
  if (type === 'bool') return boolValue(field.name)
  return type === 'bytes' ? bytesValue : asIs
}

/** ProtoJSON takes every number as a string, and says which are none. */
const asIs: TextValue = (text) => text

const enumValue = (name: string): TextValue =>
  name === '.google.protobuf.NullValue' ? () => null : (text) => (/^-?\d{1,10}$/.test(text) ? Number(text) : text)

const boolValue =
  (name: string): TextValue =>
  (text) => {
    if (text === 'true') return true
    if (text === 'false') return false
    throw new Problem('INVALID_ARGUMENT', `${name}: expected true or false, got ${quoted(text)}`)
  }

/** A plus sign of base64 that was not escaped has become a space on its way. */
const bytesValue: TextValue = (text) => text.replaceAll(' ', '+')

/** Paths are written in either case; JSON has lowerCamel ones. */
const maskValue: TextValue = (text) => text.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

const wrapper = /^\.google\.protobuf\.(?:Double|Float|U?Int(?:32|64)|Bool|String|Bytes)Value$/

const messageValue = ({ fullName, fields }: protobuf.Type): TextValue | undefined => {
  if (fullName === '.google.protobuf.Timestamp' || fullName === '.google.protobuf.Duration') return asIs
  if (fullName === '.google.protobuf.FieldMask') return maskValue
  const inner = wrapper.test(fullName) ? fields['value'] : undefined
  return inner === undefined ? undefined : textValue(inner)
}

/** A client's own text, quoted and not longer than an error should be. */
export const quoted = (text: string): string => JSON.stringify(shortened(text))
