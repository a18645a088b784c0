import assert from 'node:assert/strict'
import { it, type TestContext } from 'node:test'
import { array, asyncProperty, assert as check, constant, integer, oneof, record } from 'fast-check'
import type { Charge, Take } from '../../src/policies/rate-limit/counter.ts'
import { type Rule, type RuleKind, slidingParts } from '../../src/policies/rate-limit/rule.ts'
import { CallerTable } from '../../src/policies/rate-limit/table.ts'

/** What counts limits, and the one clock it counts by. */
export type Counts = {
  readonly take: Take
  readonly now: () => number
  /** Lets so much time pass, or resolves when it has. */
  readonly pass: (milliseconds: number) => void | Promise<void>
}

export type LimitsSuite = {
  readonly open: (t: TestContext) => Promise<Counts> | Counts
  /** Whether time is free: else models are tried with little of it. */
  readonly free: boolean
}

let made = 0

/** A limit nobody has counted by. */
export const charging = (rule: Omit<Rule, 'endsIn'>): ((units?: number, key?: string) => Charge) => {
  const whole = { ...rule, endsIn: undefined }
  const counter = { rule: whole, share: whole, name: `t:${(made += 1)}:`, table: new CallerTable(rule.kind) }
  return (units = 1, key = 'ada') => ({ counter, key, units })
}

/** What whatever counts limits has to do, in memory or shared. */
export const limitsContract = ({ open, free }: LimitsSuite): void => {
  const kinds: readonly RuleKind[] = ['fixed', 'sliding', 'bucket']

  for (const kind of kinds) {
    it(`passes exactly the limit at once (${kind})`, async (t) => {
      const { take } = await open(t)
      const charge = charging({ kind, limit: 50, windowMs: 3_600_000 })
      const verdicts = await Promise.all(Array.from({ length: 200 }, async () => take([charge()])))
      assert.equal(verdicts.filter(({ refused }) => refused < 0).length, 50)
    })

    it(`counts what something weighs, and callers apart (${kind})`, async (t) => {
      const { take } = await open(t)
      const charge = charging({ kind, limit: 10, windowMs: 3_600_000 })
      assert.equal((await take([charge(7)])).remaining, 3)
      assert.equal((await take([charge(4)])).refused, 0)
      assert.equal((await take([charge(3)])).remaining, 0)
      assert.equal((await take([charge(10, 'bob')])).remaining, 0)
    })

    it(`says when a refused charge may pass, and it does (${kind})`, async (t) => {
      const { take, pass } = await open(t)
      const windowMs = free ? 120 : 2_000
      const charge = charging({ kind, limit: 4, windowMs })
      await take([charge(4)])
      const { refused, waitMs } = await take([charge(2)])
      assert.equal(refused, 0)
      assert.ok(waitMs > 0 && waitMs <= (windowMs * (slidingParts + 1)) / slidingParts)
      await pass(Math.ceil(waitMs) + 1)
      assert.equal((await take([charge(2)])).refused, -1)
    })

    it(`agrees with a model, whatever comes when (${kind})`, { timeout: 60_000 }, async (t) => {
      const counts = await open(t)
      const steps = array(record({ units: integer({ min: 0, max: 4 }), wait: waits(free) }), {
        maxLength: free ? 60 : 8,
      })
      await check(
        asyncProperty(integer({ min: 1, max: 12 }), steps, async (limit, taken) => {
          const windowMs = free ? 1_000 : 60
          const charge = charging({ kind, limit, windowMs })
          const passed: Passed[] = []
          for (const { units, wait } of taken) {
            await counts.pass(wait)
            const before = counts.now()
            const { refused } = await counts.take([charge(units)])
            const after = counts.now()
            if (free) assert.equal(refused < 0, models[kind](passed, { at: before, units, limit, windowMs }))
            if (refused < 0) passed.push({ at: before, late: after, units })
          }
          if (kind === 'sliding') neverMore(passed, { limit, windowMs })
          if (kind === 'bucket') neverFaster(passed, { limit, windowMs })
        }),
        { numRuns: free ? 300 : 6 },
      )
    })
  }

  it('charges all limits of a request or none, and says which refuses longest', async (t) => {
    const { take } = await open(t)
    const minute = charging({ kind: 'fixed', limit: 2, windowMs: 60_000 })
    const hour = charging({ kind: 'sliding', limit: 1, windowMs: 3_600_000 })
    const first = await take([minute(), hour()])
    assert.deepEqual([first.refused, first.nearest, first.remaining], [-1, 1, 0])
    for (let turn = 0; turn < 5; turn += 1) assert.equal((await take([minute(), hour()])).refused, 1)
    assert.equal((await take([minute()])).remaining, 0)
    const both = await take([minute(), hour()])
    assert.equal(both.refused, 1, 'the hour makes wait longer than the minute')
  })
}

const waits = (free: boolean) =>
  free
    ? oneof(constant(0), integer({ min: 0, max: 400 }), integer({ min: 900, max: 2_500 }))
    : integer({ min: 0, max: 40 })

type Passed = { readonly at: number; readonly late: number; readonly units: number }
type Asking = { readonly at: number; readonly units: number; readonly limit: number; readonly windowMs: number }
type Model = (passed: readonly Passed[], asking: Asking) => boolean

const sum = (passed: readonly Passed[]): number => passed.reduce((all, { units }) => all + units, 0)

/** Whether units pass, told from all that passed before. */
const models: { readonly [kind in RuleKind]: Model } = {
  fixed(passed, { at, units, limit, windowMs }) {
    let from = Number.NEGATIVE_INFINITY
    let used = 0
    for (const one of passed) {
      if (one.units === 0) continue
      if (one.at >= from + windowMs) {
        from = one.at
        used = 0
      }
      used += one.units
    }
    return (at >= from + windowMs ? 0 : used) + units <= limit
  },
  sliding(passed, { at, units, limit, windowMs }) {
    const partOf = (time: number): number => Math.floor((time * slidingParts) / windowMs)
    return sum(passed.filter((one) => partOf(one.at) >= partOf(at) - slidingParts)) + units <= limit
  },
  bucket(passed, { at, units, limit, windowMs }) {
    let tokens = limit
    let last = 0
    for (const one of passed) {
      tokens = Math.min(limit, tokens + ((one.at - last) * limit) / windowMs) - one.units
      last = one.at
    }
    return Math.min(limit, tokens + ((at - last) * limit) / windowMs) + 1e-6 >= units
  },
}

/** In no window of that length more than the limit, whichever way it lies. */
const neverMore = (passed: readonly Passed[], { limit, windowMs }: Pick<Asking, 'limit' | 'windowMs'>): void => {
  for (const { late } of passed) {
    const within = passed.filter((one) => one.late <= late && one.at > late - windowMs)
    // Between sending and being counted time passes: only those surely within count.
    assert.ok(sum(within.filter((one) => one.at > late - windowMs)) <= limit)
  }
}

/** From one to another never more than a full bucket and what flowed in between. */
const neverFaster = (passed: readonly Passed[], { limit, windowMs }: Pick<Asking, 'limit' | 'windowMs'>): void => {
  for (const [index, first] of passed.entries())
    for (const [more, last] of passed.slice(index).entries()) {
      const between = passed.slice(index, index + more + 1)
      assert.ok(sum(between) <= limit + ((last.late - first.at + 2) * limit) / windowMs + 1e-6)
    }
}
