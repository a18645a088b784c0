import { type GraphQLObjectType, getNamedType, getNullableType, isListType, isObjectType, isUnionType } from 'graphql'
import type { Graph, Source } from '../graph.ts'
import { rootTypes } from '../roots.ts'
import { type BindContext, report, warn } from './context.ts'

/**
 * A binding under a list must say how it copes with many parents; silence would be one call for each.
 * "Under a list" is reachability in the schema, so that no later operation can bring the surprise.
 */
export const checkLists = (context: BindContext, graph: Graph): void => {
  const under = typesUnderLists(graph)
  for (const [coordinate, { source }] of graph.fields) {
    const type = context.schema.getType(coordinate.split('.')[0] ?? '')
    if (!isObjectType(type)) continue
    const path = under.get(type)
    const field = type.getFields()[coordinate.split('.')[1] ?? '']
    const node = field?.astNode
    if (field === undefined || node === undefined || node === null) continue
    if (
      source.kind === 'call' &&
      path !== undefined &&
      source.binding.batch === undefined &&
      source.binding.fanout === undefined
    )
      report(context, node, coordinate, {
        code: 'PORTICO-401',
        message: `${coordinate} is reached under a list (${path}), so it would make one call for each item. Say \`batch\` where the service takes many keys, or \`fanout: n\` for at most n calls.`,
      })
    const most = source.kind === 'call' ? source.binding.fanout : undefined
    const assumed = path === undefined ? undefined : graph.fields.get(path)?.listSize?.assumedSize
    if (most !== undefined && assumed !== undefined && assumed > most)
      warn(context, node, coordinate, {
        code: 'PORTICO-404',
        message: `${coordinate} is asked for at most ${most} parents, but ${path} may have ${assumed} items, and those past it get an error. Raise \`fanout\`, lower @listSize, or batch.`,
      })
    const many = path ?? (isListType(getNullableType(field.type)) ? coordinate : undefined)
    if (
      source.kind === 'load' &&
      many !== undefined &&
      source.entity.binding.batch === undefined &&
      source.entity.binding.fanout === undefined
    )
      report(context, node, coordinate, {
        code: 'PORTICO-401',
        message: `${coordinate} loads ${source.entity.type} under a list (${many}), and its loader takes one key a call. Give the loader \`batch\`, or \`fanout: n\` for at most n calls.`,
      })
    if (
      isListType(getNullableType(field.type)) &&
      hasCallsBelow(context, field.type) &&
      graph.fields.get(coordinate)?.listSize === undefined &&
      !isSized(graph, coordinate)
    )
      warn(context, node, coordinate, {
        code: 'PORTICO-402',
        message: `${coordinate} is a list of unknown size with calls below it; @listSize says how long it may get.`,
      })
  }
}

const isSized = (graph: Graph, coordinate: string): boolean => {
  const name = coordinate.split('.')[1] ?? ''
  return [...graph.fields.values()].some(({ listSize }) => listSize?.sizedFields.includes(name))
}

const hasCallsBelow = ({ schema }: BindContext, type: Parameters<typeof getNamedType>[0]): boolean => {
  const named = getNamedType(type)
  return (
    isObjectType(named) &&
    schema.getType(named.name) !== undefined &&
    Object.values(named.getFields()).some(({ astNode }) =>
      astNode?.directives?.some(({ name }) => ['rest', 'grpc', 'load'].includes(name.value)),
    )
  )
}

/** Object types that stand below some list, with the first such list as it is reached. */
const typesUnderLists = ({ schema, fields }: Graph): ReadonlyMap<GraphQLObjectType, string> => {
  const under = new Map<GraphQLObjectType, string>()
  const seen = new Set<GraphQLObjectType>()
  const visit = (type: GraphQLObjectType, list: string | undefined): void => {
    if (list === undefined ? seen.has(type) : under.has(type)) return
    seen.add(type)
    if (list !== undefined) under.set(type, list)
    for (const field of Object.values(type.getFields())) {
      const coordinate = `${type.name}.${field.name}`
      const source: Source | undefined = fields.get(coordinate)?.source
      if (source === undefined) continue
      const named = getNamedType(field.type)
      const members = isObjectType(named)
        ? [named]
        : isUnionType(named)
          ? named.getTypes()
          : schema.getPossibleTypes(named as never)
      const below = list ?? (isListType(getNullableType(field.type)) ? coordinate : undefined)
      for (const member of members ?? []) visit(member, below)
    }
  }
  for (const root of rootTypes(schema)) visit(root, undefined)
  return under
}
