import type { Problem } from '../../kernel/problem.ts'
import type { AccessRule } from '../graph.ts'
import type { OperationPlan, Step } from '../plan/plan.ts'
import type { Scope } from '../template.ts'
import type { Entry } from './entry.ts'
import type { Loads, LoadsOptions } from './loads.ts'

/** An operation under way, as far as whoever explains it looks into it. */
export type Recorded = {
  readonly request: { readonly plan: OperationPlan }
  /** Results of each step by the object that owns its field; by `step.id`. */
  readonly results: readonly (ReadonlyMap<object, unknown> | undefined)[]
  readonly refused: (rules: readonly AccessRule[]) => Problem | undefined
  scope(step: Step, given: { readonly parent?: object }): Scope
}

/** Told what one operation does while it does it, where somebody wants to know: nobody listens otherwise. */
export type Recorder = {
  /** The table of requests and keys, made to tell what is sent. */
  readonly loads: (options: LoadsOptions) => Loads
  /** The operation begins. */
  readonly began: (execution: Recorded) => void
  /** A step begins; what this returns goes on once all its owners have their results. */
  readonly step: (step: Step, proceed: () => void) => () => void
  /** The function of a step calls a service. */
  readonly functionCalls: (step: Step, service: string) => void
  /** What each of these owners asked for, in their order; those of a step that asked for nothing are left out. */
  readonly asked: (step: Step, owners: readonly object[], entries: readonly (Entry | readonly Entry[])[]) => void
}
