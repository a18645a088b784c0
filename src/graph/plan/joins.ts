import { bindingOf } from './early.ts'
import type { Step } from './plan.ts'

/**
 * Steps whose keys go into the batch of another, by `step.id`: those that ask by the same binding at the same moment,
 * such as `a: user(id: 1) b: user(id: 2)`, are asked for together, and the first in the operation stands for all.
 * Undefined where there are none. Chances that only time tells, such as two batches that arrive at once, are not here.
 */
export const joinsOf = (steps: readonly Step[], kind: string): ReadonlyMap<number, Step> | undefined => {
  const joins = new Map<number, Step>()
  const first = new Map<string, Step>()
  for (const step of steps) {
    const asks = askedBy(step)
    if (asks === undefined) continue
    const key = `${momentOf(step, kind)} ${asks}`
    const leader = first.get(key)
    if (leader === undefined) first.set(key, step)
    else joins.set(step.id, leader)
  }
  return joins.size === 0 ? undefined : joins
}

/** What steps must have in common to be one batch; undefined for those of which that is not known before they run. */
const askedBy = ({ source, args }: Step): string | undefined => {
  const binding = bindingOf(source)
  if (binding?.batch === undefined || source.kind === 'complete') return undefined
  if (source.kind === 'load') return String(binding.index)
  return args.kind === 'fixed' ? `${binding.index} ${JSON.stringify(args.values)}` : undefined
}

/** Steps of one moment begin without anything between them: below one parent, or with it. */
const momentOf = (step: Step, kind: string): string => {
  if (step.parent !== undefined) return step.early ? momentOf(step.parent, kind) : String(step.parent.id)
  // Root fields of a mutation take turns.
  return kind === 'query' ? 'start' : `start ${step.id}`
}
