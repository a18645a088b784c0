import type { z } from 'zod'
import { inRanges } from '../../kernel/address-ranges.ts'
import type { Caller } from '../../kernel/caller.ts'
import { didYouMean } from '../../kernel/diagnostic.ts'
import { stableHash } from '../../kernel/stable-hash.ts'
import { type Affinity, readAffinity } from '../../services/targets/affinity.ts'
import { affinityOf } from '../../services/targets/compile.ts'
import type { AffinityKey } from '../../services/targets/settings.ts'
import type { splitConfig } from './split-config.ts'

/** How a route's requests are shared among several services. */
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

export type Ramp = {
  /** Shares from 0 to 1. */
  readonly from: number
  readonly to: number
  /** Wall-clock milliseconds since 1970. */
  readonly startsAt: number
  readonly overMs: number
  readonly steps: number
}

/** What of a request decides: its caller and its headers. */
export type Chooser = Parameters<Affinity>[0] & { readonly caller: Caller }

/** The part of a request, by its place in the list. */
type Choose = (request: Chooser) => number

/**
 * Chooses the part of each request: the one it asks for where it may, else the active one, else that of its sticky
 * key, else the one whose turn it is. `date` is the wall clock.
 */
export const createChoice = ({ parts, sticky, active, override }: Split, date: () => number): Choose => {
  const names = parts.map(({ name }) => name)
  const shares = sharesOf(parts, date)
  const inTurn = turns(parts.length)
  const keyOf = sticky === undefined ? undefined : readKey(sticky)
  const only = active === undefined ? -1 : names.indexOf(active)
  const byShare: Choose = (request) => {
    const key = keyOf?.(request)
    return key === undefined ? inTurn(shares()) : partOf(key, names, shares())
  }
  const usual: Choose = only < 0 ? byShare : () => only
  if (override === undefined) return usual
  const mayChoose = inRanges(override.from)
  return (request) => {
    const asked = request.headers?.[override.header]
    if (typeof asked !== 'string') return usual(request)
    const chosen = names.indexOf(asked)
    return chosen >= 0 && mayChoose(request.caller.address) ? chosen : usual(request)
  }
}

const readKey = (sticky: 'user' | AffinityKey): Affinity | undefined =>
  sticky === 'user'
    ? ({ caller: { identity } }) =>
        identity?.subject === undefined ? undefined : `${identity.provider} ${identity.subject}`
    : readAffinity(sticky)

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

/** The shares as they are now. Parts without a ramp share by weight what the ramps leave. */
const sharesOf = (parts: readonly SplitShare[], date: () => number): (() => readonly number[]) => {
  const fixed = parts.map(({ weight }) => weight)
  if (parts.every(({ ramp }) => ramp === undefined)) return () => fixed
  const weights = parts.reduce((sum, { weight, ramp }) => sum + (ramp === undefined ? weight : 0), 0)
  return () => {
    const now = date()
    const ramped = parts.map(({ ramp }) => (ramp === undefined ? 0 : shareAt(ramp, now)))
    const left = Math.max(0, 1 - ramped.reduce((sum, share) => sum + share, 0))
    return parts.map(({ weight, ramp }, at) =>
      ramp === undefined ? (weight / weights) * left : (ramped[at] as number),
    )
  }
}

/** A ramp's share at a time, from 0 to 1. */
export const shareAt = ({ from, to, startsAt, overMs, steps }: Ramp, now: number): number => {
  const step = Math.floor(((now - startsAt) / overMs) * steps)
  return from + (to - from) * (Math.min(Math.max(step, 0), steps) / steps)
}

type Written = z.output<z.ZodObject<typeof splitConfig>>

/** What is written, each part with what serves it; or what is wrong, at which setting. */
export const compileSplit = <Part>(
  { split, sticky, active, override }: Written,
  serves: readonly Part[],
): {
  readonly split: Split<Part>
  readonly mistakes: readonly { readonly below: keyof Written; readonly message: string }[]
} => {
  const names = split.map(({ name, service }) => name ?? service)
  const parts = split.map(({ weight, ramp }, at) => ({
    name: names[at] as string,
    serves: serves[at] as Part,
    weight,
    ramp: ramp && { from: ramp.from, to: ramp.to, startsAt: ramp.start, overMs: ramp.over, steps: ramp.steps },
  }))
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  const most = parts.reduce((sum, { ramp }) => sum + (ramp === undefined ? 0 : Math.max(ramp.from, ramp.to)), 0)
  const resting = parts.reduce((sum, { weight, ramp }) => sum + (ramp === undefined ? weight : 0), 0)
  return {
    split: {
      parts,
      sticky: sticky === undefined || sticky === 'user' ? sticky : affinityOf(sticky),
      active,
      override: override && { header: override.header.toLowerCase(), from: override.from },
    },
    mistakes: [
      ...(twice === undefined
        ? []
        : [{ below: 'split' as const, message: `Two parts are called ${twice}. Give each a \`name\` of its own.` }]),
      ...(most > 1
        ? [{ below: 'split' as const, message: 'The ramps come to more than 100 %. Lower `to` or `from` of one.' }]
        : []),
      ...(resting === 0
        ? [
            {
              below: 'split' as const,
              message: 'One part must have a weight and no ramp: it gets what the others leave.',
            },
          ]
        : []),
      ...(active === undefined || names.includes(active)
        ? []
        : [{ below: 'active' as const, message: `There is no part ${active}.${didYouMean(active, names)}` }]),
    ],
  }
}
