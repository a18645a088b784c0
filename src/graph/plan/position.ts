import type { AccessRule } from '../graph.ts'
import type { Hop, ListBound, Member, Step } from './plan.ts'

/** Where a selection stands: below which step, and by which way. */
export type Position = {
  readonly parent: Step | undefined
  readonly hops: readonly Hop[]
  readonly on: Member | undefined
  /** What `on` asks of the caller. */
  readonly rules: readonly AccessRule[]
  readonly path: readonly string[]
  /** Whether an entity here may lack fields: protobuf messages are whole, and a loader's answer is all there is. */
  readonly partial: boolean
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
  partial: false,
  sizes: [],
  sized: undefined,
}
