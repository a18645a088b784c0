import { Breaker } from './guards/breaker.ts'
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
