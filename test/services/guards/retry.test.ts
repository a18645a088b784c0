import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { Problem } from '../../../src/kernel/problem.ts'
import type { CallContext, Reply, Traits } from '../../../src/services/call.ts'
import { RetryBudget, type RetrySettings, retry } from '../../../src/services/guards/retry.ts'
import { WireError } from '../../../src/services/rest/wire/error.ts'
import { contextOf, guardContract } from '../../contracts/guard.ts'
import { once, repeatable } from '../../support/guards.ts'

guardContract('retry', () => retry({ service: 'users', settings: settings(), budget: new RetryBudget(0.2), clock }))

describe('retry', () => {
  it('tries again what may be repeated while the service is unavailable, as often as it is set', async () => {
    const { call, tries } = trying([unavailable(), unavailable(), 'ok'])
    assert.equal((await call()).output, 'ok')
    assert.equal(tries(), 3)
    const failing = trying([unavailable(), unavailable(), unavailable(), 'ok'])
    await assert.rejects(failing.call(), { code: 'UNAVAILABLE' })
    assert.equal(failing.tries(), 3)
  })

  it('tries again after a try that was late, and after a broken answer', async () => {
    for (const problem of [new Problem('DEADLINE_EXCEEDED', 'Late.'), unavailable({ status: 502 })]) {
      const { call, tries } = trying([problem, 'ok'])
      await call()
      assert.equal(tries(), 2)
    }
  })

  it('never tries again what must not be repeated, whatever went wrong after it was sent', async () => {
    for (const problem of [unavailable(), unavailable({ status: 502 }), new Problem('DEADLINE_EXCEEDED', 'Late.')]) {
      const { call, tries } = trying([problem, 'ok'], { traits: once })
      await assert.rejects(call(), { code: problem.code })
      assert.equal(tries(), 1)
    }
  })

  it('tries anything again that was never sent', async () => {
    const cause = new WireError('unreachable', 'Refused.')
    const { call, tries } = trying([unavailable({ status: 502, cause }), 'ok'], { traits: once })
    assert.equal((await call()).output, 'ok')
    assert.equal(tries(), 2)
  })

  it('does not try again what fails by the request, what we refused, and what fails inside the service', async () => {
    for (const problem of [
      new Problem('NOT_FOUND', 'No such user.'),
      new Problem('INVALID_ARGUMENT', 'No.'),
      new Problem('INTERNAL', 'Broken.'),
      new Problem('RESOURCE_EXHAUSTED', 'Too many.'),
      unavailable({ refused: true }),
    ]) {
      const { call, tries } = trying([problem, 'ok'])
      await assert.rejects(call(), { code: problem.code })
      assert.equal(tries(), 1, problem.code)
    }
  })

  it('makes no try that its operation has no room for, and tells the log so, the client what failed', async () => {
    let left = 1
    const { call, tries, told } = trying([unavailable(), unavailable({ headers: { 'retry-after': '9' } }), 'ok'])
    const takeTry = (): boolean => (left -= 1) >= 0
    await assert.rejects(call({ ...contextOf(), takeTry }), (problem: Problem) => {
      assert.equal(problem.code, 'UNAVAILABLE')
      assert.equal(problem.message, 'Not now.')
      assert.equal(problem.headers['retry-after'], '9')
      assert.match(String(problem.cause), /limits\.upstreamCalls/)
      return true
    })
    assert.equal(tries(), 2)
    assert.deepEqual(told, ['retry', 'retry withheld'])
  })

  it('waits as long as the service asks, and not at all where the budget of the request is shorter', async (t) => {
    const pauses = pausesIn(t)
    const asked = new Problem('RESOURCE_EXHAUSTED', 'Too many.', { headers: { 'retry-after': '1' } })
    const { call, tries } = trying([asked, 'ok'])
    await call(contextOf(undefined, clock.now() + 60_000))
    assert.deepEqual(pauses, [1_000])
    assert.equal(tries(), 2)
    const short = trying([asked, 'ok'])
    await assert.rejects(short.call(contextOf(undefined, clock.now() + 500)), { code: 'RESOURCE_EXHAUSTED' })
    assert.equal(short.tries(), 1)
  })

  it('draws pauses from zero to a bound that doubles up to the most', async (t) => {
    const pauses = pausesIn(t)
    for (const share of [0, 1]) {
      const { call } = trying([unavailable(), unavailable(), unavailable(), 'ok'], {
        settings: { times: 3, baseMs: 20, mostMs: 50 },
        random: () => share,
      })
      await call()
    }
    assert.deepEqual(pauses, [0, 0, 0, 20, 40, 50])
  })

  it('leaves at once when the client goes, in the middle of a pause', async () => {
    const aborter = new AbortController()
    const { call, tries } = trying([unavailable(), 'ok'], {
      settings: { baseMs: 60_000, mostMs: 60_000 },
      random: () => 1,
    })
    const running = call(contextOf(aborter.signal, clock.now() + 120_000))
    setImmediate(() => aborter.abort())
    await assert.rejects(running, { code: 'CANCELLED' })
    assert.equal(tries(), 1)
  })

  it('tries at most a fifth as often again as there are calls, while all fail', async () => {
    const budget = new RetryBudget(0.2)
    let tries = 0
    const guard = retry({ service: 'users', settings: settings(), budget, clock: frozen, random: () => 0 })
    const call = guard(() => {
      tries += 1
      return Promise.reject(unavailable())
    }, repeatable)
    for (let at = 0; at < 1_000; at += 1) await assert.rejects(call(null, contextOf()))
    assert.ok(tries > 1_150 && tries <= 1_200, String(tries))
  })

  it('hands each try the targets that were tried before', async () => {
    const seen: number[] = []
    const guard = retry({
      service: 'users',
      settings: settings(),
      budget: new RetryBudget(0.2),
      clock,
      random: () => 0,
    })
    const call = guard((_input: null, { tried }: CallContext): Promise<Reply<string>> => {
      seen.push(tried?.length ?? -1)
      tried?.push({})
      return seen.length < 3 ? Promise.reject(unavailable()) : Promise.resolve({ output: 'ok', status: 200 })
    }, repeatable)
    await call(null, contextOf())
    assert.deepEqual(seen, [0, 1, 2])
  })
})

