import type { AccessRule, Graph } from '../graph.ts'

type Guarded = {
  readonly own: AccessRule | undefined
  readonly isRoot: boolean
  readonly result: string
  readonly argumentsOf?: AccessRule['argumentsOf']
}

/** What guards a field: its own rule, which on a root field replaces the schema's, and that of the type it returns. */
export const rulesOf = (graph: Graph, { own, isRoot, result, argumentsOf }: Guarded): readonly AccessRule[] => {
  const placed = own === undefined || own.match.length === 0 ? own : { ...own, ...(argumentsOf && { argumentsOf }) }
  const first = isRoot ? (placed ?? graph.rootRule) : placed
  const type = graph.typeRules.get(result)
  return [first, type].filter((rule): rule is AccessRule => rule !== undefined && !rule.public)
}
