import { limits, policies, shields } from '../catalog.ts'
import type { WorkspaceConfig } from './config.ts'
import type { CompiledIpRules } from './ip-rules.ts'
import type { PolicyName, PolicyUse, RoutePlan } from './plan.ts'

const policyNames = Object.keys(policies) as PolicyName[]

/** Whether its answers are the gateway's own, not those of a service as they came. */
export const makesAnswers = ({ kind }: RoutePlan): boolean => kind === 'transcode' || kind === 'answer'

export type PlaceKind = {
  /** Whether operations run there, whose calls and cost limits may count. */
  readonly operations: boolean
  /** Whether the gateway makes its answers itself. */
  readonly makes: boolean
  readonly ipRulesOf: CompiledIpRules['rulesOf']
}

/** What a BFF or route has of its own; headers, addresses, maintenance and limits it has from the whole gateway too. */
export const policiesOf = (
  settings: Readonly<Partial<Record<PolicyName, unknown>>> &
    Pick<WorkspaceConfig['routes'][number], 'rateLimit' | 'cost' | 'securityHeaders' | 'ipRules'>,
  { maintenance, rateLimit: gateway, plans, limits: bounds, securityHeaders: guarding }: WorkspaceConfig,
  { operations, makes, ipRulesOf }: PlaceKind,
): readonly PolicyUse[] => {
  const rateLimit = limits.compile({ own: settings.rateLimit, gateway, plans, cost: settings.cost, operations })
  const securityHeaders = shields.headers({ own: settings.securityHeaders, gateway: guarding, makes })
  const ipRules = ipRulesOf(settings.ipRules)
  const own = { ...settings, rateLimit, securityHeaders, ipRules, concurrency: bounds.concurrentRequests }
  const all: Readonly<Partial<Record<PolicyName, unknown>>> = 'maintenance' in settings ? own : { ...own, maintenance }
  return policyNames.flatMap((name) => (all[name] === undefined ? [] : [{ name, settings: all[name] }]))
}
