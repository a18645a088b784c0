import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { TimeLimit } from '../../src/kernel/timer.ts'
import { holdUp } from '../support/own-time.ts'
import { connected } from '../support/sockets.ts'

describe('a time limit', () => {
  it('tells once that the time is over', async () => {
    const { over, waiting } = waitingForTime()
    const limit = new TimeLimit(1.5, waiting)
    await over
    limit.end()
    assert.equal(waiting.times, 1)
  })

  it('is ended by what came while the process was held up', async (t) => {
    const [client, service] = await connected(t)
    const { waiting } = waitingForTime()
    const limit = new TimeLimit(10, waiting)
    const come = once(client, 'data').then(() => limit.end())
    service.write('here')
    holdUp(30)
    await come
    await new Promise(setImmediate)
    assert.equal(waiting.times, 0)
  })

  it('begins anew, also at its last look', async (t) => {
    const [client, service] = await connected(t)
    const { over, waiting } = waitingForTime()
    const limit = new TimeLimit(10, waiting)
    let refreshed = false
    client.once('data', () => {
      limit.refresh()
      refreshed = true
    })
    service.write('more comes')
    holdUp(30)
    await over
    assert.deepEqual([refreshed, waiting.times], [true, 1])
  })

  it('never comes where it is longer than Node can count', async () => {
    const { waiting } = waitingForTime()
    const limits = [new TimeLimit(Infinity, waiting), new TimeLimit(90 * 86_400_000, waiting)]
    await new Promise((resolve) => setTimeout(resolve, 5))
    await new Promise(setImmediate)
    for (const limit of limits) limit.end()
    assert.equal(waiting.times, 0)
  })
})

const waitingForTime = () => {
  const { promise: over, resolve } = Promise.withResolvers<void>()
  const waiting = {
    times: 0,
    onTime(): void {
      this.times += 1
      resolve()
    },
  }
  return { over, waiting }
}
