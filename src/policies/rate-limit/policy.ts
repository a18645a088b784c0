import fastifyRateLimit, { type FastifyRateLimitStore, type RateLimitOptions } from '@fastify/rate-limit'
import { Problem } from '../../kernel/problem.ts'
import { definePolicy, type PolicyTools } from '../policy.ts'
import { rateLimitConfig } from './config.ts'
import { type Count, type Counter, memoryCounter, sharedCounter } from './counter.ts'
import { keyBy } from './key.ts'

/** Limits requests to a number in a fixed window. Stands after auth, so that it knows the user. */
export const rateLimit = definePolicy({
  name: 'rateLimit',
  config: rateLimitConfig,
  async setup(app) {
    await app.register(fastifyRateLimit, {
      global: false,
      enableDraftSpec: true,
      store: CounterStore,
    })
  },
  hooks({ limit, window, by }, { app, tools, scope }) {
    const keyOf = keyBy(by)
    const options: RateLimitOptions & { readonly counter: Counter } = {
      max: limit,
      timeWindow: window,
      keyGenerator: keyOf,
      counter: counterFor(scope.name, window, tools),
      onExceeded: () => tools.rateLimited(scope.name),
      errorResponseBuilder: (_request, { ttl }) => {
        const seconds = Math.ceil(ttl / 1_000)
        return new Problem('RESOURCE_EXHAUSTED', `Too many requests. Try again in ${seconds} s.`, {
          headers: { 'retry-after': String(seconds) },
        })
      },
    }
    return { onRequest: [app.rateLimit(options)] }
  },
})

/** A changed limit goes on with the same counters; a changed window starts anew. */
const counterFor = (scope: string, windowMs: number, { clock, log, redis, stores }: PolicyTools): Counter => {
  const prefix = `portico:limit:${scope}:${windowMs}:`
  const local = stores.keep(prefix, () => memoryCounter(clock))
  if (redis === undefined) return local
  const shared = sharedCounter({ redis, fallback: local, clock, log })
  return (key, window) => shared(prefix + key, window)
}

const uncounted: Counter = () => {
  throw new Error('A limit has no counter.')
}

/** The face @fastify/rate-limit wants of a store: it makes one for the app, never used, and a child for each limit. */
class CounterStore implements FastifyRateLimitStore {
  readonly #count: Counter

  constructor({ counter = uncounted }: { readonly counter?: Counter }) {
    this.#count = counter
  }

  incr(key: string, answer: (error: Error | null, count?: Count) => void, windowMs: number): void {
    const counted = this.#count(key, windowMs)
    if (counted instanceof Promise) counted.then((count) => answer(null, count), answer)
    else answer(null, counted)
  }

  child(options: object): CounterStore {
    return new CounterStore(options)
  }
}
