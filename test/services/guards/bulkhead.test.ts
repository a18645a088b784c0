import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, it } from 'node:test'
import type { Call, CallContext, Reply } from '../../../src/services/call.ts'
import { bulkhead } from '../../../src/services/guards/bulkhead.ts'
import { contextOf, guardContract, timersRunning } from '../../contracts/guard.ts'
import { once } from '../../support/guards.ts'

const clock = { now: () => 0, date: () => 0 }

guardContract('bulkhead', () => bulkhead({ service: 'users', max: 1, queue: 1, clock }))

describe('bulkhead', () => {
  it('lets no more calls run at once than it has slots, whichever operation they are of', async () => {
    const { start, running, finish } = slots({ max: 2, queue: 8 })
    const all = ['a', 'b', 'c', 'd'].map((name) => start(name))
    assert.deepEqual(running(), ['a', 'b'])
    finish('a')
    await all[0]
    assert.deepEqual(running(), ['b', 'c'])
    for (const name of ['b', 'c']) finish(name)
    await Promise.all(all.slice(1, 3))
    finish('d')
    await all[3]
  })

  it('serves those who wait in the order they came', async () => {
    const { start, running, finish } = slots({ max: 1, queue: 8 })
    const [first, second, third] = [start('first'), start('second'), start('third')]
    finish('first')
    await first
    assert.deepEqual(running(), ['second'])
    finish('second')
    await second
    assert.deepEqual(running(), ['third'])
    finish('third')
    await third
  })

  it('refuses with 503 when the queue is full', async () => {
    const { start, finish } = slots({ max: 1, queue: 1 })
    const accepted = [start('a'), start('b')]
    await assert.rejects(start('c'), {
      name: 'Problem',
      code: 'UNAVAILABLE',
      status: 503,
      service: 'users',
      message: /too many calls/,
    })
    finish('a')
    await accepted[0]
    finish('b')
    await accepted[1]
  })

  it('lets go of a call that is cancelled while it waits, and gives its place to another', async () => {
    const { start, running, finish } = slots({ max: 1, queue: 1 })
    const controller = new AbortController()
    const first = start('first')
    const timers = timersRunning()
    const waiting = start('waiting', contextOf(controller.signal))
    controller.abort()
    await assert.rejects(waiting, { code: 'CANCELLED', service: 'users' })
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
    assert.equal(timersRunning(), timers)
    const next = start('next')
    finish('first')
    await first
    assert.deepEqual(running(), ['next'])
    finish('next')
    await next
  })

  it('lets go of a call whose budget ends while it waits', async () => {
    const { start, finish, running } = slots({ max: 1, queue: 1 })
    const first = start('first')
    await assert.rejects(start('waiting', contextOf(undefined, 10)), { code: 'DEADLINE_EXCEEDED', service: 'users' })
    finish('first')
    await first
    assert.deepEqual(running(), [])
  })

  it('frees the slot of a call that fails', async () => {
    const { start, fail, finish } = slots({ max: 1, queue: 0 })
    const failing = start('a')
    fail('a')
    await assert.rejects(failing)
    const next = start('b')
    finish('b')
    await next
  })
})

const slots = ({ max, queue }: { max: number; queue: number }) => {
  const guard = bulkhead({ service: 'users', max, queue, clock })
  const open = new Map<string, PromiseWithResolvers<Reply>>()
  const operation = (): Call<string> =>
    guard((name: string) => {
      const work = Promise.withResolvers<Reply>()
      open.set(name, work)
      return work.promise.finally(() => open.delete(name))
    }, once)
  return {
    start: (name: string, context: CallContext = contextOf()) => operation()(name, context),
    running: () => [...open.keys()],
    finish: (name: string) => open.get(name)?.resolve({ output: null, status: 200 }),
    fail: (name: string) => open.get(name)?.reject(new Error('failed')),
  }
}
