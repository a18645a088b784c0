import { Breaker, type BreakerSettings } from './guards/breaker.ts'
import { RetryBudget } from './guards/retry.ts'
import type { Lease, Resources } from './resources.ts'
import type { Service } from './service.ts'
import type { GuardTools } from './stack.ts'

/** What is remembered of a service's failures, by calls and proxied requests alike. A reload does not forget it. */
export type Resilience = { readonly breaker: Breaker | undefined; readonly budget: RetryBudget }

/** Of the calls: what hedges and the retries of routes may take where the service has no retries of its own. */
const defaultBudget = 0.2

export const acquireResilience = (
  { name, resilience: { breaker, retry } = {} }: Service,
  resources: Resources,
  { clock, tell }: GuardTools,
): Lease<Resilience> =>
  resources.acquire(
    `resilience ${JSON.stringify([name, breaker, retry?.budget])}`,
    () => ({
      budget: new RetryBudget(retry?.budget ?? defaultBudget),
      breaker:
        breaker &&
        new Breaker({ service: name, settings: breaker, clock, tell: (state) => tell?.(name, `breaker ${state}`) }),
    }),
    () => undefined,
  )

/** A breaker beside the service's, of a route or of some calls, by what it is called; without settings there is none. */
export type OwnBreaker = { readonly of: string; readonly settings: BreakerSettings | undefined }

/** What is remembered of some calls of a service alone. Lives as long as the leases that are added to `held`. */
export const acquireOwn = (
  shared: Resilience,
  { of, settings }: OwnBreaker,
  { service, resources, tools, held }: OwnTools,
): Resilience => {
  if (settings === undefined) return { budget: shared.budget, breaker: undefined }
  const { clock, tell, warn } = tools
  const lease = resources.acquire(
    `breaker ${JSON.stringify([service, of, settings])}`,
    () =>
      new Breaker({
        service,
        settings,
        clock,
        tell(state) {
          tell?.(service, `breaker ${state}`)
          warn?.(`Service ${service}: the breaker of ${of} is ${state}.`)
        },
      }),
    () => undefined,
  )
  held.push(lease)
  return { budget: shared.budget, breaker: lease.value }
}

export type OwnTools = {
  readonly service: string
  readonly resources: Resources
  readonly tools: GuardTools
  readonly held: Lease<unknown>[]
}