/** Every pause that is begun, in milliseconds; none is waited for. */
const pausesIn = (t: TestContext): readonly number[] => {
  const pauses: number[] = []
  const begin = setTimeout
  t.mock.method(globalThis, 'setTimeout', (end: () => void, ms: number) => {
    pauses.push(ms)
    return begin(end, 0)
  })
  return pauses
}

const clock = { now: () => performance.now(), date: () => Date.now() }
const frozen = { now: () => 5_000, date: () => 0 }

const unavailable = (options: ConstructorParameters<typeof Problem>[2] = {}): Problem =>
  new Problem('UNAVAILABLE', 'Not now.', options)

const settings = (given: Partial<RetrySettings> = {}): RetrySettings => ({
  times: 2,
  baseMs: 1,
  mostMs: 10,
  budget: 0.2,
  ...given,
})

type Trying = {
  readonly traits?: Traits<unknown>
  readonly settings?: Partial<RetrySettings>
  readonly random?: () => number
}

/** A call whose tries end like this, one after the other. */
const trying = (ends: readonly (Problem | string)[], given: Trying = {}) => {
  let tries = 0
  const told: string[] = []
  const guard = retry({
    service: 'users',
    settings: settings(given.settings),
    budget: new RetryBudget(0.2),
    clock,
    random: given.random ?? (() => 0),
    tell: (event) => told.push(event),
  })
  const call = guard((): Promise<Reply<string>> => {
    const end = ends[tries] as Problem | string
    tries += 1
    return end instanceof Problem ? Promise.reject(end) : Promise.resolve({ output: end, status: 200 })
  }, given.traits ?? repeatable)
  return { call: (context: CallContext = contextOf()) => call(null, context), tries: () => tries, told }
}
