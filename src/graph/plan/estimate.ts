import { type Arguments, argumentsOf } from './arguments.ts'
import type { ListBound, OperationPlan, Slice, Step } from './plan.ts'

/** How many upstream calls an operation makes at most, given its variables. */
export type Estimate = {
  readonly calls: number
  /** Those among them that are made only where an entity came without fields that are asked for. */
  readonly completing: number
  /** One more than the deepest level that makes a call, where nothing has to be completed. */
  readonly levels: number
  /** By step id: keys or requests, and calls at most. Keys that go into another step's batch are counted there. */
  readonly steps: readonly { readonly keys: number; readonly calls: number }[]
  /** Lists whose length rests on an author's word or on nothing, by coordinate or size. */
  readonly assumptions: readonly string[]
}

/** The size taken for a list that nobody said anything about. */
const unknownSize = 100

/**
 * The worst case of a plan. Exact where every list is as long as its bound and no two parents share a key;
 * never exceeded unless a list is longer than its schema says.
 */
export const estimate = (plan: OperationPlan, variables: Readonly<Record<string, unknown>>): Estimate => {
  const asked: number[] = []
  const values: number[] = []
  const assumptions = new Set<string>()
  for (const step of plan.steps) {
    const above = step.parent === undefined ? 1 : (values[step.parent.id] ?? 1)
    const parents = step.sizes.reduce((product, bound) => product * sizeOf(bound, variables, assumptions), above)
    asked[step.id] = parents * keysEach(step, variables)
    values[step.id] = parents
    const leader = plan.joins?.get(step.id)
    if (leader === undefined) continue
    asked[leader.id] = (asked[leader.id] ?? 0) + (asked[step.id] ?? 0)
    asked[step.id] = 0
  }
  const steps = plan.steps.map((step) => ({
    keys: asked[step.id] ?? 0,
    calls: callsOf(step, asked[step.id] ?? 0),
  }))
  const calling = plan.steps.filter(({ binding, source }) => binding !== undefined && source.kind !== 'complete')
  return {
    calls: steps.reduce((sum, { calls }) => sum + calls, 0),
    completing: plan.steps.reduce(
      (sum, { source, id }) => sum + (source.kind === 'complete' ? (steps[id]?.calls ?? 0) : 0),
      0,
    ),
    levels: calling.length === 0 ? 0 : Math.max(...calling.map(({ level }) => level)) + 1,
    steps,
    assumptions: [...assumptions],
  }
}

const callsOf = ({ binding, source }: Step, asked: number): number => {
  if (binding === undefined) return 0
  if (binding.batch !== undefined) return Math.ceil(asked / binding.batch.max)
  const most = source.kind !== 'call' || binding.fanout !== undefined ? (binding.fanout ?? asked) : asked
  return Math.min(asked, most)
}

/** A field that loads a list of entities asks for as many keys as the list is long. */
const keysEach = (step: Step, variables: Readonly<Record<string, unknown>>): number => {
  if (step.source.kind !== 'load') return 1
  return step.own === undefined ? 1 : sizeOf(step.own, variables, new Set())
}

const sizeOf = (bound: ListBound, variables: Readonly<Record<string, unknown>>, assumptions: Set<string>): number => {
  switch (bound.kind) {
    case 'assumed':
      return bound.size
    case 'unknown':
      assumptions.add(`${bound.coordinate} ≤ ${unknownSize}`)
      return unknownSize
    case 'argument': {
      const args = argumentsFor(bound, variables)
      const sizes = bound.names.map((name) => args[name]).map((value) => (Array.isArray(value) ? value.length : value))
      const known = sizes.filter((size): size is number => typeof size === 'number' && size >= 0)
      return known.length === 0 ? unknownSize : Math.max(...known)
    }
  }
}

/** Plans are also explained without their variables: then nothing is known of an argument that needs one. */
const argumentsFor = (slice: Slice, variables: Arguments): Arguments => {
  try {
    return argumentsOf(slice, variables)
  } catch {
    return {}
  }
}
