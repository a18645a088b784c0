import assert from 'node:assert/strict'
import { once as event, getEventListeners } from 'node:events'
import { describe, it } from 'node:test'
import type { Call, CallContext } from '../../../src/services/call.ts'
import { timeout } from '../../../src/services/guards/timeout.ts'
import { contextOf, guardContract, timersRunning } from '../../contracts/guard.ts'
import { once } from '../../support/guards.ts'
import { connected } from '../../support/sockets.ts'

const clock = { now: () => 1_000, date: () => 0 }

guardContract('timeout', () => timeout({ service: 'users', timeoutMs: 500, clock }))

describe('timeout', () => {
  it('ends a call that takes too long with 504 that names the service, and aborts the work', async () => {
    const { call, seen } = hanging({ timeoutMs: 10 })
    await assert.rejects(call(contextOf()), {
      name: 'Problem',
      code: 'DEADLINE_EXCEEDED',
      status: 504,
      service: 'users',
    })
    assert.equal(seen()?.signal.aborted, true)
  })

  it('aborts the work with the problem as its reason', async () => {
    const { call, seen } = hanging({ timeoutMs: 10 })
    const problem: unknown = await call(contextOf()).then(
      () => assert.fail(),
      (thrown: unknown) => thrown,
    )
    assert.equal(seen()?.signal.reason, problem)
  })

  it('ends a call with the budget where that is sooner', async () => {
    const { call, seen } = hanging({ timeoutMs: 60_000 })
    await assert.rejects(call(contextOf(undefined, 1_010)), { code: 'DEADLINE_EXCEEDED' })
    assert.equal(seen()?.deadline, 1_010)
  })

  it("gives the work the attempt's own end as its deadline", async () => {
    const { call, seen } = hanging({ timeoutMs: 10 })
    await assert.rejects(call(contextOf()))
    assert.equal(seen()?.deadline, 1_010)
  })

  it('makes no call on a budget that is spent', async () => {
    const { call, seen } = hanging({ timeoutMs: 10 })
    await assert.rejects(call(contextOf(undefined, 1_000)), { code: 'DEADLINE_EXCEEDED' })
    assert.equal(seen(), undefined)
  })

  it('answers CANCELLED, and aborts the work, when the client goes away', async () => {
    const { call, seen } = hanging({ timeoutMs: 60_000 })
    const controller = new AbortController()
    const timers = timersRunning()
    const running = call(contextOf(controller.signal))
    controller.abort()
    await assert.rejects(running, { code: 'CANCELLED', status: 499, service: 'users' })
    assert.equal(seen()?.signal.aborted, true)
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
    assert.equal(timersRunning(), timers)
  })

  it('leaves a late failure of the work unheard', async () => {
    const { call, fail } = hanging({ timeoutMs: 5 })
    await assert.rejects(call(contextOf()), { code: 'DEADLINE_EXCEEDED' })
    fail(new Error('late'))
    await new Promise(setImmediate)
  })

  it('takes the answer that came while the process itself was held up, and leaves its work alone', async (t) => {
    const [client, service] = await connected(t)
    const timeoutMs = 20
    let seen: CallContext | undefined
    const call = timeout({ service: 'users', timeoutMs, clock })<null, string>(async (_input, context) => {
      seen = context
      const [chunk] = (await event(client, 'data')) as [Buffer]
      return { output: String(chunk), status: 200 }
    }, once)
    const running = call(null, contextOf())
    service.write('here')
    for (const end = performance.now() + 3 * timeoutMs; performance.now() < end; );
    assert.equal((await running).output, 'here')
    await new Promise(setImmediate)
    assert.equal(seen?.signal.aborted, false)
  })

  it('waits for no timer longer than Node can hold', async () => {
    const guard = timeout({ service: 'users', timeoutMs: 90 * 86_400_000, clock })
    const reply = { output: null, status: 200 }
    const call = guard(() => new Promise<typeof reply>((resolve) => setTimeout(resolve, 5, reply)), once)
    assert.equal((await call(null, contextOf(undefined, Number.POSITIVE_INFINITY))).status, 200)
  })
})

const hanging = ({ timeoutMs }: { timeoutMs: number }) => {
  let context: CallContext | undefined
  let fail: (reason: Error) => void = () => undefined
  const never: Call<null> = (_input, given) => {
    context = given
    return new Promise((_resolve, reject) => {
      fail = reject
    })
  }
  const call = timeout({ service: 'users', timeoutMs, clock })(never, once)
  return {
    call: (given: CallContext) => call(null, given),
    seen: () => context,
    fail: (reason: Error) => fail(reason),
  }
}
