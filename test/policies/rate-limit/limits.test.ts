import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as passed } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { pino } from 'pino'
import { systemClock } from '../../../src/kernel/clock.ts'
import { takeFromMemory } from '../../../src/policies/rate-limit/memory.ts'
import { periodEnd } from '../../../src/policies/rate-limit/period.ts'
import { takeFromRedis } from '../../../src/policies/rate-limit/redis.ts'
import { CallerTable } from '../../../src/policies/rate-limit/table.ts'
import { charging, limitsContract } from '../../contracts/limits.ts'
import { missing } from '../../support/programs.ts'
import { startRedis } from '../../support/redis.ts'
import { stillClock } from '../policy-app.ts'

describe('limits in memory', () => {
  limitsContract({
    open() {
      const clock = stillClock()
      return {
        take: (charges) => takeFromMemory(charges, clock.now()),
        now: () => clock.now(),
        pass: (milliseconds) => clock.advance(milliseconds),
      }
    },
    free: true,
  })

  it('keeps 200,000 callers apart', () => {
    const table = new CallerTable('fixed')
    const rule = { kind: 'fixed', limit: 10, windowMs: 1_000, endsIn: undefined } as const
    const counter = { rule, share: rule, name: 't', table }
    for (let round = 1; round <= 2; round += 1)
      for (let n = 0; n < 200_000; n += 1)
        assert.equal(takeFromMemory([{ counter, key: `user:shoppers:${n}`, units: 1 }], 0).remaining, 10 - round)
    assert.equal(table.size, 200_000)
  })

  it('gives the places of those whose windows are over to others, and grows no further', () => {
    const table = new CallerTable('bucket', 1_000)
    const rule = { kind: 'bucket', limit: 1, windowMs: 1_000, endsIn: undefined } as const
    const counter = { rule, share: rule, name: 't', table }
    for (let n = 0; n < 20_000; n += 1)
      assert.equal(takeFromMemory([{ counter, key: String(n), units: 1 }], n * 10).refused, -1)
    assert.ok(table.size <= 1_000)
  })

  it('gets stricter, never looser, when more callers come than it can hold', () => {
    const table = new CallerTable('fixed', 1_000)
    const rule = { kind: 'fixed', limit: 5, windowMs: 60_000, endsIn: undefined } as const
    const counter = { rule, share: rule, name: 't', table }
    let passing = 0
    for (let n = 0; n < 50_000; n += 1)
      if (takeFromMemory([{ counter, key: `flood ${n}`, units: 1 }], 0).refused < 0) passing += 1
    assert.equal(table.size, 1_000)
    assert.ok(passing <= 5 * 1_000, `${passing} of a flood of names came through`)
    for (const name of ['ada', 'bob']) {
      let own = 0
      while (takeFromMemory([{ counter, key: name, units: 1 }], 0).refused < 0) own += 1
      assert.ok(own <= 5)
    }
  })
})

