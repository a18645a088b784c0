import type { Operation } from '../graph/operation.ts'
import type { BffPlan, BffRuntime } from './bff.ts'

/** What answers a request: an operation with its variables, coerced. */
export type ToRun = {
  readonly bff: BffPlan
  readonly runtime: BffRuntime
  readonly operation: Operation
  readonly variables: Readonly<Record<string, unknown>>
  /** The name of a stored operation that has limits of its own. */
  readonly stored?: string | undefined
  /** Whether its limits were charged before it was read. */
  readonly charged?: boolean
}
