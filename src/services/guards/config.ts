import { z } from 'zod'
import { count, duration, share } from '../../config/scalars.ts'

const retryDefaults = { backoff: 25, mostBackoff: 1_000, budget: 0.2 }
const breakerDefaults = { rate: 0.5, volume: 20, open: 5_000, mostOpen: 60_000 }

const times = z
  .int({ error: 'Expected a whole number.' })
  .min(0, { error: 'Expected 0 or more.' })
  .max(10, { error: 'Expected at most 10: more tries make trouble worse.' })

/** Tries after the first, of a service or of one route. */
export const retryConfig = z.union([
  z.strictObject({
    times: times.describe('Tries after the first.'),
    backoff: duration
      .default(retryDefaults.backoff)
      .describe('The longest pause before the first further try; each pause is drawn anew, and the bound doubles.'),
    mostBackoff: duration.default(retryDefaults.mostBackoff).describe('What the bound of pauses doubles up to.'),
    budget: share
      .default(retryDefaults.budget)
      .describe('Further tries as a share of the calls of the last ten seconds; one a second is always allowed.'),
  }),
  times.transform((value) => ({ ...retryDefaults, times: value })),
])

const breakerConfig = z.union([
  z.strictObject({
    rate: share.default(breakerDefaults.rate).describe('The share of failures over ten seconds that opens it.'),
    volume: count.default(breakerDefaults.volume).describe('Calls in ten seconds below which it stays closed.'),
    open: duration
      .default(breakerDefaults.open)
      .describe('How long it stays open; twice as long each time the trial fails.'),
    mostOpen: duration.default(breakerDefaults.mostOpen).describe('The longest time it stays open.'),
  }),
  z.literal(true).transform(() => breakerDefaults),
])

/** A breaker of its own for a route or for some calls; `false` for none. */
export const ownBreakerConfig = z.union([breakerConfig, z.literal(false)])

/** What some calls of a service say in place of the service. */
export const ownCallsConfig = z.strictObject({
  timeout: z
    .union([
      z.strictObject({
        try: duration.optional().describe('How long one try may take.'),
        total: duration.optional().describe('How long a call may take in all.'),
      }),
      duration.transform((value) => ({ try: value })),
    ])
    .default({})
    .describe('How long one try may take, or more exactly.'),
  retry: retryConfig.optional().describe('How often they are tried again, out of the service’s budget.'),
  breaker: ownBreakerConfig
    .optional()
    .describe('A breaker of their own, which counts and refuses these calls alone; `false` for none.'),
  hedge: z
    .union([duration, z.literal(false)])
    .optional()
    .describe('After how long another target is asked for the same; `false` for never.'),
})

/** What an entry of `services:` says about its failures. */
export const resilienceConfig = {
  timeout: z
    .union([
      z.strictObject({
        connect: duration.default(10_000).describe('How long a connection may take to be opened.'),
        try: duration.default(2_000).describe('How long one try may take.'),
        total: duration.optional().describe('How long a call may take in all: waiting, pauses and every try.'),
      }),
      duration.transform((value) => ({ try: value })),
    ])
    .prefault('2s')
    .describe('How long one try may take, or more exactly; always bounded by what is left of the request’s budget.'),
  retry: retryConfig
    .optional()
    .describe(
      'How often a call is tried again: what may be repeated (safe methods, requests with an Idempotency-Key, gRPC methods that say so), when the service was unavailable or late, and anything that was never sent. Another target is preferred, Retry-After is kept. Not at all by default.',
    ),
  breaker: breakerConfig
    .optional()
    .describe(
      'Leaves a service alone that fails: calls are refused with 503 at once, then one call tries it. 5xx but 501, broken connections and timeouts are failures; what clients do wrong is not. `true` takes the defaults; off by default.',
    ),
  hedge: duration
    .optional()
    .describe(
      'After how long another target is asked for the same, for calls that may be repeated: the first good answer counts. Within the budget of retries. Off by default.',
    ),
}
