import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { createGateway } from '../../src/runtime/gateway.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { layWorkspace, startGateway } from '../support/gateway.ts'
import { missing } from '../support/programs.ts'
import { startRedis, type TestRedis } from '../support/redis.ts'
import { startRedisCluster } from '../support/redis-cluster.ts'
import { until } from '../support/until.ts'

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

describe('gateways over a node of a Cluster', { skip: missing('redis-server') }, () => {
  it('count there where it has the counters, all limits of a request in one command', async (t) => {
    const cluster = await clusterOf(t)
    const { ask } = await gateways(t, 2, await cluster.ownerOf('{portico}'))
    const left: number[] = []
    // On a busy machine an answer may come too late, and counts all the same.
    await until(async () => {
      const { headers } = await ask(left.length % 2)
      if (headers.get('portico-limits') === null)
        left.push(Number(/;r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1]))
      return left.length === 4
    })
    assert.ok(
      left.every((units, index) => units < (left[index - 1] ?? 60)),
      `one count for both: ${left.join()}`,
    )
  })

  it('go on with their shares where another shard has them, and say what to do', async (t) => {
    const cluster = await clusterOf(t)
    const owner = await cluster.ownerOf('{portico}')
    const lines: string[] = []
    const other = cluster.nodes.find((node) => node !== owner) as TestRedis
    const { dir, remove } = await layWorkspace({ 'portico.yaml': workspace(2, other.url) })
    t.after(remove)
    const log = createLog({ level: 'error', destination: { write: (line: string) => void lines.push(line) } })
    const { listen, close } = await createGateway({ dir, env: {}, log })
    t.after(close)
    await until(async () => {
      const { headers, status } = await fetch(`http://127.0.0.1:${listen.port}/warm`)
      assert.deepEqual([status, headers.get('portico-limits')], [200, 'local'])
      return lines.some((line) => line.includes('It is a node of a Cluster of several shards'))
    })
  })
})

const clusterOf = async (t: TestContext) => {
  const cluster = await startRedisCluster(3)
  t.after(cluster.stop)
  return cluster
}

const gateways = async (t: TestContext, count: number, over?: TestRedis) => {
  const redis = over ?? (await startRedis())
  t.after(redis.stop)
  const { dir, remove } = await layWorkspace({ 'portico.yaml': workspace(count, redis.url) })
  t.after(remove)
  const running = await Promise.all(Array.from({ length: count }, () => startGateway(dir)))
  for (const { close } of running) t.after(close)
  // A connection to Redis comes up beside the first requests, which count for themselves.
  for (const { url } of running)
    while ((await fetch(`${url}/warm`)).headers.get('portico-limits') !== null) await delay(20)
  return { ask: (index: number) => fetch(`${running[index]?.url}/hello`), stop: redis.stop }
}

const workspace = (replicas: number, redis: string): string => `
listen: 127.0.0.1:0
redis: ${redis}
replicas: ${replicas}
services: {}
routes:
  - path: /hello
    respond: { status: 200, body: hello }
    rateLimit: [{ limit: 60, window: 1h, algorithm: sliding }, { algorithm: tokenBucket, rate: 90, window: 1d, by: global }]
  - { path: /warm, respond: { status: 200, body: hello }, rateLimit: { limit: 100000, window: 1h } }
`
