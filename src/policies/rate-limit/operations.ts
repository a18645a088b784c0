import type { FastifyReply } from 'fastify'
import type { PolicyTools } from '../policy.ts'
import { charges, settler } from './charges.ts'
import type { Asked } from './key.ts'
import type { Limit } from './limit.ts'
import { type Bound, bindLimits, chooser, type Group, groupOf, takerOf, type Verdict } from './limiter.ts'
import type { PlaceLimits } from './place.ts'

/** What only an operation can tell of itself. */
export type OperationUnits = {
  /** Upstream calls it plans at most. */
  readonly calls: () => number
  /** Its static cost; undefined where costs are not counted. */
  readonly cost: () => number | undefined
  /** How often each limited thing is asked for: fields by coordinate, a stored operation by its name. */
  readonly selected: ReadonlyMap<string, number>
}

/** Charges the limits that count what operations do. Throws Problem, or rejects with it, past one of them. */
export type ChargeOperation = (
  units: OperationUnits,
  asked: Asked,
  reply: FastifyReply | undefined,
) => undefined | Promise<void>

/** A limit on a field or on a stored operation. */
export type NamedLimit = Pick<Limit, 'name' | 'limit' | 'windowMs' | 'by'> & { readonly kind: 'fixed' | 'sliding' }

export type OperationLimits = {
  readonly place: PlaceLimits | undefined
  /** By what they limit. */
  readonly named: ReadonlyMap<string, readonly NamedLimit[]>
}

/** Limits by calls and cost of one BFF, and those of its fields and stored operations; undefined where there are none. */
export const operationCharger = (
  { place, named }: OperationLimits,
  scope: string,
  tools: PolicyTools,
): ChargeOperation | undefined => {
  const bind = (limits: readonly Limit[]): readonly Bound[] =>
    bindLimits(
      limits.filter(({ counts }) => place?.units[counts] === undefined),
      scope,
      tools,
    )
  const common = bind(place?.limits ?? [])
  const groups = chooser(common, place?.plans, bind)
  const plansCount = [...(place?.plans?.of.values() ?? [])].some((limits) =>
    limits.some(({ counts }) => counts !== 'requests'),
  )
  const bounds = new Map(
    [...named].map(([selected, limits]) => [
      selected,
      bindLimits(limits.map(asLimit), placeOf(scope, selected), tools),
    ]),
  )
  if (common.length === 0 && !plansCount && bounds.size === 0) return undefined
  const { take } = takerOf(tools)
  const settle = settler(scope, tools)
  const leave = (
    group: Pick<Group, 'bounds' | 'policies'>,
    told: Parameters<typeof settle>[1],
    found: Verdict,
  ): void => {
    const refused = settle(group, told, found)
    if (refused !== undefined) throw refused
  }
  return ({ calls, cost, selected }, asked, reply) => {
    const { bounds: counted } = groups.of(asked)
    const units = { requests: 1, calls: 0, cost: 0 }
    if (counted.some(({ limit }) => limit.counts === 'calls')) units.calls = calls()
    if (counted.some(({ limit }) => limit.counts === 'cost')) units.cost = Math.ceil(cost() ?? 1)
    const all = [...counted]
    const charged = [...charges(counted, asked, units)]
    for (const [name, times] of selected) {
      const own = bounds.get(name) ?? []
      all.push(...own)
      charged.push(...charges(own, asked, { ...units, requests: times }))
    }
    if (all.length === 0) return undefined
    const group = groupOf(all)
    const verdict = take(charged)
    if (verdict instanceof Promise) return verdict.then((found) => leave(group, { asked, reply }, found))
    leave(group, { asked, reply }, verdict)
    return undefined
  }
}

/** Where limits of a field or stored operation are kept count of. */
export const placeOf = (scope: string, selected: string): string => `${scope}:${selected}`

export const asLimit = (limit: NamedLimit): Limit => ({
  ...limit,
  scope: undefined,
  period: undefined,
  counts: 'requests',
})
