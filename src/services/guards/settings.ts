import type { z } from 'zod'
import type { BreakerSettings } from './breaker.ts'
import type { ownBreakerConfig, resilienceConfig, retryConfig } from './config.ts'
import type { RetrySettings } from './retry.ts'

/** What is done about a service's failures; nothing where it is absent. */
export type ResilienceSettings = {
  /** How long a connection may take to be opened. */
  readonly connectMs?: number | undefined
  /** How long a call may take in all, waiting and every try included. */
  readonly totalMs?: number | undefined
  readonly retry?: RetrySettings | undefined
  readonly breaker?: BreakerSettings | undefined
  /** When a second target is asked for the same. */
  readonly hedgeAfterMs?: number | undefined
}

/** How often a call that may be repeated is sent at most: each try may be hedged by one more. */
export const mostSent = ({ retry, hedgeAfterMs }: ResilienceSettings = {}): number =>
  (1 + (retry?.times ?? 0)) * (hedgeAfterMs === undefined ? 1 : 2)

type Config = z.output<z.ZodObject<typeof resilienceConfig>>

export const resilienceSettings = ({ timeout, retry, breaker, hedge }: Config): ResilienceSettings => ({
  connectMs: 'connect' in timeout ? timeout.connect : undefined,
  totalMs: 'total' in timeout ? timeout.total : undefined,
  retry: retry && retrySettings(retry),
  breaker: breaker && breakerSettings(breaker),
  hedgeAfterMs: hedge,
})

export const retrySettings = ({
  times,
  backoff,
  mostBackoff,
  budget,
}: z.output<typeof retryConfig>): RetrySettings => ({
  times,
  baseMs: backoff,
  mostMs: mostBackoff,
  budget,
})

export const breakerSettings = ({
  rate,
  volume,
  open,
  mostOpen,
}: Exclude<z.output<typeof ownBreakerConfig>, false>): BreakerSettings => ({
  rate,
  volume,
  openMs: open,
  mostMs: mostOpen,
})
