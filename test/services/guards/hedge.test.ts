import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Signal } from '../../../src/kernel/signal.ts'
import type { CallContext, Reply, Traits } from '../../../src/services/call.ts'
import { hedge } from '../../../src/services/guards/hedge.ts'
import { RetryBudget } from '../../../src/services/guards/retry.ts'
import { contextOf, guardContract } from '../../contracts/guard.ts'
import { once, repeatable } from '../../support/guards.ts'

guardContract('hedge', () => hedge({ service: 'users', afterMs: 5, budget: new RetryBudget(0.2), clock }))

describe('hedge', () => {
  it('asks once where the answer comes soon', async () => {
    const { call, tries } = hedged(50, [1])
    assert.equal((await call()).output, 'try 0')
    assert.equal(tries.length, 1)
  })

  it('asks again where the first try is slow, takes the first answer and cancels the other try', async () => {
    const { call, tries } = hedged(10, [60_000, 1])
    assert.equal((await call()).output, 'try 1')
    assert.deepEqual(
      tries.map(({ aborted }) => aborted),
      [true, false],
    )
  })

  it('takes the first try’s answer where that is sooner after all', async () => {
    const { call, tries } = hedged(10, [30, 60_000])
    assert.equal((await call()).output, 'try 0')
    assert.equal(tries[1]?.aborted, true)
  })

  it('never asks twice what must not be repeated', async () => {
    const { call, tries } = hedged(5, [30], once)
    assert.equal((await call()).output, 'try 0')
    assert.equal(tries.length, 1)
  })

  it('fails at once where the only try fails, and leaves it to the other where one of two does', async () => {
    await assert.rejects(hedged(20, [-1]).call(), /try 0 failed/)
    const { call } = hedged(5, [-20, 40])
    assert.equal((await call()).output, 'try 1')
  })

  it('asks no more once the budget of retries is used up', async () => {
    const budget = new RetryBudget(0)
    for (let at = 0; at < 10; at += 1) budget.take(performance.now())
    const { call, tries } = hedged(5, [40], repeatable, budget)
    await call()
    assert.equal(tries.length, 1)
  })

  it('asks nobody else where its operation has no room for a further try', async () => {
    const { call, tries } = hedged(5, [40])
    assert.equal((await call({ ...contextOf(), takeTry: () => false })).output, 'try 0')
    assert.equal(tries.length, 1)
  })

  it('cancels both tries when the client leaves', async () => {
    const aborter = new AbortController()
    const { call, tries } = hedged(5, [60_000, 60_000])
    const running = call(contextOf(aborter.signal, 120_000))
    setTimeout(() => aborter.abort(), 20)
    await assert.rejects(running, { code: 'CANCELLED' })
    assert.deepEqual(
      tries.map(({ aborted }) => aborted),
      [true, true],
    )
  })
})

const clock = { now: () => performance.now(), date: () => Date.now() }

/** A call whose tries take so long each; a negative one fails after as long. */
const hedged = (
  afterMs: number,
  times: readonly number[],
  traits: Traits<unknown> = repeatable,
  budget: RetryBudget = new RetryBudget(0.2),
) => {
  const tries: Signal[] = []
  const guard = hedge({ service: 'users', afterMs, budget, clock })
  const call = guard((_input: null, { signal }: CallContext): Promise<Reply<string>> => {
    const at = tries.push(signal) - 1
    const ms = times[at] as number
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => (ms < 0 ? reject(new Error(`try ${at} failed`)) : resolve({ output: `try ${at}`, status: 200 })),
        Math.abs(ms),
      )
      signal.addEventListener('abort', () => clearTimeout(timer))
    })
  }, traits)
  return { call: (context: CallContext = contextOf()) => call(null, context), tries }
}
