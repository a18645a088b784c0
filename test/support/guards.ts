import type { Traits } from '../../src/services/call.ts'
import { RetryBudget } from '../../src/services/guards/retry.ts'
import type { Resilience } from '../../src/services/resilience.ts'

/** A call that must not be made twice. */
export const once: Traits<unknown> = { mayRepeat: () => false }

/** A call that may be made as often as one likes. */
export const repeatable: Traits<unknown> = { mayRepeat: () => true }

/** What is remembered of a service that has not failed, and has no breaker. */
export const calm = (): Resilience => ({ breaker: undefined, budget: new RetryBudget(0.2) })
