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

/** One field on the way from a root to a type, and the object type that it is a field of. */
export type Turn = { readonly type: GraphQLObjectType; readonly field: GraphQLField<unknown, unknown> }

/** How a type comes to stand below a list. */
export type UnderList = {
  /** The coordinate of the first list on the way. */
  readonly list: string
  /** From a root on, as short as there is. */
  readonly turns: readonly Turn[]
}

/** Object types that stand below some list, each with the shortest way there. */
export const typesUnderLists = ({ schema, fields }: Graph): ReadonlyMap<GraphQLObjectType, UnderList> => {
  const under = new Map<GraphQLObjectType, UnderList>()
  const plain = new Set<GraphQLObjectType>()
  type Visit = { readonly type: GraphQLObjectType; readonly list: string | undefined; readonly turns: readonly Turn[] }
  let level: Visit[] = rootTypes(schema).map((type) => ({ type, list: undefined, turns: [] }))
  while (level.length > 0) {
    const next: Visit[] = []
    for (const { type, list, turns } of level) {
      if (list === undefined ? plain.has(type) : under.has(type)) continue
      if (list === undefined) plain.add(type)
      else under.set(type, { list, turns })
      for (const field of Object.values(type.getFields())) {
        const coordinate = `${type.name}.${field.name}`
        if (fields.get(coordinate)?.source === undefined) continue
        const below = list ?? (isListType(getNullableType(field.type)) ? coordinate : undefined)
        for (const member of membersOf(schema, field))
          next.push({ type: member, list: below, turns: [...turns, { type, field }] })
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

/** The smallest operation that asks for the last field of a way; undefined where clients cannot see a field of it. */
export const queryOf = (schema: GraphQLSchema, turns: readonly Turn[]): string | undefined => {
  const [root] = turns
  const kind = root && rootKind(schema, root.type)
  if (kind === undefined || turns.some(({ field }) => directiveOf('internal', field.astNode) !== undefined))
    return undefined
  const variables = new Map<string, string>()
  const last = turns.at(-1)
  let body = last !== undefined && isCompositeType(getNamedType(last.field.type)) ? ' { __typename }' : ''
  for (const [index, { type, field }] of [...turns.entries()].toReversed()) {
    const given = field.args.filter(isRequiredArgument).map((argument) => {
      const name = variables.has(argument.name) ? `${argument.name}${variables.size}` : argument.name
      variables.set(name, String(argument.type))
      return `${argument.name}: $${name}`
    })
    const before = turns[index - 1]
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
