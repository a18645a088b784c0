import type { PolicyTools } from '../policy.ts'
import type { Asked } from './key.ts'
import type { PlaceLimits } from './place.ts'
import { limitPlace } from './place-limiter.ts'

/** Charges something that is asked for by a message on an open connection. Throws Problem, or rejects with it, past a limit. */
export type ChargeMessage = (asked: Asked) => Promise<void>

/**
 * Limits of a place for what its WebSockets ask: each such message counts as a request does, or one handshake would
 * stand for any number of them. Undefined where there are none.
 */
export const messageCharger = (
  place: PlaceLimits | undefined,
  scope: string,
  tools: PolicyTools,
): ChargeMessage | undefined => {
  const limiter = place && limitPlace(place, scope, tools)
  if (limiter === undefined) return undefined
  return async (asked) => {
    const group = limiter.of(asked)
    // A client that goes on though it was refused costs no further question to Redis.
    const told = { asked, reply: undefined }
    const refused = limiter.known(group, told) ?? (await limiter.charge(group, told))
    if (refused !== undefined) throw refused
  }
}
