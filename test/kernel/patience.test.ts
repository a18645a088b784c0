import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { within } from '../../src/kernel/patience.ts'
import { connected } from '../support/sockets.ts'

describe('within', () => {
  it('gives what comes in time, and how it fails', async () => {
    assert.equal(await within(60_000, Promise.resolve('here')), 'here')
    await assert.rejects(within(60_000, Promise.reject(new Error('gone'))), /gone/)
  })

  it('rejects where nothing comes', async () => {
    await assert.rejects(within(5, new Promise(() => undefined)), /No answer within 5 ms/)
  })

  it('takes what has come while the process itself was held up', async (t) => {
    const [client, service] = await connected(t)
    const patienceMs = 20
    const answer = within(patienceMs, once(client, 'data'))
    service.write('here')
    for (const end = performance.now() + 3 * patienceMs; performance.now() < end; );
    assert.equal(String((await answer)[0]), 'here')
  })
})
