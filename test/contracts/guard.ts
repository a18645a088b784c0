import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, it } from 'node:test'
import { Problem } from '../../src/kernel/problem.ts'
import type { Signal } from '../../src/kernel/signal.ts'
import { type Call, type CallContext, type Guard, guarded } from '../../src/services/call.ts'
import { once } from '../support/guards.ts'

/** What every guard keeps, whatever it is for. `make` gives a fresh guard that has no reason to interfere. */
export const guardContract = (name: string, make: () => Guard): void => {
  describe(`${name}, as a guard`, () => {
    it('passes input and reply through untouched', async () => {
      const input = { id: 1 }
      const reply = { output: { name: 'a' }, status: 201 }
      let received: unknown
      const call: Call<typeof input, typeof reply.output> = (given) => {
        received = given
        return Promise.resolve(reply)
      }
      assert.equal(await guarded(call, [make()])(input, contextOf()), reply)
      assert.equal(received, input)
    })

    it('hands the caller, the headers and a deadline no later than its own to the call', async () => {
      const context = contextOf()
      const received = await contextSeen(make(), context)
      assert.equal(received.caller, context.caller)
      assert.equal(received.forward, context.forward)
      assert.ok(received.deadline <= context.deadline)
    })

    it('lets an abort through to the call', async () => {
      const controller = new AbortController()
      let seen: Signal | undefined
      const call: Call<null> = (_input, { signal }) => {
        seen = signal
        return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('stopped'))))
      }
      const running = guarded(call, [make()])(null, contextOf(controller.signal))
      controller.abort()
      await assert.rejects(running)
      assert.equal(seen?.aborted, true)
    })

    it('propagates problems as they are', async () => {
      const problem = new Problem('NOT_FOUND', 'No such thing.')
      await assert.rejects(
        guarded(() => Promise.reject(problem), [make()])(null, contextOf()),
        (thrown) => thrown === problem,
      )
    })

    it('makes no call for a signal that has aborted already', async () => {
      let calls = 0
      const call: Call<null> = () => {
        calls += 1
        return Promise.resolve({ output: null, status: 200 })
      }
      await assert.rejects(guarded(call, [make()])(null, contextOf(AbortSignal.abort())), {
        name: 'Problem',
        code: 'CANCELLED',
      })
      assert.equal(calls, 0)
    })

    it('leaves no listener and no timer behind', async () => {
      const { signal } = new AbortController()
      const timers = timersRunning()
      const guard = make()
      await guard(() => Promise.resolve({ output: null, status: 200 }), once)(null, contextOf(signal))
      await assert.rejects(guard(() => Promise.reject(new Error('no')), once)(null, contextOf(signal)))
      await assert.rejects(guard(thrower, once)(null, contextOf(signal)))
      assert.equal(getEventListeners(signal, 'abort').length, 0)
      assert.equal(timersRunning(), timers)
    })
  })
}

const thrower = (): never => {
  throw new Error('thrown, not rejected')
}

/** A context with an hour left on a clock that stands at 0. */
export const contextOf = (signal: Signal = new AbortController().signal, deadline = 3_600_000): CallContext => ({
  signal,
  deadline,
  caller: { identity: undefined, address: '127.0.0.1', requestId: 'r-1' },
  forward: {},
})

/** How many timers the process waits for. */
export const timersRunning = (): number =>
  process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length

const contextSeen = async (guard: Guard, context: CallContext): Promise<CallContext> => {
  let seen: CallContext | undefined
  await guarded<null, null>(
    (_input, given) => {
      seen = given
      return Promise.resolve({ output: null, status: 200 })
    },
    [guard],
  )(null, context)
  assert.ok(seen !== undefined)
  return seen
}
