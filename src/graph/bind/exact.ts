import { type GraphQLNamedType, getNamedType, isAbstractType, isObjectType } from 'graphql'
import { readPathOf } from './context.ts'

/** Whether an answer of this type holds numbers that need more than exact integers: `Decimal` and `JSON` show every digit. */
export const needsAllDigits = (type: GraphQLNamedType, seen = new Set<GraphQLNamedType>()): boolean => {
  if (seen.has(type)) return false
  seen.add(type)
  if (type.name === 'Decimal' || type.name === 'JSON' || isAbstractType(type)) return true
  if (!isObjectType(type)) return false
  return Object.values(type.getFields()).some(
    (field) => readPathOf(field) !== undefined && needsAllDigits(getNamedType(field.type), seen),
  )
}
