import type { ASTNode } from 'graphql'
import { parseDuration } from '../kernel/units.ts'
import type { Directive } from './directives.ts'
import type { FieldLimit, Graph } from './graph.ts'
import type { OperationPlan, Selection, Shape } from './plan/plan.ts'

/** What stands in a header between quotes as it is. */
const sayable = /^[\w.-]+$/

/** What `@rateLimit` says at one place, whose name limits bear that have none of their own. */
export const readFieldLimits = (
  directives: readonly Directive[],
  place: string,
  report: (node: ASTNode, message: string) => void,
): readonly FieldLimit[] =>
  directives.flatMap(({ args, nodes, node }, index) => {
    const { limit, window, by = [], claims = [], sliding } = args
    const { name = index === 0 ? place : `${place}-${index + 1}` } = args
    const windowMs = typeof window === 'string' ? parseDuration(window) : undefined
    if (windowMs === undefined || windowMs === 0)
      report(nodes['window'] ?? node, 'The `window` of @rateLimit is a duration such as 30s or 5m.')
    if (typeof limit !== 'number' || limit < 1)
      report(nodes['limit'] ?? node, 'The `limit` of @rateLimit is a whole number above zero.')
    if (!sayable.test(String(name)))
      report(
        nodes['name'] ?? node,
        'The `name` of @rateLimit stands in headers: it has letters, digits, dots and dashes.',
      )
    if (typeof limit !== 'number' || limit < 1 || windowMs === undefined || windowMs === 0) return []
    const words = (by as readonly string[]).map((word) => word.toLowerCase()) as FieldLimit['by']
    const parts = [...words, ...(claims as readonly string[]).map((claim) => ({ claim }))]
    const kind = sliding === true ? 'sliding' : 'fixed'
    return [{ name: String(name), limit, windowMs, kind, by: parts.length === 0 ? ['user'] : parts }]
  })

/** The fields of a graph that are limited, by coordinate. */
export const limitedFields = ({ fields }: Graph): ReadonlyMap<string, readonly FieldLimit[]> =>
  new Map([...fields].flatMap(([coordinate, { limits }]) => (limits.length === 0 ? [] : [[coordinate, limits]])))

/**
 * How often a plan selects each of some fields: once for each name in the answer, with all fragments spread. Of a place
 * that may hold several types the one that selects it most counts. Not counted for each item of a list.
 */
export const countSelections = (
  plan: OperationPlan,
  fields: { has(coordinate: string): boolean },
): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  count(plan.root, fields, counts)
  return counts
}

const count = (
  selection: Selection,
  fields: { has(coordinate: string): boolean },
  counts: Map<string, number>,
): void => {
  for (const { coordinate, shape } of selection.fields) {
    if (fields.has(coordinate)) counts.set(coordinate, (counts.get(coordinate) ?? 0) + 1)
    countBelow(shape, fields, counts)
  }
}

const countBelow = (shape: Shape, fields: { has(coordinate: string): boolean }, counts: Map<string, number>): void => {
  if (shape.kind === 'list') return countBelow(shape.item, fields, counts)
  if (shape.kind === 'object') return count(shape.selection, fields, counts)
  if (shape.kind === 'leaf') return
  const most = new Map<string, number>()
  for (const selection of shape.selections.values()) {
    const own = new Map<string, number>()
    count(selection, fields, own)
    for (const [coordinate, times] of own) most.set(coordinate, Math.max(times, most.get(coordinate) ?? 0))
  }
  for (const [coordinate, times] of most) counts.set(coordinate, (counts.get(coordinate) ?? 0) + times)
}
