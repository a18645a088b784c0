import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, before, describe, it } from 'node:test'
import { Redis } from 'ioredis'
import { layWorkspace, startGateway, type TestGateway } from '../support/gateway.ts'
import { missing } from '../support/programs.ts'
import { startRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'

describe('limits in Redis cost', { skip: missing('redis-server') }, () => {
  it('one command for a request, however many limits there are', async () => {
    assert.deepEqual(await costOf('/route'), { commands: 1, told: ['all', 'ip-1h', 'header-1h', 'ip-1s'] })
  })

  it('one for an endpoint whose runs all count the same, with those of its operation, fields and calls', async () => {
    const told = ['all', 'ip-1h', 'calls-ip-1h', 'cost-ip-1h', 'Query.word', 'Same']
    assert.deepEqual(await costOf('/app/same'), { commands: 1, told })
    assert.deepEqual(await costOf('/app/same'), { commands: 1, told })
  })

  it('two for an endpoint of which variables say what it counts', async () => {
    const told = ['all', 'ip-1h', 'calls-ip-1h', 'cost-ip-1h', 'Query.word']
    assert.deepEqual(await costOf('/app/chosen?more=true'), { commands: 2, told })
    assert.deepEqual(await costOf('/app/chosen?more=false'), { commands: 2, told: told.slice(0, -1) })
  })

  it('two for a document, the first before it is read', async () => {
    const told = ['all', 'ip-1h', 'calls-ip-1h', 'cost-ip-1h', 'Query.word']
    assert.deepEqual(await costOf('/app/graphql?query={word}'), { commands: 2, told })
    assert.deepEqual(await costOf('/app/graphql?query={nothing}'), { commands: 1, told: told.slice(0, 2) })
  })

  it('one for a document where nothing but requests is counted', async () => {
    assert.deepEqual(await costOf('/plain/graphql?query={word}'), { commands: 1, told: ['all', 'ip-1h'] })
  })
})

/** Commands that a request costs, and the limits that its answer tells of. */
const costOf = async (path: string) => {
  let headers = new Headers()
  // On a busy machine an answer of Redis may come too late.
  await until(async () => {
    await admin.config('RESETSTAT')
    ;({ headers } = await fetch(gateway.url + path, { headers: { 'apollo-require-preflight': '1' } }))
    return headers.get('portico-limits') === null
  })
  const stats = await admin.info('commandstats')
  const calls = (name: string): number => Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(stats)?.[1] ?? 0)
  const told = [...(headers.get('ratelimit-policy') ?? '').matchAll(/"([^"]+)";q=/g)].map(([, name]) => name)
  return { commands: calls('evalsha') + calls('eval'), told }
}

let admin: Redis
let gateway: TestGateway
let stop: () => Promise<unknown> = async () => undefined
before(async () => {
  if (missing('redis-server') !== false) return
  const redis = await startRedis()
  admin = new Redis(redis.url)
  await once(admin, 'ready')
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `
listen: 127.0.0.1:0
redis: ${redis.url}
limits: { cost: { max: 1000, mode: measure } }
rateLimit: { name: all, limit: 1000000, window: 1h, by: global }
services: {}
bffs:
  app:
    prefix: /app
    schema: app.graphql
    resolvers: resolvers.ts
    operations: ops/*.graphql
    graphql: true
    rateLimit:
      - { limit: 100000, window: 1h }
      - { limit: 100000, window: 1h, counts: calls }
      - { limit: 100000, window: 1h, counts: cost, algorithm: sliding }
  plain: { prefix: /plain, schema: plain.graphql, resolvers: resolvers.ts, rateLimit: { limit: 100000, window: 1h } }
routes:
  - path: /route
    respond: { body: hello }
    rateLimit:
      - { limit: 100000, window: 1h }
      - { name: header-1h, limit: 100000, window: 1h, by: [ip, { header: x-device }], algorithm: sliding }
      - { algorithm: tokenBucket, rate: 100000 }
`,
    'app.graphql': `type Query {
  word: Boolean @resolver(fn: "word") @rateLimit(limit: 100000, window: "1h", by: IP)
  other: Boolean @resolver(fn: "word")
}`,
    'plain.graphql': 'type Query { word: Boolean @resolver(fn: "word") }',
    'resolvers.ts': 'export const resolvers = { word: () => true }\n',
    'ops/same.graphql':
      'query Same @endpoint(get: "/same") @rateLimit(limit: 100000, window: "1h", by: IP) { word other }',
    'ops/chosen.graphql': 'query Chosen($more: Boolean!) @endpoint(get: "/chosen") { other word @include(if: $more) }',
  })
  gateway = await startGateway(dir)
  stop = async () => {
    await gateway.close()
    admin.disconnect()
    await Promise.all([redis.stop(), remove()])
  }
  // A connection to Redis comes up beside the first requests, which count for themselves.
  await until(async () => (await fetch(`${gateway.url}/route`)).headers.get('portico-limits') === null)
})
after(() => stop())
