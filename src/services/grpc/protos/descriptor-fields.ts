import protobuf, { type Field, type MapField } from 'protobufjs'
import type { Building, Spot } from './building.ts'
import { type FieldDescriptor, isSet, type MessageDescriptor } from './descriptor-schema.ts'
import { isFullName } from './identifiers.ts'

type Within = {
  readonly building: Building
  readonly spot: Spot
  /** The entry messages of maps beside it, by their full names with the leading dot. */
  readonly entries: ReadonlyMap<string, MessageDescriptor>
}

/** A field or an extension; undefined, and reported, where it is none that there can be. */
export const buildField = (
  descriptor: FieldDescriptor,
  { building, spot, entries }: Within,
): Field | MapField | undefined => {
  const { name, number, extendee } = descriptor
  if (!building.named(spot, name)) return undefined
  const refuse = (message: string): undefined => {
    building.report(spot, name, message)
    return undefined
  }
  if (!(number >= 1 && number <= maxNumber)) return refuse(`${number} is no number that a field can have.`)
  if (extendee !== '' && !isFullName(extendee)) return refuse('The name of what it extends is none of a message.')
  const entry = descriptor.label === repeated ? entries.get(descriptor.typeName) : undefined
  const made = entry === undefined ? plainField(descriptor) : mapField(descriptor, entry)
  if (typeof made === 'string') return refuse(made)
  const named: (Field | MapField) & { protoName?: string; jsonName?: string } = made
  named.protoName = name
  if (isSet(descriptor, 'jsonName')) named.jsonName = descriptor.jsonName
  const field = building.dress(made, { spot, options: descriptor.options, kind: 'FieldOptions' })
  const value = isSet(descriptor, 'defaultValue') ? defaultOf(field.type, descriptor.defaultValue) : undefined
  if (value !== undefined) field.setOption('default', value)
  if (descriptor.proto3Optional) field.setOption('proto3_optional', true)
  return field
}

const maxNumber = 536_870_911 // 2^29 - 1
const required = 2
const repeated = 3
const group = 10

/** As texts have it: lowerCamel, whatever the name for JSON is. */
const nameOf = ({ name, type, typeName }: FieldDescriptor): string =>
  type === group ? protobuf.util.lcFirst(typeName.split('.').at(-1) ?? name) : protobuf.util.camelCase(name)

const plainField = (descriptor: FieldDescriptor): Field | string => {
  const type = typeOf(descriptor)
  if (type === undefined) return 'Its type is none that there is.'
  const rule = descriptor.label === repeated ? 'repeated' : descriptor.label === required ? 'required' : undefined
  return new protobuf.Field(nameOf(descriptor), descriptor.number, type, rule, descriptor.extendee || undefined)
}

const mapField = (descriptor: FieldDescriptor, entry: MessageDescriptor): MapField | string => {
  const [key, value] = [1, 2].map((number) => entry.field.find((field) => field.number === number))
  const keyType = key === undefined ? undefined : typeOf(key)
  const type = value === undefined ? undefined : typeOf(value)
  if (keyType === undefined || !Object.hasOwn(protobuf.types.mapKey, keyType))
    return 'Its keys are of no type that keys can have.'
  if (type === undefined) return 'Its values are of no type that there is.'
  return new protobuf.MapField(nameOf(descriptor), descriptor.number, keyType, type)
}

/** A scalar's name, or the full name of a message or enum; undefined for what there is not. */
const typeOf = ({ type, typeName }: FieldDescriptor): string | undefined =>
  typeName === '' ? scalars[type] : isFullName(typeName) ? typeName : undefined

/** google.protobuf.FieldDescriptorProto.Type, without those that have a name. */
const scalars: Readonly<Record<number, string>> = {
  1: 'double',
  2: 'float',
  3: 'int64',
  4: 'uint64',
  5: 'int32',
  6: 'fixed64',
  7: 'fixed32',
  8: 'bool',
  9: 'string',
  12: 'bytes',
  13: 'uint32',
  15: 'sfixed32',
  16: 'sfixed64',
  17: 'sint32',
  18: 'sint64',
}

/** A default of proto2 as a text would have it; undefined for one that is not of the type. */
const defaultOf = (type: string, text: string): string | number | boolean | undefined => {
  switch (type) {
    case 'double':
    case 'float':
      return specialFloats.get(text.toLowerCase()) ?? (Number.isNaN(Number(text)) ? undefined : Number(text))
    case 'bool':
      return text === 'true'
    case 'string':
      return text
    case 'bytes':
      return unescaped(text)
    default:
      if (!Object.hasOwn(protobuf.types.basic, type)) return text // the name of an enum's value
      if (!/^-?\d{1,20}$/.test(text)) return undefined
      return type.endsWith('64') ? text : Number(text)
  }
}

const specialFloats = new Map([
  ['inf', Number.POSITIVE_INFINITY],
  ['-inf', Number.NEGATIVE_INFINITY],
  ['nan', Number.NaN],
])

/** Bytes are escaped as in C. */
const unescaped = (text: string): string =>
  text.replaceAll(/\\([0-7]{1,3}|x[0-9a-fA-F]{1,2}|.)/g, (_, escape: string) => {
    if (/^[0-7]/.test(escape)) return String.fromCharCode(Number.parseInt(escape, 8) & 255)
    if (escape.startsWith('x') && escape.length > 1) return String.fromCharCode(Number.parseInt(escape.slice(1), 16))
    return simpleEscapes.get(escape) ?? escape
  })

const simpleEscapes = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
])
