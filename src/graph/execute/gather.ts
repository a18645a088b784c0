import type { Problem } from '../../kernel/problem.ts'
import type { AccessRule } from '../graph.ts'
import type { Step } from '../plan/plan.ts'
import { Fallback } from './stand-in.ts'
import { readField, typeNameOf, unwrapped } from './value.ts'

/**
 * The objects that own a step's field, in document order, each once: from the parent step's values along the
 * step's hops, through lists, past what is null or failed. A denied hop ends its branch, so that nothing below it is asked.
 */
export const gatherOwners = (
  step: Step,
  values: Iterable<unknown>,
  refused: (rules: readonly AccessRule[]) => Problem | undefined,
): Set<object> => {
  const owners = new Set<object>()
  for (const { rules } of step.hops) if (refused(rules) !== undefined) return owners
  const walk = (value: unknown, index: number): void => {
    if (value === null || value === undefined) return
    if (value instanceof Error) {
      if (value instanceof Fallback) walk(value.value, index)
      return
    }
    if (Array.isArray(value)) {
      for (const item of value) walk(item, index)
      return
    }
    const hop = step.hops[index]
    const on = hop === undefined ? step.on : hop.on
    if (on !== undefined && typeNameOf(value, on.variant) !== on.type) return
    const raw = unwrapped(value)
    if (raw === null || typeof raw !== 'object') return
    if (hop === undefined) owners.add(raw)
    else walk(readField(raw, hop.value), index + 1)
  }
  for (const value of values) walk(value, 0)
  return owners
}
