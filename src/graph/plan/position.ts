import type { AccessRule } from '../graph.ts'
import type { Hop, ListBound, Step } from './plan.ts'

/** Where a selection stands: below which step, and by which way. */
export type Position = {
  readonly parent: Step | undefined
  readonly hops: readonly Hop[]
  readonly on: string | undefined
  /** What `on` asks of the caller. */
  readonly rules: readonly AccessRule[]
  readonly path: readonly string[]
  readonly sizes: readonly ListBound[]
  /** The size that the field above declared for some of its fields. */
  readonly sized: { readonly names: readonly string[]; readonly bound: ListBound } | undefined
}

export const rootPosition: Position = {
  parent: undefined,
  hops: [],
  on: undefined,
  rules: [],
  path: [],
  sizes: [],
  sized: undefined,
}
