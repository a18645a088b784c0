import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { layWorkspace, startGateway } from '../support/gateway.ts'
import { missing } from '../support/programs.ts'
import { startRedis } from '../support/redis.ts'

describe('several gateways over one Redis', { skip: missing('redis-server') }, () => {
  it('let exactly the limit through together, whoever is asked', async (t) => {
    const { ask } = await gateways(t, 3)
    const replies = await Promise.all(Array.from({ length: 120 }, (_, n) => ask(n % 3)))
    assert.equal(replies.filter(({ status }) => status === 200).length, 60)
    assert.equal(replies.filter(({ status }) => status === 429).length, 60)
    assert.ok(replies.every(({ headers }) => headers.get('portico-limits') === null))
  })

  it('go on with a third each when Redis dies, and say so', async (t) => {
    const { ask, stop } = await gateways(t, 3)
    await stop()
    const replies = await Promise.all(Array.from({ length: 120 }, (_, n) => ask(n % 3)))
    assert.equal(replies.filter(({ status }) => status === 200).length, 60)
    assert.ok(replies.every(({ headers }) => headers.get('portico-limits') === 'local'))
  })
})

const gateways = async (t: TestContext, count: number) => {
  const redis = await startRedis()
  t.after(redis.stop)
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `
listen: 127.0.0.1:0
redis: ${redis.url}
replicas: ${count}
services: {}
routes:
  - path: /hello
    respond: { status: 200, body: hello }
    rateLimit: [{ limit: 60, window: 1h, algorithm: sliding }, { algorithm: tokenBucket, rate: 90, window: 1d }]
  - { path: /warm, respond: { status: 200, body: hello }, rateLimit: { limit: 100000, window: 1h } }
`,
  })
  t.after(remove)
  const running = await Promise.all(Array.from({ length: count }, () => startGateway(dir)))
  for (const { close } of running) t.after(close)
  // A connection to Redis comes up beside the first requests, which count for themselves.
  for (const { url } of running)
    while ((await fetch(`${url}/warm`)).headers.get('portico-limits') !== null) await delay(20)
  return { ask: (index: number) => fetch(`${running[index]?.url}/hello`), stop: redis.stop }
}
