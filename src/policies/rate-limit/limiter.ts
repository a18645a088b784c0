import type { Clock } from '../../kernel/clock.ts'
import type { PolicyTools } from '../policy.ts'
import type { Charge, Counter, Take, Verdict } from './counter.ts'
import { type Asked, keyBy, knowsNoIdentity, planOf } from './key.ts'
import { type Limit, ruleOf } from './limit.ts'
import { takeFromMemory, waitInMemory } from './memory.ts'
import type { PlaceLimitsOfPlans } from './place.ts'
import { type SharedTake, takeFromRedis } from './redis.ts'
import { CallerTable } from './table.ts'

/** A limit with its counters. */
export type Bound = {
  readonly limit: Limit
  readonly counter: Counter
  readonly keyOf: (asked: Asked) => string
  /** What one request counts there; undefined where that follows from what the limit counts. */
  readonly units?: number
}

export type LimiterTools = Pick<
  PolicyTools,
  'clock' | 'log' | 'redis' | 'stores' | 'workers' | 'replicas' | 'limitsShared'
>

/** Gives limits their counters. Those of one name, kind and window are the same ones before and after a reload. */
export const bindLimits = (limits: readonly Limit[], place: string, tools: LimiterTools): readonly Bound[] =>
  limits.map((limit) => {
    const { clock, redis, stores, workers, replicas } = tools
    const { kind, windowMs, period, by } = limit
    const span = period === undefined ? windowMs : `${period.per}:${period.zone}`
    const name = `{portico}:limit:${limit.scope ?? place}:${limit.name}:${kind}:${span}:`
    return {
      limit,
      keyOf: keyBy(by),
      counter: {
        name,
        rule: ruleOf(limit, 1, clock),
        share: ruleOf(limit, redis === undefined ? workers : workers * replicas, clock),
        table: stores.keep(name, () => new CallerTable(kind)),
      },
    }
  })

/** What charges limits, and the milliseconds until a caller who is known to be past one may come again; else 0. */
export type Waiting = { readonly take: Take; readonly wait: (charge: Omit<Charge, 'units'>) => number }

/** How limits are charged, and how long a caller is known to have to wait. Counts in Redis where there is one. */
export const takerOf = (tools: LimiterTools): Waiting => {
  const { clock, log, redis, limitsShared } = tools
  if (redis === undefined)
    return {
      take: (charges) => takeFromMemory(charges, clock.now()),
      wait: (charge) => waitInMemory(charge, clock.now()),
    }
  let shared = sharedTakes.get(redis)
  if (shared === undefined)
    sharedTakes.set(
      redis,
      (shared = takeFromRedis({ redis, clock, log, changed: limitsShared, fallback: aloneBy(clock) })),
    )
  return shared
}

/** One for each client: what is known of a Redis that failed outlives a generation. */
const sharedTakes = new WeakMap<object, SharedTake>()

const aloneBy =
  (clock: Clock): Take =>
  (charges) =>
    takeFromMemory(charges, clock.now(), true)

/** The limits that hold for one caller, and how clients are told of them. */
export type Group = {
  readonly bounds: readonly Bound[]
  /** Those that can be known to refuse before anybody knows who asks. */
  readonly nameless: readonly Bound[]
  /** The RateLimit-Policy field. */
  readonly policies: string
}

export const groupOf = (bounds: readonly Bound[]): Group => ({
  bounds,
  nameless: bounds.filter(({ limit }) => knowsNoIdentity(limit.by)),
  policies: bounds.map(policyItem).join(', '),
})

/**
 * A bucket's window is the time that it fills in. Units other than requests stand in a parameter of our own: `qu` takes
 * none that is not registered (draft-ietf-httpapi-ratelimit-headers-10 §3.1.2).
 */
const policyItem = ({ limit: { name, limit, windowMs, counts } }: Bound): string =>
  `"${name}";q=${limit};w=${Math.ceil(windowMs / 1_000)}${counts === 'requests' ? '' : `;portico-unit="${counts}"`}`

/** Which limits hold for whom: one group for all, or one for each plan. */
export const chooser = (
  common: readonly Bound[],
  plans: PlaceLimitsOfPlans | undefined,
  bind: (limits: readonly Limit[]) => readonly Bound[],
): { readonly common: Group; of(asked: Asked): Group } => {
  const whole = groupOf(common)
  if (plans === undefined) return { common: whole, of: () => whole }
  const groups = new Map([...plans.of].map(([name, limits]) => [name, groupOf([...common, ...bind(limits)])]))
  const otherwise = groups.get(plans.otherwise) ?? whole
  return {
    common: whole,
    of({ caller: { identity } }) {
      const plan = planOf(identity, plans.claim)
      return (plan === undefined ? undefined : groups.get(plan)) ?? otherwise
    },
  }
}

export type { Verdict }
