import {
  type GraphQLField,
  type GraphQLOutputType,
  getNamedType,
  getNullableType,
  isListType,
  isObjectType,
} from 'graphql'
import protobuf from 'protobufjs'

/** What keeps a field from being a list of a map's entries; undefined where nothing does. */
export const entriesMistake = (type: GraphQLOutputType): string | undefined => {
  const entry = getNamedType(type)
  return isListType(getNullableType(type)) && isObjectType(entry) && valueOf(entry) && entry.getFields()['key']
    ? undefined
    : 'A map is a list of entries: give the field a list type of an object with `key` and `value`.'
}

/** The field `value` of an entry's type. */
export const valueOf = (entry: ReturnType<typeof getNamedType>): GraphQLField<unknown, unknown> | undefined =>
  isObjectType(entry) ? entry.getFields()['value'] : undefined

/** Whether a field of a message is a map. */
export const isMap = (field: protobuf.Field | undefined): boolean => field instanceof protobuf.MapField
