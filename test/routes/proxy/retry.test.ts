import assert from 'node:assert/strict'
import { text } from 'node:stream/consumers'
import { describe, it, type TestContext } from 'node:test'
import type { ResilienceSettings } from '../../../src/services/guards/settings.ts'
import { until } from '../../support/until.ts'
import { startGateway, startService } from './support/gateway.ts'

describe('a proxied request that fails', () => {
  it('is passed on again where it is safe, and the client sees the good answer', async (t) => {
    const { ask, seen } = await failing(t, [503, 502, 'reset', 'ok'], { retry: { ...retry, times: 3 } })
    const answer = await ask('GET')
    assert.equal(answer.status, 200)
    assert.equal(await answer.text(), 'ok')
    assert.equal(seen.length, 4)
  })

  it('is passed on once where it is not safe, and the service’s own answer comes back', async (t) => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const { ask, seen } = await failing(t, [503, 'ok'], { retry })
      const answer = await ask(method, { body: 'one' })
      assert.equal(answer.status, 503)
      assert.equal(await answer.text(), 'failed 503')
      assert.equal(seen.length, 1, method)
    }
  })

  it('is passed on once where it broke off or hung after it was sent', async (t) => {
    const broken = await failing(t, ['reset', 'ok'], { retry })
    assert.equal((await broken.ask('POST', { body: 'one' })).status, 502)
    assert.equal(broken.seen.length, 1)
    const hung = await failing(t, ['hang', 'ok'], { retry }, 1_000)
    assert.equal((await hung.ask('POST', { body: 'one' })).status, 504)
    assert.equal(hung.seen.length, 1)
  })

  it('is passed on again, whole, where it names itself by an Idempotency-Key', async (t) => {
    for (const size of [0, 1, 65_535, 65_536]) {
      const { ask, seen } = await failing(t, [503, 'ok'], { retry })
      const body = 'x'.repeat(size)
      const answer = await ask('POST', { body, headers: { 'idempotency-key': 'order-1' } })
      assert.equal(answer.status, 200)
      assert.deepEqual(seen, [body, body])
    }
  })

  it('is passed on once where its body is too large to keep, whatever it says of itself', async (t) => {
    const { ask, seen } = await failing(t, [503, 'ok'], { retry })
    const answer = await ask('POST', { body: 'x'.repeat(65_537), headers: { 'idempotency-key': 'order-1' } })
    assert.equal(answer.status, 503)
    assert.equal(seen.length, 1)
  })

  it('is passed on again after a try that took too long', async (t) => {
    const { ask, seen } = await failing(t, ['hang', 'ok'], { retry }, 1_000)
    assert.equal((await ask('GET')).status, 200)
    assert.equal(seen.length, 2)
  })

  it('comes back as the service answered the last try, once there are no more', async (t) => {
    const { ask, seen } = await failing(t, [503, 503, 503, 'ok'], { retry })
    const answer = await ask('GET')
    assert.equal(answer.status, 503)
    assert.equal(await answer.text(), 'failed 503')
    assert.equal(seen.length, 3)
  })

  it('waits as the service asks by Retry-After, or hands that on where the budget is shorter', async (t) => {
    const { ask, seen } = await failing(t, [503, 'ok'], { retry }, 2_000, '60')
    const answer = await ask('GET')
    assert.equal(answer.status, 503)
    assert.equal(answer.headers.get('retry-after'), '60')
    assert.equal(seen.length, 1)
  })

  it('is refused at once while the breaker is open, and let through when its time is over', async (t) => {
    const breaker = { rate: 0.5, volume: 5, openMs: 1_000, mostMs: 1_000 }
    const { ask, seen } = await failing(t, [500, 500, 500, 500, 500, 'ok'], { breaker })
    for (let at = 0; at < 5; at += 1) assert.equal((await ask('GET')).status, 500)
    const refused = await ask('GET')
    assert.equal(refused.status, 503)
    assert.equal(refused.headers.get('retry-after'), '1')
    assert.equal(seen.length, 5)
    await until(async () => (await ask('GET')).status === 200)
    assert.equal(seen.length, 6)
  })
})

const retry = { times: 2, baseMs: 1, mostMs: 5, budget: 0.2 }

/** A service whose answers are these, one after the other, behind a proxy route; `seen` are the bodies it got. */
const failing = async (
  t: TestContext,
  answers: readonly (number | 'ok' | 'reset' | 'hang')[],
  resilience: ResilienceSettings,
  timeoutMs = 2_000,
  retryAfter?: string,
) => {
  const seen: string[] = []
  const { origin } = await startService(t, async (request, response) => {
    const answer = answers[seen.length]
    seen.push(await text(request))
    if (answer === 'ok') response.end('ok')
    else if (answer === 'reset') request.socket.resetAndDestroy()
    else if (typeof answer === 'number')
      response.writeHead(answer, retryAfter === undefined ? {} : { 'retry-after': retryAfter }).end(`failed ${answer}`)
  })
  const gateway = await startGateway(t, { origin, service: { resilience, timeoutMs } })
  return {
    seen,
    ask: (method: string, request: { readonly body?: string; readonly headers?: Record<string, string> } = {}) =>
      fetch(`${gateway.origin}/users`, { method, ...request }),
  }
}
