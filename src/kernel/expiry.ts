import type { Caller, Identity } from './caller.ts'
import type { Clock } from './clock.ts'
import { Problem } from './problem.ts'
import { Aborter, type Signal } from './signal.ts'

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

/** What ends a connection that would not end by itself. */
export type Endings = {
  readonly clock: Clock
  /** Aborts with a Problem when the gateway stops; undefined where nobody says so. */
  readonly stop: Signal | undefined
  /** Told of a caller whose proof ended meanwhile. */
  readonly observeExpired?: ((caller: Caller) => void) | undefined
}

/** A signal that aborts, with a Problem, when the gateway stops or the caller's proof ends; until it is let go of. */
export const watchEnd = (
  caller: Caller,
  { clock, stop, observeExpired }: Endings,
): { readonly signal: Signal; readonly release: () => void } => {
  const signal = new Aborter()
  const stopped = (): void => signal.abort(stop?.reason)
  if (stop?.aborted === true) stopped()
  else stop?.addEventListener('abort', stopped)
  const callOff = whenExpired(caller.identity, clock, () => {
    if (signal.aborted) return
    observeExpired?.(caller)
    signal.abort(new Problem('UNAUTHENTICATED', 'The token has expired.'))
  })
  return {
    signal,
    release() {
      callOff()
      stop?.removeEventListener('abort', stopped)
    },
  }
}
