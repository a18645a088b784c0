import type { GuardTools } from './guard-tools.ts'
import { Breaker } from './guards/breaker.ts'
import { RetryBudget } from './guards/retry.ts'
import type { OwnBreaker } from './own-calls.ts'
import type { Lease, Resources } from './resources.ts'
import type { Service } from './service.ts'

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

/** The breakers of some calls and routes of one service: what they remember is theirs alone, its budget the service's. */
export type OwnBreakers = {
  /** Made by the first who asks; the same for whoever asks for the same. */
  readonly resilienceOf: (breaker: OwnBreaker) => Resilience
  /** Those that were asked for, with whom they are of. */
  readonly all: () => readonly { readonly of: string; readonly breaker: Breaker }[]
  release(): Promise<void>
}

export const createOwnBreakers = (
  service: string,
  { budget }: Resilience,
  { resources, clock, tell, warn }: GuardTools & { readonly resources: Resources },
): OwnBreakers => {
  const held = new Map<string, { readonly of: string; readonly lease: Lease<Breaker> }>()
  return {
    resilienceOf({ of, settings }) {
      if (settings === undefined) return { budget, breaker: undefined }
      const key = `breaker ${JSON.stringify([service, of, settings])}`
      const make = (): Breaker =>
        new Breaker({
          service,
          settings,
          clock,
          tell(state) {
            tell?.(service, `breaker ${state}`)
            warn?.(`Service ${service}: the breaker of ${of} is ${state}.`)
          },
        })
      const one = held.get(key) ?? { of, lease: resources.acquire(key, make, () => undefined) }
      held.set(key, one)
      return { budget, breaker: one.lease.value }
    },
    all: () => [...held.values()].map(({ of, lease }) => ({ of, breaker: lease.value })),
    release: async () => {
      await Promise.all([...held.values()].map(({ lease }) => lease.release()))
    },
  }
}
