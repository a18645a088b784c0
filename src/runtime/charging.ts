import type { BffPlan, BffRuntime } from '../bff/bff.ts'
import { bffs, limits, policies } from '../catalog.ts'
import type { PolicyUse } from '../compile/plan.ts'
import { limitedFields } from '../graph/field-limits.ts'
import type { PolicyTools } from '../policies/policy.ts'

type OperationLimits = Parameters<typeof limits.charger>[0]

/** What limits the operations of a BFF: its own limits, and those of its fields and stored operations. */
const limitsOf = ({ graph, endpoints }: BffPlan, uses: readonly PolicyUse[]): OperationLimits => {
  const stored = endpoints.flatMap((one) => (one.limits.length === 0 ? [] : [[one.name, one.limits] as const]))
  return {
    place: uses.find((use) => use.name === 'rateLimit')?.settings as OperationLimits['place'],
    named: new Map([...limitedFields(graph), ...stored]),
  }
}

/** What charges the operations of a BFF, and what its WebSockets ask. */
export const chargersOf = (
  bff: BffPlan,
  uses: readonly PolicyUse[],
  tools: PolicyTools,
): Pick<BffRuntime, 'charge' | 'chargeMessage'> => {
  const found = limitsOf(bff, uses)
  const scope = `bffs.${bff.name}`
  return { charge: limits.charger(found, scope, tools), chargeMessage: limits.messages(found.place, scope, tools) }
}

/** The policies of an endpoint whose runs all count the same, with all of its limits at once; undefined where they do not, or where nothing counts them. */
export const chargingUses = (
  bff: BffPlan,
  endpoint: BffPlan['endpoints'][number],
  uses: readonly PolicyUse[],
): readonly PolicyUse[] | undefined => {
  const each = bffs.eachRun(bff, endpoint)
  const whole = each && limits.whole(limitsOf(bff, uses), each, `bffs.${bff.name}`)
  if (whole === undefined) return undefined
  const others = new Map(uses.map((use) => [use.name, use]))
  others.set('rateLimit', { name: 'rateLimit', settings: whole })
  return (Object.keys(policies) as PolicyUse['name'][]).flatMap((name) => others.get(name) ?? [])
}
