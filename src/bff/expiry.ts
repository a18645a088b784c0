import type { Identity } from '../kernel/caller.ts'
import type { Clock } from '../kernel/clock.ts'

/** Node takes longer delays for none at all. */
const longestDelay = 2_147_483_647

/** Calls back when the proof of an identity ends, if it ever does. Returns what calls it off. */
export const whenExpired = (identity: Identity | undefined, clock: Clock, then: () => void): (() => void) => {
  const expiresAt = identity?.expiresAt
  if (expiresAt === undefined) return () => undefined
  let timer: NodeJS.Timeout | undefined
  const wait = (): void => {
    const left = expiresAt * 1_000 - clock.date()
    if (left <= 0) then()
    else timer = setTimeout(wait, Math.min(left, longestDelay)).unref()
  }
  wait()
  return () => clearTimeout(timer)
}
