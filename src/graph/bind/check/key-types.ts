import { type GraphQLObjectType, getNamedType } from 'graphql'
import protobuf from 'protobufjs'
import type { BatchKey } from '../../graph.ts'
import { nameOf, type ProtoType } from '../proto-scalars.ts'

/** What stands at the path of `match`. */
type Matched = { readonly type: ProtoType; readonly field: { readonly repeated: boolean } | undefined }

/**
 * Why no value at the path of `match` can equal a value of the key; undefined where one may. Keys are compared as
 * texts, so that 7 equals "7": only what has no such text, or texts of another form, is refused.
 */
export const neverEqual = (owner: GraphQLObjectType, key: BatchKey, { type, field }: Matched): string | undefined => {
  const path = key.match.join('.')
  const one = field?.repeated === true ? `a list of ${nameOf(type)}` : nameOf(type)
  const known = owner.getFields()[key.name]
  const named = known && getNamedType(known.type).name
  const comparable =
    field?.repeated !== true &&
    (type instanceof protobuf.Type ? type.fullName.startsWith('.google.protobuf.') : true) &&
    fits(named ?? 'ID', type)
  return comparable
    ? undefined
    : `\`match\`: ${path} is ${one}, which never equals the key ${owner.name}.${key.name}, a value of ${named ?? 'another type'}. Name the field of an item that holds the key.`
}

const fits = (scalar: string, type: ProtoType): boolean => {
  if (type instanceof protobuf.Enum) return !['Boolean', 'Int', 'Float', 'DateTime'].includes(scalar)
  if (typeof type !== 'string') return true
  if (type === 'bool') return scalar === 'Boolean'
  if (scalar === 'Boolean') return false
  return type === 'string' || type === 'bytes' || !['DateTime', 'Duration', 'Bytes'].includes(scalar)
}