describe('limits in Redis', { skip: missing('redis-server') }, () => {
  limitsContract({
    async open(t) {
      const redis = await redisOf(t)
      // It is waited for as long as it takes: on a busy machine it may answer too late for a gateway.
      t.mock.timers.enable({ apis: ['setTimeout'] })
      const { take } = shared(redis)
      return { take, now: () => performance.now(), pass: (milliseconds) => passed(milliseconds) }
    },
    free: false,
  })

  it('counts exactly for several gateways at once, in one command each', async (t) => {
    const { url, stop } = await startRedis()
    t.after(stop)
    const clients = await Promise.all([1, 2, 3].map(() => client(t, url)))
    const takes = clients.map((one) => shared(one).take)
    const minute = charging({ kind: 'fixed', limit: 70, windowMs: 3_600_000 })
    const hour = charging({ kind: 'sliding', limit: 90, windowMs: 3_600_000 })
    const burst = charging({ kind: 'bucket', limit: 80, windowMs: 36_000_000 })
    const admin = await client(t, url)
    await admin.config('RESETSTAT')
    const verdicts = await Promise.all(
      Array.from({ length: 300 }, async (_, n) => takes[n % 3]?.([minute(), hour(), burst()])),
    )
    assert.equal(verdicts.filter((verdict) => verdict?.refused === -1).length, 70)
    assert.ok(verdicts.every((verdict) => verdict?.alone === false))
    const stats = await admin.info('commandstats')
    const calls = (name: string): number => Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0)
    assert.equal(calls('evalsha') + calls('eval'), 300)
  })

  it('lets every key end', async (t) => {
    const redis = await redisOf(t)
    const { take } = shared(redis)
    for (const kind of ['fixed', 'sliding', 'bucket'] as const)
      await take([charging({ kind, limit: 5, windowMs: 10_000 })()])
    const keys = await redis.keys('*')
    assert.equal(keys.length, 3)
    for (const key of keys) assert.ok((await redis.pttl(key)) > 0)
  })

  it('sends the script again where Redis has forgotten it, and counts on', async (t) => {
    const redis = await redisOf(t)
    // It is waited for as long as it takes: on a busy machine it may answer too late for a gateway.
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const { take } = shared(redis)
    const charge = charging({ kind: 'fixed', limit: 5, windowMs: 60_000 })
    await take([charge()])
    await redis.script('FLUSH')
    assert.equal((await take([charge()])).remaining, 3)
  })

  it('does not ask Redis again for a caller who is known to have to wait', async (t) => {
    const redis = await redisOf(t)
    const { take, wait } = shared(redis)
    const charge = charging({ kind: 'fixed', limit: 1, windowMs: 60_000 })
    await take([charge()])
    assert.equal(wait(charge()), 0)
    await take([charge()])
    const ms = wait(charge())
    assert.ok(ms > 30_000 && ms <= 60_000)
  })
})

describe('periods of the calendar', () => {
  const ends = (per: 'day' | 'month', zone: string, at: string): string =>
    new Date(periodEnd({ per, zone })(Date.parse(at))).toISOString()

  it('end at midnight of their zone', () => {
    assert.equal(ends('day', 'UTC', '2026-11-21T23:59:59.999Z'), '2026-11-22T00:00:00.000Z')
    assert.equal(ends('day', 'UTC', '2026-11-22T00:00:00.000Z'), '2026-11-23T00:00:00.000Z')
    assert.equal(ends('day', 'Europe/Berlin', '2026-11-21T22:59:59Z'), '2026-11-21T23:00:00.000Z')
    assert.equal(ends('day', 'Asia/Kolkata', '2026-11-21T18:30:00Z'), '2026-11-22T18:30:00.000Z')
  })

  it('are longer or shorter where clocks change', () => {
    assert.equal(ends('day', 'Europe/Berlin', '2026-03-29T00:30:00Z'), '2026-03-29T22:00:00.000Z')
    assert.equal(ends('day', 'Europe/Berlin', '2026-10-24T23:30:00Z'), '2026-10-25T23:00:00.000Z')
  })

  it('know how long months are', () => {
    assert.equal(ends('month', 'UTC', '2028-02-03T00:00:00Z'), '2028-03-01T00:00:00.000Z')
    assert.equal(ends('month', 'America/New_York', '2026-12-31T23:00:00Z'), '2027-01-01T05:00:00.000Z')
  })
})

const shared = (redis: Redis) =>
  takeFromRedis({
    redis,
    clock: systemClock,
    log: pino({ level: 'silent' }),
    changed: () => undefined,
    fallback: () => {
      throw new Error('Redis was not asked.')
    },
  })

const redisOf = async (t: TestContext): Promise<Redis> => {
  const { url, stop } = await startRedis()
  t.after(stop)
  return client(t, url)
}

const client = async (t: TestContext, url: string): Promise<Redis> => {
  const redis = new Redis(url, { lazyConnect: true })
  redis.on('error', () => undefined) // a dead server is what some tests look at
  t.after(() => redis.disconnect())
  await redis.connect()
  return redis
}
