import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { Redis } from 'ioredis'
import { pino } from 'pino'
import { rateLimit } from '../../../src/policies/rate-limit/policy.ts'
import { leaseStores } from '../../../src/policies/stores.ts'
import { createResources } from '../../../src/services/resources.ts'
import { ownMs } from '../../support/own-time.ts'
import { missing } from '../../support/programs.ts'
import { startRedis } from '../../support/redis.ts'
import { placeOf, policyApp, stillClock } from '../policy-app.ts'

describe('rateLimit', () => {
  it('answers 429 past the limit and says when to come back', async (t) => {
    const refused: string[] = []
    const { get } = await limited(
      t,
      { limit: 2, window: '1m' },
      {
        audit: {
          granted: () => undefined,
          failed: () => undefined,
          denied: () => undefined,
          limited: ({ scope, limit, address }) => refused.push(`${scope} ${limit} ${address}`),
        },
      },
    )
    const first = await get()
    assert.equal(first.status, 200)
    assert.equal(first.headers.get('ratelimit-policy'), '"ip-1m";q=2;w=60')
    assert.equal(first.headers.get('ratelimit'), '"ip-1m";r=1;t=60')
    await get()
    const reply = await get()
    assert.equal(reply.status, 429)
    assert.equal(reply.headers.get('retry-after'), '60')
    assert.equal(reply.headers.get('ratelimit'), '"ip-1m";r=0;t=60')
    const body = (await reply.json()) as { code: string; detail: string; details: object }
    assert.equal(body.code, 'RESOURCE_EXHAUSTED')
    assert.equal(body.detail, 'Too many requests. Try again in 60 s.')
    assert.deepEqual(body.details, [
      {
        '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
        violations: [{ subject: 'ip-1m', description: 'ip-1m allows 2 in 1m.' }],
      },
    ])
    assert.deepEqual(refused, ['bffs.web ip-1m 127.0.0.1'])
  })

  it('starts a new window when the old one has ended', async (t) => {
    const clock = stillClock()
    const { get } = await limited(t, { limit: 1, window: '10s' }, { clock })
    await get()
    clock.advance(9_001)
    assert.equal((await get()).headers.get('retry-after'), '1')
    clock.advance(999)
    assert.equal((await get()).status, 200)
  })

  it('counts users by subject, wherever they call from, and everybody else by address', async (t) => {
    const { get } = await limited(t, { limit: 1, window: '1m', by: 'user' })
    assert.equal((await get({ 'x-test-subject': 'ada' })).status, 200)
    assert.equal((await get({ 'x-test-subject': 'ada', 'x-test-address': '127.0.0.9' })).status, 429)
    assert.equal((await get({ 'x-test-subject': 'bob' })).status, 200)
    assert.equal((await get()).status, 200)
    assert.equal((await get()).status, 429)
  })

  it('never takes a subject or header for an address', async (t) => {
    const byUser = await limited(t, { limit: 1, window: '1m', by: 'user' })
    await byUser.get({ 'x-test-address': '127.0.0.7' })
    for (const subject of ['127.0.0.7', 'address:127.0.0.7']) {
      assert.equal((await byUser.get({ 'x-test-subject': subject })).status, 200)
    }
    const byHeader = await limited(t, { limit: 1, window: '1m', by: { header: 'X-Api-Key' } })
    await byHeader.get({ 'x-test-address': '127.0.0.7' })
    assert.equal((await byHeader.get({ 'x-api-key': 'address:127.0.0.7' })).status, 200)
    assert.equal((await byHeader.get({ 'x-api-key': 'one' })).status, 200)
    assert.equal((await byHeader.get({ 'x-api-key': 'one', 'x-test-address': '127.0.0.8' })).status, 429)
    assert.equal((await byHeader.get({ 'x-test-address': '127.0.0.7' })).status, 429)
  })

  it('counts all addresses of an IPv6 network as one client', async (t) => {
    const { get } = await limited(t, { limit: 1, window: '1m' })
    await get({ 'x-test-address': '2001:db8:0:1::1' })
    assert.equal((await get({ 'x-test-address': '2001:db8:0:1:ffff::2' })).status, 429)
    assert.equal((await get({ 'x-test-address': '2001:db8:0:2::1' })).status, 200)
  })

  it('goes on counting over a reload, also with another limit, until nobody keeps the counter', async (t) => {
    const resources = createResources()
    const first = leaseStores(resources)
    await (await limited(t, { limit: 1, window: '1m' }, { stores: first.stores })).get()
    const second = leaseStores(resources)
    const { get } = await limited(t, { limit: 2, window: '1m' }, { stores: second.stores })
    await first.release()
    assert.equal((await get()).status, 200)
    assert.equal((await get()).status, 429)
    await second.release()
    const later = await limited(t, { limit: 1, window: '1m' }, { stores: leaseStores(resources).stores })
    assert.equal((await later.get()).status, 200)
  })
})

