import type { AccessRule, Graph } from '../graph.ts'

/** What guards a field: its own rule, which on a root field replaces the schema's, and that of the type it returns. */
export const rulesOf = (
  graph: Graph,
  { own, isRoot, result }: { own: AccessRule | undefined; isRoot: boolean; result: string },
): readonly AccessRule[] => {
  const first = isRoot ? (own ?? graph.rootRule) : own
  const type = graph.typeRules.get(result)
  return [first, type].filter((rule): rule is AccessRule => rule !== undefined && !rule.public)
}
