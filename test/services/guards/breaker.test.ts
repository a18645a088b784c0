import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Problem } from '../../../src/kernel/problem.ts'
import type { Reply } from '../../../src/services/call.ts'
import { Breaker, type BreakerSettings, type BreakerState } from '../../../src/services/guards/breaker.ts'
import { contextOf, guardContract } from '../../contracts/guard.ts'
import { once } from '../../support/guards.ts'

guardContract(
  'breaker',
  () => new Breaker({ service: 'users', settings, clock: { now: () => 0, date: () => 0 } }).guard,
)

describe('a circuit breaker', () => {
  it('opens where half of at least twenty calls fail within ten seconds, and refuses then at once', async () => {
    const { end, breaker, asked } = breaking()
    await end('ok', 10)
    await end(failure(), 9)
    assert.equal(breaker.state, 'closed')
    await end(failure(), 1)
    assert.equal(breaker.state, 'open')
    const before = asked()
    await assert.rejects(end('ok', 1), {
      code: 'UNAVAILABLE',
      status: 503,
      refused: true,
      reason: 'CIRCUIT_OPEN',
      headers: { 'retry-after': '5' },
    })
    assert.equal(asked(), before, 'the service is not asked')
  })

  it('stays closed below its volume, and forgets after ten seconds', async () => {
    const { end, wait, breaker } = breaking()
    await end(failure(), 19)
    assert.equal(breaker.state, 'closed')
    wait(10_000)
    await end(failure(), 19)
    assert.equal(breaker.state, 'closed')
  })

  it('is not tripped by what clients do wrong, by our own refusals, or by clients that leave', async () => {
    const { end, breaker } = breaking()
    await end(new Problem('NOT_FOUND', 'No.', { service: 'users' }), 30)
    await end(new Problem('RESOURCE_EXHAUSTED', 'Too many.', { service: 'users' }), 30)
    await end(new Problem('UNAVAILABLE', 'No slot.', { service: 'users', refused: true }), 30)
    await end(new Problem('CANCELLED', 'Gone.'), 30)
    await end(404, 30)
    await end(501, 30)
    assert.equal(breaker.state, 'closed')
  })

  it('counts answers of 5xx that are passed on', async () => {
    const { end, breaker } = breaking()
    await end(503, 20)
    assert.equal(breaker.state, 'open')
  })

  it('lets one call through after its time, and closes when that works', async () => {
    const { end, hold, wait, breaker, states } = breaking()
    await end(failure(), 20)
    wait(5_000)
    const trial = hold()
    assert.equal(breaker.state, 'trial')
    await assert.rejects(end('ok', 1), { reason: 'CIRCUIT_OPEN' })
    trial('ok')
    await settled()
    assert.equal(breaker.state, 'closed')
    await end('ok', 5)
    assert.deepEqual(states, ['open', 'trial', 'closed'])
  })

  it('opens for twice as long each time the trial fails, up to the most', async () => {
    const { end, wait, breaker } = breaking()
    await end(failure(), 20)
    for (const open of [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]) {
      wait(open - 1)
      await assert.rejects(end('ok', 1), { reason: 'CIRCUIT_OPEN' })
      wait(1)
      await end(failure(), 1)
      assert.equal(breaker.state, 'open')
    }
  })

  it('does not stay stuck where nobody waits for the trial’s end: the next call is the trial', async () => {
    const { end, wait, breaker } = breaking()
    await end(failure(), 20)
    wait(5_000)
    await end(new Problem('CANCELLED', 'Gone.'), 1)
    assert.equal(breaker.state, 'trial')
    await end('ok', 1)
    assert.equal(breaker.state, 'closed')
  })

  it('is not opened or closed by calls from before it opened', async () => {
    const { end, hold, wait, breaker } = breaking()
    const early = hold()
    await end(failure(), 20)
    wait(5_000)
    early('ok')
    await settled()
    assert.equal(breaker.state, 'open')
  })
})

const settings: BreakerSettings = { rate: 0.5, volume: 20, openMs: 5_000, mostMs: 60_000 }

const failure = (): Problem => new Problem('UNAVAILABLE', 'Broken.', { service: 'users', status: 502 })

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

type End = Problem | number | 'ok'

const breaking = () => {
  let now = 1_000_000
  let asked = 0
  const states: BreakerState[] = []
  const breaker = new Breaker({
    service: 'users',
    settings,
    clock: { now: () => now, date: () => 0 },
    tell: (state) => states.push(state),
  })
  const call = breaker.guard((work: Promise<End>): Promise<Reply<null>> => {
    asked += 1
    return work.then((end) => {
      if (end instanceof Problem) throw end
      return { output: null, status: end === 'ok' ? 200 : end }
    })
  }, once)
  return {
    breaker,
    states,
    asked: () => asked,
    wait: (ms: number) => void (now += ms),
    /** So many calls that end like this. Rejects where the breaker refuses one. */
    end: async (end: End, times: number) => {
      for (let at = 0; at < times; at += 1)
        await call(Promise.resolve(end), contextOf()).catch((thrown: unknown) => {
          if (thrown !== end) throw thrown
        })
    },
    /** A call under way, and what ends it. */
    hold: () => {
      const work = Promise.withResolvers<End>()
      call(work.promise, contextOf()).catch(() => undefined)
      return work.resolve
    },
  }
}