describe('rateLimit in Redis', { skip: missing('redis-server') }, () => {
  it('shares one limit between gateways', async (t) => {
    patient(t)
    const { url } = await redisServer(t)
    const one = await limited(t, { limit: 2, window: '1m' }, { redis: await client(t, url) })
    const two = await limited(t, { limit: 2, window: '1m' }, { redis: await client(t, url) })
    assert.match((await one.get()).headers.get('ratelimit') ?? '', /r=1/)
    assert.match((await two.get()).headers.get('ratelimit') ?? '', /r=0/)
    assert.equal((await one.get()).status, 429)
    const reply = await two.get()
    assert.equal(reply.status, 429)
    assert.match(reply.headers.get('retry-after') ?? '', /^[45]\d$|^60$/)
  })

  it('gives a counter an end where it has lost it', async (t) => {
    patient(t)
    const { url } = await redisServer(t)
    const redis = await client(t, url)
    const { get } = await limited(t, { limit: 1, window: '1m' }, { redis })
    await get()
    const [key = ''] = await redis.keys('{portico}:limit:*')
    await redis.persist(key)
    assert.equal((await get()).status, 429)
    assert.ok((await redis.pttl(key)) > 0)
  })

  it('limits by itself when Redis dies, says so once, and nobody waits', async (t) => {
    const lines: string[] = []
    const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) })
    const server = await redisServer(t)
    const { get } = await limited(t, { limit: 2, window: '1m' }, { redis: await client(t, server.url), log })
    patient(t)
    assert.equal((await get()).status, 200)
    t.mock.timers.reset()
    await server.stop()
    const statuses: number[] = []
    const asking = async (): Promise<void> => {
      for (let request = 0; request < 3; request += 1) statuses.push((await get()).status)
    }
    assert.ok((await ownMs(asking())) < 1_000)
    assert.deepEqual(statuses, [200, 200, 429])
    assert.equal(lines.filter((line) => line.includes('Redis does not count')).length, 1)
  })

  it('limits by itself when Redis hangs, and asks it again after a pause', async (t) => {
    const clock = stillClock()
    const server = await redisServer(t)
    const redis = await client(t, server.url)
    const admin = await client(t, server.url)
    const { get } = await limited(t, { limit: 1, window: '1m' }, { redis, clock })
    await admin.client('PAUSE', 700, 'ALL')
    assert.equal((await get()).status, 200)
    assert.equal((await get()).status, 429)
    await redis.ping()
    clock.advance(1_001)
    const reply = await get()
    assert.equal(reply.status, 429, 'the late count of the first request is there')
    assert.match(reply.headers.get('retry-after') ?? '', /^[45]\d$|^60$/)
  })
})

/** Has gateways wait for Redis as long as it takes: on a busy machine it may answer too late for them. */
const patient = (t: TestContext): void => t.mock.timers.enable({ apis: ['setTimeout'] })

const redisServer = async (t: TestContext) => {
  const server = await startRedis()
  t.after(server.stop)
  return server
}

const client = async (t: TestContext, url: string): Promise<Redis> => {
  const redis = new Redis(url, { lazyConnect: true })
  redis.on('error', () => undefined) // what a dead server does is what the tests look at
  t.after(() => redis.disconnect())
  await redis.connect()
  return redis
}

const limited = async (t: TestContext, settings: object, some: Parameters<typeof policyApp>[2] = {}) => {
  const { app, tools, listen } = await policyApp(t, [rateLimit], some)
  const hooks = rateLimit.hooks(placeOf(settings), { app, tools, scope: { name: 'bffs.web' } })
  app.get('/', hooks, () => ({}))
  const url = await listen()
  return { get: (headers: Record<string, string> = {}) => fetch(url, { headers }) }
}
