import type { Redis } from 'ioredis'
import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'
import type { Clock } from '../../kernel/clock.ts'

/** A window after one more request: how many came in it, and the milliseconds until it ends. */
export type Count = { readonly current: number; readonly ttl: number }

/** Counts one request of a key in its window. */
export type Counter = (key: string, windowMs: number) => Count | Promise<Count>

/** Keys counted at once. Past it the least recently seen starts anew, so a flood of keys costs accuracy, not memory. */
const mostKeys = 50_000

/** Counts in this process. A window starts with the first request of its key. */
export const memoryCounter = (clock: Clock): ((key: string, windowMs: number) => Count) => {
  const windows = new LRUCache<string, { current: number; readonly endsAt: number }>({ max: mostKeys })
  return (key, windowMs) => {
    const at = clock.now()
    const window = windows.get(key)
    if (window !== undefined && window.endsAt > at) {
      window.current += 1
      return { current: window.current, ttl: window.endsAt - at }
    }
    windows.set(key, { current: 1, endsAt: at + windowMs })
    return { current: 1, ttl: windowMs }
  }
}

/** Counts and reads what is left of the window in one step. A counter that has no end, whatever the reason, gets one. */
const script = `
local count = redis.call('INCR', KEYS[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
  left = tonumber(ARGV[1])
  redis.call('PEXPIRE', KEYS[1], left)
end
return {count, left}`

/** How long a request waits for Redis, and how long Redis is left alone after it failed. */
const patienceMs = 200
const pauseMs = 1_000

export type SharedCounterParts = {
  readonly redis: Redis
  /** Counts while Redis does not. */
  readonly fallback: Counter
  readonly clock: Clock
  readonly log: Logger
}

/**
 * Counts in Redis, for all replicas together. Where Redis is gone, slow or broken the limit goes on for each
 * replica by itself: nobody waits for it, and nobody passes unlimited.
 */
export const sharedCounter = ({ redis, fallback, clock, log }: SharedCounterParts): Counter => {
  let failing = false
  let restUntil = Number.NEGATIVE_INFINITY

  const fail = (cause: unknown): void => {
    restUntil = clock.now() + pauseMs
    if (!failing) log.error({ err: cause }, 'Redis does not count: limits hold for each replica by itself.')
    failing = true
  }
  const recover = (): void => {
    log.info('Redis counts again.')
    failing = false
    restUntil = Number.NEGATIVE_INFINITY
  }
  return async (key, windowMs) => {
    const at = clock.now()
    if (at < restUntil) return fallback(key, windowMs)
    // One request tries whether Redis is back; those that come meanwhile need not wait with it.
    if (failing) restUntil = at + pauseMs
    try {
      // A client that is not connected would queue the command and answer when nobody asks any more.
      if (redis.status !== 'ready') throw new Error(`The connection to Redis is ${redis.status}.`)
      const answer = await within(patienceMs, redis.eval(script, 1, key, windowMs))
      if (failing) recover()
      const [current, ttl] = answer as [number, number]
      return { current, ttl: Math.max(1, ttl) }
    } catch (cause) {
      fail(cause)
      return fallback(key, windowMs)
    }
  }
}

const within = <Value>(milliseconds: number, promise: Promise<Value>): Promise<Value> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`No answer within ${milliseconds} ms.`)), milliseconds)
    promise.then(resolve, reject).finally(() => clearTimeout(timer))
  })
