import type { Redis } from 'ioredis'
import { LRUCache } from 'lru-cache'
import type { Logger } from 'pino'
import type { Clock } from '../../kernel/clock.ts'
import { within } from '../../kernel/patience.ts'
import type { Charge, Take, Verdict } from './counter.ts'
import { script } from './redis-script.ts'
import { fits } from './rule.ts'

/** How long a request waits for Redis, and how long Redis is left alone after it failed. */
const patienceMs = 200
const pauseMs = 1_000

/** Callers whose refusal is remembered, so that while it holds nobody asks Redis again for them. */
const mostRefused = 10_000

export type SharedParts = {
  readonly redis: Redis
  /** Counts while Redis does not. */
  readonly fallback: Take
  readonly clock: Clock
  readonly log: Logger
  /** Told when Redis stops counting, and when it does so again. */
  readonly changed: (counts: boolean) => void
}

/** Limits counted in Redis, for all replicas together. */
export type SharedTake = {
  readonly take: Take
  /** Milliseconds until a caller that was refused may come again; 0 where nothing is known against him. */
  readonly wait: (charge: Omit<Charge, 'units'>) => number
}

type Command = (keys: number, ...rest: readonly (string | number)[]) => Promise<unknown>

/**
 * One command for all limits of a request, atomic and by the time of Redis. Where Redis is gone, slow or broken each
 * replica goes on with its share of each limit: nobody waits for it, and nobody passes unlimited.
 */
export const takeFromRedis = ({ redis, fallback, clock, log, changed }: SharedParts): SharedTake => {
  const refused = new LRUCache<string, number>({ max: mostRefused })
  let failing = false
  let told: string | undefined
  let restUntil = Number.NEGATIVE_INFINITY
  redis.defineCommand('porticoTake', { lua: script })
  const command = (redis as unknown as { readonly porticoTake: Command }).porticoTake.bind(redis)

  const fail = (cause: unknown): void => {
    restUntil = clock.now() + pauseMs
    const reason = reasonOf(cause)
    // An outage often begins with a connection that comes; what Redis itself says later is news.
    if (failing && (reason === undefined || reason === told)) return
    told = reason
    const advice = isOfCluster(reason) ? ` ${clusterAdvice}` : ''
    log.error({ err: cause }, `Redis does not count: each replica goes on with its share of the limits.${advice}`)
    if (!failing) changed(false)
    failing = true
  }
  const recover = (): void => {
    failing = false
    told = undefined
    restUntil = Number.NEGATIVE_INFINITY
    log.info('Redis counts again.')
    changed(true)
  }
  return {
    async take(charges) {
      const at = clock.now()
      if (at < restUntil) return fallback(charges)
      // One request tries whether Redis is back; those that come meanwhile need not wait with it.
      if (failing) restUntil = at + pauseMs
      try {
        // A client that is not connected would queue the command and answer when nobody asks any more.
        if (redis.status !== 'ready') throw new Error(`The connection to Redis is ${redis.status}.`)
        const keys = charges.map(({ counter, key }) => counter.name + key)
        const rules = charges.flatMap(({ counter: { rule }, units }) => [
          rule.kind,
          rule.limit,
          rule.endsIn?.() ?? rule.windowMs,
          units,
        ])
        const answer = await within(patienceMs, command(keys.length, ...keys, ...rules))
        const verdict = verdictOf(answer, charges)
        if (failing) recover()
        if (verdict.refused >= 0 && fits(1, (charges[verdict.refused] as Charge).units))
          refused.set(remembered(charges[verdict.refused] as Charge), at + verdict.waitMs)
        return verdict
      } catch (cause) {
        fail(cause)
        return fallback(charges)
      }
    },
    wait: (charge) => Math.max(0, (refused.get(remembered(charge)) ?? 0) - clock.now()),
  }
}

/** A limit that was raised begins anew. */
const remembered = ({ counter, key }: Omit<Charge, 'units'>): string => `${counter.rule.limit} ${counter.name}${key}`

/**
 * The script's answer: the place that refused from one, its wait, and of each limit what is left and when it resets.
 * Throws where it is another: something else may listen there, and nobody passes by words that say nothing.
 */
const verdictOf = (answer: unknown, charges: readonly Charge[]): Verdict => {
  if (!isAnswer(answer, charges.length)) throw new Error('Redis answered something else than the script does.')
  const [refused = 0, waitMs = 0, ...rest] = answer
  const nearest = refused > 0 ? refused - 1 : leastLeft(rest, charges)
  const remaining = Math.max(0, rest[2 * nearest] as number)
  return { refused: refused - 1, waitMs, nearest, remaining, resetMs: rest[2 * nearest + 1] as number, alone: false }
}

/** Place of the limit with the least of its units left. */
const leastLeft = (rest: readonly number[], charges: readonly Charge[]): number => {
  let nearest = 0
  let left = Number.POSITIVE_INFINITY
  for (const [index, { counter }] of charges.entries()) {
    const share = (rest[2 * index] as number) / counter.rule.limit
    if (share >= left) continue
    left = share
    nearest = index
  }
  return nearest
}

const isAnswer = (answer: unknown, limits: number): answer is readonly number[] =>
  Array.isArray(answer) &&
  answer.length === 2 + 2 * limits &&
  answer.every(Number.isSafeInteger) &&
  answer[0] >= 0 &&
  answer[0] <= limits

/** The kind of an error that Redis answered, such as `OOM` or `MOVED`; undefined where it answered nothing. */
const reasonOf = (cause: unknown): string | undefined =>
  (cause as Error).name === 'ReplyError' ? /^\w+/.exec((cause as Error).message)?.[0] : undefined

const isOfCluster = (reason: string | undefined): boolean =>
  reason === 'MOVED' || reason === 'ASK' || reason === 'CROSSSLOT' || reason === 'CLUSTERDOWN'
const clusterAdvice = 'It is a node of a Cluster of several shards: name a single Redis, or a Cluster of one shard.'
