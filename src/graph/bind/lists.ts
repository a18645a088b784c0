import { getNamedType, getNullableType, isListType, isObjectType } from 'graphql'
import type { Graph } from '../graph.ts'
import { fieldsThatRecur } from './check/recursion.ts'
import { queryOf, typesUnderLists } from './check/under-lists.ts'
import { type BindContext, report, warn } from './context.ts'

/**
 * A binding under a list must say how it copes with many parents; silence would be one call for each.
 * "Under a list" is reachability in the schema, so that no later operation can bring the surprise.
 */
export const checkLists = (context: BindContext, graph: Graph): void => {
  const under = typesUnderLists(graph)
  const sized = new Set([...graph.fields.values()].flatMap(({ listSize }) => listSize?.sizedFields ?? []))
  const recurring = fieldsThatRecur(graph)
  for (const [coordinate, { source }] of graph.fields) {
    const type = context.schema.getType(coordinate.split('.')[0] ?? '')
    if (!isObjectType(type)) continue
    const way = under.get(type)
    const path = way?.list
    const field = type.getFields()[coordinate.split('.')[1] ?? '']
    const node = field?.astNode
    if (field === undefined || node === undefined || node === null) continue
    const shown = (): string => {
      const asked = queryOf(context.schema, { type, field, before: way?.last })
      return asked === undefined ? '' : ` This shows it: ${asked}`
    }
    if (
      source.kind === 'call' &&
      path !== undefined &&
      source.binding.batch === undefined &&
      source.binding.fanout === undefined
    )
      report(context, node, coordinate, {
        code: 'PORTICO-401',
        message: `${coordinate} is reached under a list (${path}), so it would make one call for each item. Say \`batch\` where the service takes many keys, or \`fanout: n\` for at most n calls.${shown()}`,
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
        message: `${coordinate} loads ${source.entity.type} under a list (${many}), and its loader takes one key a call. Give the loader \`batch\`, or \`fanout: n\` for at most n calls.${shown()}`,
      })
    if (!isListType(getNullableType(field.type)) || graph.fields.get(coordinate)?.listSize || sized.has(field.name))
      continue
    if (recurring.has(coordinate))
      warn(context, node, coordinate, {
        code: 'PORTICO-312',
        message: `${coordinate} is a list of unknown size that leads back to ${type.name}, and each turn multiplies the calls; @listSize says how long it may get.`,
      })
    else if (hasCallsBelow(context, field.type))
      warn(context, node, coordinate, {
        code: 'PORTICO-402',
        message: `${coordinate} is a list of unknown size with calls below it; @listSize says how long it may get.`,
      })
  }
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
