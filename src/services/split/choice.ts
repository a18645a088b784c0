import { inRanges } from '../../kernel/address-ranges.ts'
import { type Caller, userOf } from '../../kernel/caller.ts'
import { stableHash } from '../../kernel/stable-hash.ts'
import { type Affinity, readAffinity } from '../targets/affinity.ts'
import type { AffinityKey } from '../targets/affinity-key.ts'
import { RampStops, type StopTools, shareAt } from './ramp.ts'
import type { Split, SplitShare } from './split.ts'

/** What of a request decides: its caller and its headers. */
export type Chooser = Parameters<Affinity>[0] & { readonly caller: Caller }

/** The part of a request, by its place in the list. */
type Choose = (request: Chooser) => number

export type Choice = Choose & {
  /** Told how a request of a part ended; undefined where no ramp wants to know. */
  readonly ended: ((at: number, failed: boolean) => void) | undefined
}

/**
 * Chooses the part of each request: the one it asks for where it may, else the active one, else that of its sticky
 * key, else the one whose turn it is.
 */
export const createChoice = ({ parts, sticky, active, override }: Split, tools: StopTools): Choice => {
  const names = parts.map(({ name }) => name)
  const stops = parts.some(({ ramp }) => ramp?.stop !== undefined) ? new RampStops(parts, tools) : undefined
  const shares = sharesOf(parts, () => tools.clock.date(), stops)
  const inTurn = turns(parts.length)
  const keyOf = sticky === undefined ? undefined : readKey(sticky)
  const only = active === undefined ? -1 : names.indexOf(active)
  const byShare: Choose = (request) => {
    const key = keyOf?.(request)
    return key === undefined ? inTurn(shares()) : partOf(key, names, shares())
  }
  const usual: Choose = only < 0 ? byShare : () => only
  const ended = stops === undefined ? undefined : (at: number, failed: boolean): void => stops.ended(at, failed)
  if (override === undefined) return Object.assign((request: Chooser) => usual(request), { ended })
  const mayChoose = inRanges(override.from)
  const choose: Choose = (request) => {
    const asked = request.headers?.[override.header]
    if (typeof asked !== 'string') return usual(request)
    const chosen = names.indexOf(asked)
    return chosen >= 0 && mayChoose(request.caller.address) ? chosen : usual(request)
  }
  return Object.assign(choose, { ended })
}

const readKey = (sticky: 'user' | AffinityKey): Affinity | undefined =>
  sticky === 'user' ? ({ caller }) => userOf(caller) : readAffinity(sticky)

/**
 * In turn by weight, spread evenly (smooth weighted round robin): over any stretch of requests each part is less than
 * a few requests from its exact share.
 */
const turns = (count: number): ((weights: readonly number[]) => number) => {
  const credits = new Float64Array(count)
  return (weights) => {
    let sum = 0
    let best = -1
    for (let at = 0; at < count; at += 1) {
      const weight = weights[at] as number
      sum += weight
      const credit = (credits[at] as number) + weight
      credits[at] = credit
      // A part without a share never has its turn, whatever it was owed before.
      if (weight > 0 && (best < 0 || credit > (credits[best] as number))) best = at
    }
    credits[best] = (credits[best] as number) - sum
    return best
  }
}

/**
 * Weighted rendezvous hashing: a key goes to the part with the highest score, so that a change of weights moves keys
 * only towards parts whose share grew.
 */
const partOf = (key: string, names: readonly string[], weights: readonly number[]): number => {
  let best = -1
  let most = -1
  for (let at = 0; at < names.length; at += 1) {
    const weight = weights[at] as number
    if (weight === 0) continue
    const drawn = (stableHash(`${names[at]} ${key}`) + 0.5) / 2 ** 32
    const score = weight / -Math.log(drawn)
    if (score <= most) continue
    most = score
    best = at
  }
  return best
}

/** The shares as they are now. Parts without a ramp share by weight what the ramps leave; one that was stopped has none. */
const sharesOf = (
  parts: readonly SplitShare[],
  date: () => number,
  stops: RampStops | undefined,
): (() => readonly number[]) => {
  const fixed = parts.map(({ weight }) => weight)
  if (parts.every(({ ramp }) => ramp === undefined)) return () => fixed
  const weights = parts.reduce((sum, { weight, ramp }) => sum + (ramp === undefined ? weight : 0), 0)
  return () => {
    const now = date()
    const ramped = parts.map(({ ramp }, at) =>
      ramp === undefined || stops?.isStopped(at) === true ? 0 : shareAt(ramp, now),
    )
    const left = Math.max(0, 1 - ramped.reduce((sum, share) => sum + share, 0))
    return parts.map(({ weight, ramp }, at) =>
      ramp === undefined ? (weight / weights) * left : (ramped[at] as number),
    )
  }
}
