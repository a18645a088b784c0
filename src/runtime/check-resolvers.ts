import { relative } from 'node:path'
import { isObjectType } from 'graphql'
import type { Plan } from '../compile/plan.ts'
import { typesUnderLists } from '../graph/bind/check/under-lists.ts'
import { placeOfNode } from '../graph/bind/sdl.ts'
import type { Resolver } from '../graph/execute/resolver.ts'
import { type Diagnostic, startOf } from '../kernel/diagnostic.ts'
import { loadResolvers } from './resolvers.ts'

/** Loads the functions of every BFF as a start would, and says what cannot be used and what runs once for each item. */
export const checkResolvers = async ({ bffs, dir }: Plan): Promise<readonly Diagnostic[]> => {
  const found = await Promise.all(
    bffs.map(async ({ served }) => {
      try {
        return functionsUnderLists(served.graph, await loadResolvers(served))
      } catch (error) {
        const file = relative(dir, served.resolvers ?? '').replaceAll('\\', '/')
        const message = (error as Error).message.replaceAll(`${dir}/`, '')
        return [{ severity: 'error', code: 'PORTICO-021', place: startOf(file), coordinate: served.name, message }]
      }
    }),
  )
  return found.flat() as readonly Diagnostic[]
}

const functionsUnderLists = (
  graph: Plan['bffs'][number]['served']['graph'],
  resolvers: ReadonlyMap<string, Resolver>,
): readonly Diagnostic[] => {
  const under = typesUnderLists(graph)
  return [...graph.fields].flatMap(([coordinate, { source }]): Diagnostic[] => {
    const [typeName = '', fieldName = ''] = coordinate.split('.')
    const type = graph.schema.getType(typeName)
    const way = isObjectType(type) ? under.get(type) : undefined
    const node = isObjectType(type) ? type.getFields()[fieldName]?.astNode : undefined
    if (source.kind !== 'resolver' || source.pure || way === undefined || !node) return []
    const resolver = resolvers.get(source.fn)
    if (resolver === undefined || 'resolveMany' in resolver) return []
    return [
      {
        severity: 'warning',
        code: 'PORTICO-406',
        place: placeOfNode(node),
        coordinate,
        message: `The function ${source.fn} of ${coordinate} runs once for each item of ${way.list}: give it \`resolveMany\`, which gets all parents at once, or mark it \`pure\`.`,
      },
    ]
  })
}
