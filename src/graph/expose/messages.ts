import protobuf, { type Field, type OneOf } from 'protobufjs'
import { fieldBehaviors, isAsked, isDemanded } from '../../services/grpc/protos/annotations.ts'

type Type = protobuf.Type
type Enum = protobuf.Enum

/** Whether a message is asked with or answered: what shows of it differs. */
export type Direction = 'in' | 'out'

const basic: Readonly<Record<string, string>> = {
  string: 'String',
  bool: 'Boolean',
  int32: 'Int',
  sint32: 'Int',
  sfixed32: 'Int',
  uint32: 'UInt32',
  fixed32: 'UInt32',
  int64: 'Int64',
  sint64: 'Int64',
  sfixed64: 'Int64',
  uint64: 'UInt64',
  fixed64: 'UInt64',
  float: 'Float',
  double: 'Float',
  bytes: 'Bytes',
}

/** Messages that ProtoJSON writes in a form of their own, as the scalar that holds it. */
const wellKnown: Readonly<Record<string, string>> = {
  Timestamp: 'DateTime',
  Duration: 'Duration',
  FieldMask: 'String',
  StringValue: 'String',
  BoolValue: 'Boolean',
  Int32Value: 'Int',
  UInt32Value: 'UInt32',
  Int64Value: 'Int64',
  UInt64Value: 'UInt64',
  FloatValue: 'Float',
  DoubleValue: 'Float',
  BytesValue: 'Bytes',
  Struct: 'JSON',
  Value: 'JSON',
  ListValue: 'JSON',
  Any: 'JSON',
  Empty: 'JSON',
  NullValue: 'JSON',
}

/** The scalar a well-known type is in GraphQL; undefined for every other message or enum. */
export const wellKnownScalar = (type: Type | Enum): string | undefined =>
  type.fullName === `.google.protobuf.${type.name}` && Object.hasOwn(wellKnown, type.name)
    ? wellKnown[type.name]
    : undefined

/** The scalar a field's value is in GraphQL; undefined for enums and for messages that are types of their own. */
export const scalarOf = (field: Field, direction: Direction): string | undefined => {
  const { resolvedType } = field
  if (resolvedType === null) return basic[field.type] ?? 'JSON'
  const scalar = wellKnownScalar(resolvedType)
  if (scalar !== undefined || resolvedType instanceof protobuf.Enum) return scalar
  // A GraphQL type has fields; a message without any is `{}`, which only JSON can say.
  return shownFields(resolvedType, direction).length === 0 ? 'JSON' : undefined
}

/**
 * The fields of a message that show: without extensions, which have no name in GraphQL, without what only the
 * service writes when asking, and without what it never answers (`google.api.field_behavior`, google.aip.dev/203).
 */
export const shownFields = (type: Type, direction: Direction): readonly Field[] => {
  return type.fieldsArray
    .map((field) => field.resolve())
    .filter((field) => !field.name.startsWith('.'))
    .filter((field) =>
      direction === 'in'
        ? isAsked(field)
        : !fieldBehaviors(field).includes('INPUT_ONLY') && !field.jsonName.includes('.'),
    )
}

/** Whether a service refuses a request without the field. */
export const isRequired = (field: Field): boolean => partOf(field) === undefined && isDemanded(field)

/** The oneof a field is a case of; not the one that proto3 makes of an optional field. */
export const partOf = ({ partOf: oneof }: Field): OneOf | undefined =>
  oneof === null || oneof.isProto3Optional ? undefined : oneof

/** Whether a map is a list of entries: where its values are types of their own. JSON holds the others. */
export const hasEntries = (field: Field, direction: Direction): boolean =>
  field.map && field.resolvedType instanceof protobuf.Type && scalarOf(field, direction) === undefined
