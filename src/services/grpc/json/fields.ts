import protobuf, { type Enum, type Field, type OneOf, type Type } from 'protobufjs'
import type { JsonStyle } from './style.ts'

/** How deep messages may lie inside of one another, both ways. Services stop there too: it is protobuf's own default. */
export const deepest = 100

/** A field by its JSON name or its proto name, as ProtoJSON accepts both. */
export const fieldOf = (type: Type, name: string): Field | undefined =>
  ownFields(type).find((field) => field.jsonName === name || field.protoName === name)

/** The JSON names of a message's fields, in the order of the file. */
export const jsonNames = (type: Type): readonly string[] => ownFields(type).map(({ jsonName }) => jsonName)

const ownFields = (type: Type): readonly Field[] => fieldsOf(type).filter((field) => !isExtension(field))

/** Every field of a message, extensions too, resolved, in the order of the file. */
export const fieldsOf = (type: Type): readonly Field[] => type.fieldsArray.map((field) => field.resolve())

/** protobufjs puts extensions among the fields of what they extend, under their full names. */
const isExtension = (field: Field): boolean => field.declaringField !== null

/** What a field is called in JSON: `unitPrice`, `unit_price`, or `[pkg.extension]`. */
export const nameOf = (field: Field, names: JsonStyle['names']): string =>
  isExtension(field) ? extensionName(field) : names === 'json' ? field.jsonName : field.protoName

/** Every name a field is accepted under. */
export const namesOf = (field: Field): readonly string[] =>
  isExtension(field) ? [extensionName(field)] : [field.jsonName, field.protoName]

const extensionName = ({ declaringField }: Field): string => {
  const { parent, name, protoName } = declaringField as Field
  const scope = parent === null ? '' : parent.fullName
  return `[${scope === '' ? '' : `${scope.slice(1)}.`}${protoName ?? name}]`
}

/** Whether a default and an absent value are the same: no message, list or map, and nothing `optional`. */
export const isImplicit = (field: Field): boolean =>
  !field.repeated && !field.map && !field.hasPresence && !(field.resolvedType instanceof protobuf.Type)

/** Whether a message stands on the wire between two tags instead of behind its length (proto2 groups). */
export const isDelimited = (field: Field): boolean => field.resolvedType instanceof protobuf.Type && field.delimited

/** The oneof of a field that has others in it. */
export const oneofOf = ({ partOf }: Field): OneOf | undefined =>
  partOf !== null && partOf.fieldsArray.length > 1 ? partOf : undefined

/** The enum of a field, and undefined for others. */
export const enumOf = ({ resolvedType }: Field): Enum | undefined =>
  resolvedType instanceof protobuf.Enum ? resolvedType : undefined

/** The message type of a field, and undefined for others. */
export const messageOf = ({ resolvedType }: Field): Type | undefined =>
  resolvedType instanceof protobuf.Type ? resolvedType : undefined

export type MapOf = { readonly keyType: string }

/** What a map has that other fields have not. */
export const mapOf = (field: Field): MapOf | undefined => (field instanceof protobuf.MapField ? field : undefined)

/** How scalars stand on the wire (https://protobuf.dev/programming-guides/encoding/#structure). */
const wireTypes: Readonly<Record<string, number>> = {
  double: 1,
  fixed64: 1,
  sfixed64: 1,
  string: 2,
  bytes: 2,
  float: 5,
  fixed32: 5,
  sfixed32: 5,
}

export const lengthDelimited = 2

/** The wire type of one value of a field. */
export const wireTypeOf = (field: Field): number =>
  messageOf(field) === undefined ? wireTypeOfScalar(field.type) : isDelimited(field) ? 3 : lengthDelimited

export const wireTypeOfScalar = (scalar: string): number => wireTypes[scalar] ?? 0

export const tagOf = (number: number, wireType: number): number => ((number << 3) | wireType) >>> 0
