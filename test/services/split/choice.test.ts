import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import type { Identity } from '../../../src/kernel/caller.ts'
import { type Chooser, createChoice } from '../../../src/services/split/choice.ts'
import { type Ramp, shareAt } from '../../../src/services/split/ramp.ts'
import type { Split } from '../../../src/services/split/split.ts'

describe('a split', () => {
  it('gives each part its exact share of any stretch of requests, evenly spread', () => {
    const weights = fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 2, maxLength: 6 })
    fc.assert(
      fc.property(
        weights.filter((some) => some.some((weight) => weight > 0)),
        fc.integer({ min: 1, max: 2_000 }),
        (some, requests) => {
          const choose = choiceOf({ weights: some })
          const counts = some.map(() => 0)
          const sum = some.reduce((a, b) => a + b, 0)
          for (let i = 1; i <= requests; i += 1) {
            const at = choose(anybody)
            counts[at] = (counts[at] as number) + 1
            for (const [part, weight] of some.entries())
              assert.ok(Math.abs((counts[part] as number) - (i * weight) / sum) < some.length)
          }
        },
      ),
      { verbose: 1, numRuns: 100 },
    )
  })

  it('gives 5 % of 10,000 requests to a part of weight 5 beside one of 95: 500', () => {
    const choose = choiceOf({ weights: [95, 5] })
    assert.deepEqual(
      countOf(10_000, () => choose(anybody)),
      [9_500, 500],
    )
  })

  for (const sticky of ['user', 'address', 'header', 'cookie', 'claim'] as const)
    it(`keeps each ${sticky} with one part, 10,000 of them within 1 % of the shares`, () => {
      const split = { weights: [95, 5], sticky: stickyOf(sticky) }
      const [choose, replica] = [choiceOf(split), choiceOf(split)]
      const counts = countOf(10_000, (i) => {
        const at = choose(somebody(i))
        assert.equal(replica(somebody(i)), at)
        assert.equal(choose(somebody(i)), at)
        return at
      })
      assert.ok(Math.abs((counts[1] as number) - 500) <= 100, counts.join(' '))
    })

  it('shares also three parts of other names exactly enough', () => {
    const choose = choiceOf({ weights: [50, 30, 20], sticky: 'user', names: ['blue', 'green', 'users-v3'] })
    const counts = countOf(10_000, (i) => choose(somebody(i)))
    for (const [at, expected] of [5_000, 3_000, 2_000].entries())
      assert.ok(Math.abs((counts[at] as number) - expected) <= 100, counts.join(' '))
  })

  it('moves no key but to a part that grew, and no more of them than it grew', () => {
    const before = choiceOf({ weights: [60, 30, 10], sticky: 'user' })
    const after = choiceOf({ weights: [60, 30, 30], sticky: 'user' })
    const moved = countOf(10_000, (i) => {
      const [from, to] = [before(somebody(i)), after(somebody(i))]
      assert.ok(from === to || to === 2)
      return from === to ? 0 : 1
    })
    // Of 120 the third has 30 instead of 10 of 100: from 10 % to 25 %.
    assert.ok(Math.abs((moved[1] as number) - 1_500) <= 100, moved.join(' '))
  })

  it('lets requests without a key take turns', () => {
    const choose = choiceOf({ weights: [1, 1], sticky: 'user' })
    assert.deepEqual(
      countOf(100, () => choose(anybody)),
      [50, 50],
    )
  })

  it('gives a ramp up whose part fails more than the others by the margin, once there is enough to judge by', () => {
    let now = 0
    const told: string[] = []
    const stop = { worse: 0.05, volume: 50 }
    const ramp: Ramp = { from: 0.5, to: 1, startsAt: 0, overMs: 60_000, steps: 10, stop }
    const split = splitOf({ weights: [1, 1], names: ['old', 'new'], ramps: [undefined, ramp] })
    const stopped = new Set<string>()
    const tools = {
      clock: { now: () => now, date: () => 0 },
      of: 'x',
      stopped,
      tell: (words: string) => void told.push(words),
    }
    const choose = createChoice(split, tools)
    const share = (): number => countOf(100, () => choose(anybody))[1] ?? 0
    const end = (at: number, times: number, failures: number): void => {
      for (let i = 0; i < times; i += 1) choose.ended?.(at, i < failures)
    }
    end(0, 100, 2)
    end(1, 49, 49)
    assert.equal(share(), 50, 'too few to judge by')
    now = 120_000
    end(0, 100, 2)
    end(1, 49, 0)
    end(1, 51, 3)
    assert.equal(share(), 50, '3 % beside 2 %')
    end(1, 10, 6)
    assert.equal(share(), 0)
    assert.deepEqual(told, [
      'The ramp of new was stopped, and it gets nothing any more: 7.6 % of 105 failed in a minute, of the others 2 %.',
    ])
    now = 600_000
    assert.equal(share(), 0, 'it does not begin again by itself')
    assert.equal(countOf(100, () => createChoice(split, tools)(anybody))[1] ?? 0, 0, 'nor by a reload')
    const other = splitOf({ weights: [1, 1], names: ['old', 'new'], ramps: [undefined, { ...ramp, steps: 5 }] })
    assert.ok((countOf(100, createChoiceIn(other, tools))[1] ?? 0) > 0, 'but with other settings')
  })

  it('gives all to the active part, whatever the weights', () => {
    const choose = choiceOf({ weights: [1, 0], active: 'b' })
    assert.deepEqual(
      countOf(10, () => choose(anybody)),
      [0, 10],
    )
  })

  it('lets those choose who may, and nobody else', () => {
    const choose = choiceOf({ weights: [1, 0], override: { header: 'x-canary', from: ['10.0.0.0/8'] } })
    const asking = (address: string, value: string) => choose({ ...anybody, ...from(address, { 'x-canary': value }) })
    assert.deepEqual([asking('10.1.1.1', 'b'), asking('10.1.1.1', 'nobody'), asking('192.0.2.1', 'b')], [1, 0, 0])
  })

  it('grows by the clock in equal steps, and what is sticky stays with a part that grows', () => {
    const start = Date.parse('2026-11-21T12:00:00Z')
    const ramp: Ramp = { from: 0, to: 1, startsAt: start, overMs: 3_600_000, steps: 10 }
    const minutes = [-60, 0, 5, 6, 30, 59, 60, 600]
    assert.deepEqual(
      minutes.map((minute) => shareAt(ramp, start + minute * 60_000)),
      [0, 0, 0, 0.1, 0.5, 0.9, 1, 1],
    )
    let date = start
    const choose = createChoice(splitOf({ weights: [1, 1], sticky: 'user', ramps: [undefined, ramp] }), {
      clock: { now: () => 0, date: () => date },
      of: '',
    })
    const replica = createChoice(splitOf({ weights: [1, 1], sticky: 'user', ramps: [undefined, ramp] }), {
      clock: { now: () => 0, date: () => date },
      of: '',
    })
    const arrived = new Set<number>()
    for (const minute of minutes) {
      date = start + minute * 60_000
      const counts = countOf(5_000, (i) => {
        const at = choose(somebody(i))
        assert.equal(replica(somebody(i)), at)
        assert.ok(at === 1 || !arrived.has(i))
        if (at === 1) arrived.add(i)
        return at
      })
      assert.ok(Math.abs((counts[1] ?? 0) / 5_000 - shareAt(ramp, date)) <= 0.02, `${minute}: ${counts.join(' ')}`)
    }
  })

  it('leaves to parts without a ramp what ramps leave, by weight', () => {
    const ramp: Ramp = { from: 0.5, to: 0.5, startsAt: 0, overMs: 1, steps: 1 }
    const choose = choiceOf({ weights: [3, 1, 0], ramps: [undefined, undefined, ramp] })
    assert.deepEqual(
      countOf(800, () => choose(anybody)),
      [300, 100, 400],
    )
  })
})

