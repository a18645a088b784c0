import type { LimitConfig, PlansConfig } from './config.ts'
import { type Limit, readLimits } from './limit.ts'

/** All that limits requests of one place: a BFF, a route or an endpoint. Plain data. */
export type PlaceLimits = {
  /** Those of every caller: the gateway's, then the place's own. */
  readonly limits: readonly Limit[]
  /** Those of the caller's plan; undefined where plans do not matter. */
  readonly plans: PlaceLimitsOfPlans | undefined
  /** What one request counts. */
  readonly units: Units
  /** Further limits, each with what one request counts there; none where absent. */
  readonly also?: readonly OwnUnits[]
}

/** A limit of something that each request of a place asks for so many times. */
export type OwnUnits = {
  readonly limit: Limit
  /** Where it is kept count of, which other ways to the same thing share. */
  readonly place: string
  readonly units: number
}

export type PlaceLimitsOfPlans = {
  readonly claim: string
  readonly otherwise: string
  readonly of: ReadonlyMap<string, readonly Limit[]>
}

/** What something counts in limits, by what they count; undefined where it is known later. */
export type Units = {
  readonly requests: number
  readonly calls: number | undefined
  readonly cost: number | undefined
}

export type PlaceSettings = {
  readonly own: readonly (LimitConfig | 'plan')[] | undefined
  readonly gateway: readonly (LimitConfig | 'plan')[] | undefined
  readonly plans: PlansConfig | undefined
  /** What a request of the place counts. */
  readonly cost: number
  /** Whether requests are operations, whose calls and cost are known once they are read. */
  readonly operations: boolean
}

/** What limits a place; undefined where nothing does. */
export const compilePlace = ({ own = [], gateway = [], plans, cost, operations }: PlaceSettings) => {
  const ofPlan = plans !== undefined && [...own, ...gateway].includes('plan')
  const limits = [...readLimits(gateway.filter(isLimit), 'gateway'), ...readLimits(own.filter(isLimit))]
  if (limits.length === 0 && !ofPlan) return undefined
  const place: PlaceLimits = {
    limits,
    plans: ofPlan
      ? {
          claim: plans.claim,
          otherwise: plans.otherwise,
          of: new Map(
            Object.entries(plans.of).map(([name, configs]) => [
              name,
              // A plan's limits hold for the whole gateway where it names them, else for each place by itself.
              readLimits(configs, `plans.${name}`).map((limit) =>
                gateway.includes('plan') ? limit : { ...limit, scope: undefined },
              ),
            ]),
          ),
        }
      : undefined,
    units: operations ? { requests: cost, calls: undefined, cost: undefined } : { requests: cost, calls: cost, cost },
  }
  return place
}

const isLimit = (one: LimitConfig | 'plan'): one is LimitConfig => one !== 'plan'
