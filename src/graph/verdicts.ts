import type { Code } from '../kernel/code.ts'
import type { Condition } from './condition.ts'

/** When a service says by the words of its answer that it failed, and what that means. */
export type Verdicts = {
  /** The first that fits counts. */
  readonly errors: readonly ErrorRule[]
  /** What has to be so of an answer that is none of those; undefined where nothing has. */
  readonly success: Condition | undefined
}

export type ErrorRule = {
  readonly when: Condition
  /** Undefined for a service that failed: UNAVAILABLE, as 502. */
  readonly code: Code | undefined
  /** Texts, and paths of the body between them; undefined for a sentence of ours. */
  readonly message: readonly (string | readonly string[])[] | undefined
}
