import {
  type GraphQLNamedType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isEnumType,
  isInterfaceType,
  isNonNullType,
  isObjectType,
  isUnionType,
} from 'graphql'
import { nowhere, type Place, rootOf } from '../kernel/mask/path.ts'
import type { MaskRule } from '../kernel/mask/rule.ts'

/** What is no text whatever it becomes. */
const numeric = new Set(['Int', 'Float', 'Boolean'])

/**
 * Which fields of a schema a rule for a path applies to, whether to any value of it, and where it would break its types: what is removed has to
 * be nullable, and what becomes a text has to be one.
 */
export const reachIn = (
  schema: GraphQLSchema,
  rule: MaskRule,
): { readonly reaches: boolean; readonly fields: ReadonlySet<string>; readonly mistakes: readonly string[] } => {
  const mistakes = new Set<string>()
  const fields = new Set<string>()
  const seen = new Map<Place, Set<GraphQLNamedType>>()
  let reaches = false
  const judge = (coordinate: string, type: GraphQLOutputType): void => {
    reaches = true
    fields.add(coordinate)
    const named = getNamedType(type)
    if (rule.become === undefined) {
      if (isNonNullType(type)) mistakes.add(`${coordinate} is never null, so it cannot be removed. Give it a text.`)
    } else if (isObjectType(named) || isInterfaceType(named) || isUnionType(named))
      mistakes.add(`${coordinate} is an object, which is no text. Remove it, or name its fields.`)
    else if (isEnumType(named) || numeric.has(named.name))
      mistakes.add(`${coordinate} is of ${named.name}, which is no text. Remove it.`)
  }
  const visit = (type: GraphQLNamedType, place: Place): void => {
    if (place === nowhere) return
    const before = seen.get(place) ?? new Set()
    if (before.has(type)) return
    seen.set(place, before.add(type))
    if (isUnionType(type) || isInterfaceType(type))
      for (const possible of schema.getPossibleTypes(type)) visit(possible, place)
    // Of what is inside nobody knows.
    else if (type.name === 'JSON') reaches = true
    if (!isObjectType(type)) return
    for (const field of Object.values(type.getFields())) {
      const next = place.step(field.name)
      if (next.hit !== undefined) judge(`${type.name}.${field.name}`, field.type)
      else visit(getNamedType(field.type), next)
    }
  }
  const root = rootOf([rule])
  for (const type of [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()])
    if (type !== undefined && type !== null) visit(type, root)
  return { reaches, fields, mistakes: [...mistakes] }
}
