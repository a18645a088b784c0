import { Counter, Gauge, type Registry } from '@prometheus-io/client'
import { children } from './children.ts'

/** Of who is let in, and how often. */
export type PolicyMetrics = {
  readonly observeRateLimited: (scope: string, limit: string) => void
  /** Limits are counted together with other replicas, or by this process alone because Redis is not to be had. */
  readonly observeLimitsShared: (shared: boolean) => void
  /** A caller of a BFF or route came in by a provider. */
  readonly observeGranted: (scope: string, provider: string) => void
  /** A caller was kept out. */
  readonly observeAuth: (
    outcome: 'failed' | 'denied',
    scope: string,
    why: { readonly provider: string; readonly reason: string },
  ) => void
}

export const policyMetrics = (registry: Registry): PolicyMetrics => {
  const registers = [registry]
  const refused = new Counter({
    name: 'portico_rate_limited_total',
    help: 'Requests that a limit refused.',
    labelNames: ['scope', 'limit'],
    registers,
  })
  const limitsLocal = new Gauge({
    name: 'portico_limits_local',
    help: 'Whether this process counts limits by itself because Redis is not to be had: 1 or 0.',
    aggregator: 'max',
    registers,
  })
  const authenticated = new Counter({
    name: 'portico_auth_total',
    help: 'Decisions on who may come in: granted by a provider, failed or denied for a reason.',
    labelNames: ['scope', 'provider', 'outcome', 'reason'],
    registers,
  })
  const grantedChild = children((scope: string) =>
    children((provider: string) => authenticated.labels(scope, provider, 'granted', '')),
  )

  return {
    observeRateLimited: (scope, limit) => refused.inc({ scope, limit }),
    observeLimitsShared: (shared) => limitsLocal.set(shared ? 0 : 1),
    observeGranted: (scope, provider) => grantedChild(scope)(provider).inc(),
    observeAuth: (outcome, scope, { provider, reason }) => authenticated.labels(scope, provider, outcome, reason).inc(),
  }
}
