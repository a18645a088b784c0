import protobuf, { type Field, type OneOf } from 'protobufjs'
import { type Direction, scalarOf } from './messages.ts'
import type { Part } from './parts.ts'
import { lowerCamel } from './words.ts'

/** The GraphQL name of a part that is known to have one. */
export type NameOf = (part: Part) => string

/** The type of a field's value, lists and nulls apart. */
export const namedType = (field: Field, { direction, nameOf }: { direction: Direction; nameOf: NameOf }): string => {
  const { resolvedType } = field
  const scalar = scalarOf(field, direction)
  if (scalar !== undefined || resolvedType === null) return scalar ?? 'JSON'
  return resolvedType instanceof protobuf.Enum
    ? nameOf({ kind: 'enum', type: resolvedType })
    : nameOf({ kind: 'message', type: resolvedType, direction })
}

/** Whether GraphQL takes a name as it is. */
export const isGraphqlName = (name: string): boolean => /^(?!__)[A-Za-z_]\w*$/.test(name)

/** The name of a field or oneof in GraphQL: its JSON name, or one as near as may be. */
export const graphqlName = (object: Field | OneOf): string => {
  const name = object instanceof protobuf.OneOf ? lowerCamel(object.name) : object.resolve().jsonName
  if (isGraphqlName(name)) return name
  const own = object instanceof protobuf.OneOf ? object.name : object.protoName
  return own.startsWith('__') ? `x${own}` : own
}
