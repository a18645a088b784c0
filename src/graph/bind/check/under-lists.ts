import {
  type GraphQLField,
  type GraphQLObjectType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isAbstractType,
  isCompositeType,
  isListType,
  isObjectType,
  isRequiredArgument,
} from 'graphql'
import { directiveOf } from '../../directives.ts'
import type { Graph } from '../../graph.ts'
import { rootKind, rootTypes } from '../../roots.ts'

/** One field on the way from a root to a type, the object type that it is a field of, and what goes before it. */
export type Turn = {
  readonly type: GraphQLObjectType
  readonly field: GraphQLField<unknown, unknown>
  readonly before: Turn | undefined
}

/** How a type comes to stand below a list. */
export type UnderList = {
  /** The coordinate of the first list on the way. */
  readonly list: string
  /** The last field of the shortest way there. */
  readonly last: Turn | undefined
}

/** Object types that stand below some list, each with the shortest way there. */
export const typesUnderLists = ({ schema, fields }: Graph): ReadonlyMap<GraphQLObjectType, UnderList> => {
  const under = new Map<GraphQLObjectType, UnderList>()
  const plain = new Set<GraphQLObjectType>()
  type Visit = { readonly type: GraphQLObjectType; readonly list: string | undefined; readonly last: Turn | undefined }
  let level: Visit[] = rootTypes(schema).map((type) => ({ type, list: undefined, last: undefined }))
  while (level.length > 0) {
    const next: Visit[] = []
    for (const { type, list, last } of level) {
      if (list === undefined ? plain.has(type) : under.has(type)) continue
      if (list === undefined) plain.add(type)
      else under.set(type, { list, last })
      for (const field of Object.values(type.getFields())) {
        const coordinate = `${type.name}.${field.name}`
        if (fields.get(coordinate)?.source === undefined) continue
        const below = list ?? (isListType(getNullableType(field.type)) ? coordinate : undefined)
        for (const member of membersOf(schema, field))
          next.push({ type: member, list: below, last: { type, field, before: last } })
      }
    }
    level = next
  }
  return under
}

/** The object types that a field may answer. */
export const membersOf = (
  schema: GraphQLSchema,
  field: GraphQLField<unknown, unknown>,
): readonly GraphQLObjectType[] => {
  const named = getNamedType(field.type)
  if (isObjectType(named)) return [named]
  return isAbstractType(named) ? schema.getPossibleTypes(named) : []
}

/** Longer ones nobody reads. */
const mostTurns = 20

/** The smallest operation that asks for a field; undefined where clients cannot see a field on the way, or it is long. */
export const queryOf = (schema: GraphQLSchema, last: Turn): string | undefined => {
  const turns: Turn[] = []
  for (let at: Turn | undefined = last; at !== undefined && turns.length <= mostTurns; at = at.before) turns.unshift(at)
  const [root] = turns
  const kind = root && rootKind(schema, root.type)
  const hidden = turns.some(({ field }) => directiveOf('internal', field.astNode) !== undefined)
  if (kind === undefined || hidden || turns.length > mostTurns) return undefined
  const variables = new Map<string, string>()
  let body = isCompositeType(getNamedType(last.field.type)) ? ' { __typename }' : ''
  for (const { type, field, before } of turns.toReversed()) {
    const given = field.args.filter(isRequiredArgument).map((argument) => {
      const name = variables.has(argument.name) ? `${argument.name}${variables.size}` : argument.name
      variables.set(name, String(argument.type))
      return `${argument.name}: $${name}`
    })
    const selected = `${field.name}${listed(given)}${body}`
    body =
      before !== undefined && getNamedType(before.field.type) !== type
        ? ` { ... on ${type.name} { ${selected} } }`
        : ` { ${selected} }`
  }
  const head = `${kind}${listed(
    [...variables].map(([name, type]) => `$${name}: ${type}`),
    ' ',
  )}`
  return head === 'query' ? body.trim() : `${head}${body}`
}

const listed = (items: readonly string[], before = ''): string =>
  items.length === 0 ? '' : `${before}(${items.join(', ')})`