type Sketch = Partial<Omit<Split, 'parts'>> & {
  readonly weights: readonly number[]
  readonly names?: readonly string[]
  readonly ramps?: readonly (Ramp | undefined)[]
}

const splitOf = ({ weights, names = 'abcdef'.split(''), ramps = [], ...settings }: Sketch): Split => ({
  sticky: undefined,
  active: undefined,
  override: undefined,
  ...settings,
  parts: weights.map((weight, at) => ({ name: names[at] as string, serves: at, weight, ramp: ramps[at] })),
})

const createChoiceIn = (split: Split, tools: Parameters<typeof createChoice>[1]) => {
  const choose = createChoice(split, tools)
  return () => choose(anybody)
}

const choiceOf = (sketch: Sketch) => createChoice(splitOf(sketch), { clock: { now: () => 0, date: () => 0 }, of: '' })

const countOf = (requests: number, choose: (i: number) => number): readonly number[] => {
  const counts: number[] = []
  for (let i = 0; i < requests; i += 1) {
    const at = choose(i)
    counts[at] = (counts[at] ?? 0) + 1
  }
  return Array.from(counts, (count) => count ?? 0)
}

const from = (address: string, headers: Readonly<Record<string, string>> = {}): Chooser => ({
  caller: { identity: undefined, address, requestId: 'r' },
  headers,
})

const anybody = from('127.0.0.1')

/** The same by token, address, header and cookie. */
const somebody = (i: number): Chooser => {
  const identity = { provider: 'id', subject: `u-${i}`, claims: { tenant: `t-${i}` } } as unknown as Identity
  const { caller, headers } = from(`10.0.${i >> 8}.${i & 255}`, { 'x-user': `u-${i}`, cookie: `a=b; who=u-${i}` })
  return { caller: { ...caller, identity }, headers: headers ?? {} }
}

const stickyOf = (kind: 'user' | 'address' | 'header' | 'cookie' | 'claim'): Split['sticky'] => {
  if (kind === 'user') return kind
  return { kind, name: { address: '', header: 'x-user', cookie: 'who', claim: 'tenant' }[kind] }
}
