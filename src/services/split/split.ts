import type { AffinityKey } from '../targets/affinity-key.ts'
import type { Ramp } from './ramp.ts'

/** How requests are shared among several parts: services of a route, or groups of a service's targets. */
export type Split<Part = unknown> = {
  readonly parts: readonly (SplitShare & { readonly name: string; readonly serves: Part })[]
  /** What stays with one part. */
  readonly sticky: 'user' | AffinityKey | undefined
  /** The part that gets every request. */
  readonly active: string | undefined
  /** Who may choose a part, by which header (lower case). */
  readonly override: { readonly header: string; readonly from: readonly string[] } | undefined
}

/** A weight relative to the other parts’, or a share that changes with time. */
export type SplitShare = { readonly weight: number; readonly ramp?: Ramp | undefined }
