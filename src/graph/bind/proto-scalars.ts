import protobuf from 'protobufjs'

/** What may stand at a place of a message: a message, an enum, or a scalar's name. */
export type ProtoType = protobuf.Type | protobuf.Enum | string

/** Scalars whose values we know; an author's own scalar takes anything. */
export const builtIn: ReadonlySet<string> = new Set([
  'Int',
  'Float',
  'String',
  'Boolean',
  'ID',
  'Int64',
  'UInt64',
  'UInt32',
  'Decimal',
  'DateTime',
  'Duration',
  'Bytes',
  'JSON',
])

/** The full name of a proto type, as its file writes it. */
export const nameOf = (message: ProtoType): string =>
  typeof message === 'string' ? message : message.fullName.slice(1)

const scalars: Readonly<Record<string, readonly string[]>> = {
  string: ['String', 'ID', 'DateTime', 'Decimal'],
  bool: ['Boolean'],
  int32: ['Int', 'ID'],
  sint32: ['Int', 'ID'],
  sfixed32: ['Int', 'ID'],
  uint32: ['UInt32', 'Int64', 'UInt64', 'Float', 'ID'],
  fixed32: ['UInt32', 'Int64', 'UInt64', 'Float', 'ID'],
  int64: ['Int64', 'ID', 'String'],
  sint64: ['Int64', 'ID', 'String'],
  sfixed64: ['Int64', 'ID', 'String'],
  uint64: ['UInt64', 'ID', 'String'],
  fixed64: ['UInt64', 'ID', 'String'],
  float: ['Float'],
  double: ['Float'],
  bytes: ['Bytes', 'String'],
}

const wellKnown: Readonly<Record<string, readonly string[]>> = {
  Timestamp: ['DateTime', 'String'],
  Duration: ['Duration', 'String'],
  FieldMask: ['String'],
  StringValue: ['String', 'ID'],
  BoolValue: ['Boolean'],
  Int32Value: ['Int', 'ID'],
  UInt32Value: ['UInt32', 'Int64', 'UInt64', 'Float'],
  Int64Value: ['Int64', 'ID', 'String'],
  UInt64Value: ['UInt64', 'ID', 'String'],
  FloatValue: ['Float'],
  DoubleValue: ['Float'],
  BytesValue: ['Bytes', 'String'],
  Struct: ['JSON'],
  Value: ['JSON'],
  ListValue: ['JSON'],
  Any: ['JSON'],
  Empty: ['JSON'],
}

/** Scalars that can hold a proto type's ProtoJSON without loss. */
export const scalarsFor = (message: ProtoType): readonly string[] => {
  if (typeof message === 'string') return scalars[message] ?? []
  if (message instanceof protobuf.Enum) return message.fullName === '.google.protobuf.NullValue' ? ['JSON'] : ['String']
  return message.fullName.startsWith('.google.protobuf.') ? (wellKnown[message.name] ?? []) : ['JSON']
}
