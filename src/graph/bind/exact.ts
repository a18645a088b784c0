import { type GraphQLNamedType, getNamedType, isAbstractType, isObjectType } from 'graphql'
import { readPathOf } from './context.ts'

/** Whether an answer of this type holds numbers that need more than exact integers: `Decimal` and `JSON` show every digit. */
export const needsAllDigits = (asked: GraphQLNamedType): boolean => {
  // Each type once, and no recursion: schemas may be large and deep.
  const seen = new Set<GraphQLNamedType>([asked])
  for (const type of seen) {
    if (type.name === 'Decimal' || type.name === 'JSON' || isAbstractType(type)) return true
    if (!isObjectType(type)) continue
    for (const field of Object.values(type.getFields()))
      if (readPathOf(field) !== undefined) seen.add(getNamedType(field.type))
  }
  return false
}
