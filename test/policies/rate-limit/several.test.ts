import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it, type TestContext } from 'node:test'
import { pino } from 'pino'
import type { Identity } from '../../../src/kernel/caller.ts'
import { Problem } from '../../../src/kernel/problem.ts'
import { mergeHooks } from '../../../src/policies/hooks.ts'
import { concurrency } from '../../../src/policies/rate-limit/concurrent.ts'
import { rateLimit } from '../../../src/policies/rate-limit/policy.ts'
import { placeOf, policyApp, stillClock } from '../policy-app.ts'

describe('several limits of one place', () => {
  it('hold together: what one refuses counts in no other, and the nearest is told', async (t) => {
    const clock = stillClock()
    const { get } = await place(
      t,
      [
        { limit: 2, window: '10s', by: 'user', algorithm: 'sliding' },
        { quota: { limit: 3, per: 'day' }, by: 'user' },
      ],
      { clock },
    )
    const first = await get({ 'x-test-subject': 'ada' })
    assert.equal(first.headers.get('ratelimit-policy'), '"user-10s";q=2;w=10, "user-day";q=3;w=86400')
    assert.match(first.headers.get('ratelimit') ?? '', /^"user-10s";r=1;t=\d+$/)
    await get({ 'x-test-subject': 'ada' })
    for (let turn = 0; turn < 5; turn += 1) {
      const refused = await get({ 'x-test-subject': 'ada' })
      assert.equal(refused.status, 429)
      assert.equal(await violated(refused), 'user-10s')
    }
    clock.advance(12_000)
    assert.match((await get({ 'x-test-subject': 'ada' })).headers.get('ratelimit') ?? '', /^"user-day";r=0;t=\d+$/)
    assert.equal(await violated(await get({ 'x-test-subject': 'ada' })), 'user-day')
  })

  it('count each combination of what they count by', async (t) => {
    const { get } = await place(t, { limit: 1, window: '1m', by: ['user', 'ip'] })
    const ada = { 'x-test-subject': 'ada' }
    assert.equal((await get(ada)).status, 200)
    assert.equal((await get({ ...ada, 'x-test-address': '10.0.0.9' })).status, 200)
    assert.equal((await get({ ...ada, 'x-test-address': '10.0.0.9' })).status, 429)
  })

  it('count by a claim, and all together', async (t) => {
    const acme = (tenant: unknown): Identity => ({ ...nobody, claims: { tenant } })
    const { get } = await place(t, { limit: 1, window: '1m', by: { claim: 'tenant' } }, { identity: acme('acme') })
    assert.equal((await get({ 'x-test-address': '10.0.0.1' })).status, 200)
    assert.equal((await get({ 'x-test-address': '10.0.0.2' })).status, 429)
    const all = await place(t, { limit: 1, window: '1m', by: 'global' })
    assert.equal((await all.get({ 'x-test-subject': 'ada' })).status, 200)
    assert.equal((await all.get({ 'x-test-subject': 'bob' })).status, 429)
  })

  it('are refilled as buckets are', async (t) => {
    const clock = stillClock()
    const { get } = await place(t, { algorithm: 'tokenBucket', rate: 10, burst: 3 }, { clock })
    for (let turn = 0; turn < 3; turn += 1) assert.equal((await get()).status, 200)
    assert.equal((await get()).headers.get('retry-after'), '1')
    clock.advance(101)
    assert.equal((await get()).status, 200)
    assert.equal((await get()).status, 429)
  })

  it('weigh a request by what its place costs', async (t) => {
    const { get } = await place(t, { limit: 10, window: '1m' }, {}, { cost: 4 })
    assert.match((await get()).headers.get('ratelimit') ?? '', /r=6/)
    assert.match((await get()).headers.get('ratelimit') ?? '', /r=2/)
    assert.equal((await get()).status, 429)
  })

  it('are those of the caller’s plan, by a claim or by its key, and of another where it has none', async (t) => {
    const plansWritten = {
      otherwise: 'free',
      of: { free: { limit: 1, window: '1m', by: 'user' }, pro: { limit: 5, window: '1m', by: 'user' } },
    }
    const of = async (identity: Identity) => {
      const { get } = await place(t, 'plan', { identity }, { plansWritten })
      return (await get()).headers.get('ratelimit-policy')
    }
    assert.equal(await of({ ...nobody, claims: { plan: 'pro' } }), '"pro-user-1m";q=5;w=60')
    assert.equal(await of({ ...nobody, plan: 'pro' }), '"pro-user-1m";q=5;w=60')
    for (const plan of ['free', 'none', 7, '__proto__'])
      assert.equal(await of({ ...nobody, claims: { plan } }), '"free-user-1m";q=1;w=60')
  })

  it('are divided among workers that count for themselves', async (t) => {
    const { get } = await place(t, { limit: 10, window: '1m' }, { workers: 4 })
    assert.equal((await get()).status, 200)
    assert.equal((await get()).status, 200)
    assert.equal((await get()).status, 429)
  })
})

describe('limits by address around auth', () => {
  it('count tokens that are refused, and then say 429 whatever the token', async (t) => {
    const { get, asked } = await place(t, [
      { limit: 3, window: '1m', by: 'ip' },
      { limit: 100, window: '1m', by: 'user' },
    ])
    for (let turn = 0; turn < 3; turn += 1) assert.equal((await get({ 'x-token': 'guess' })).status, 401)
    assert.equal((await get({ 'x-token': 'guess' })).status, 429)
    const { status, headers } = await get({ 'x-token': 'good' })
    assert.equal(status, 429)
    assert.equal(headers.get('ratelimit-policy'), '"ip-1m";q=3;w=60, "user-1m";q=100;w=60')
    assert.equal(headers.get('ratelimit'), `"ip-1m";r=0;t=${headers.get('retry-after')}`)
    assert.equal(asked.length, 3, 'who is past the limit is refused before anybody looks at the token')
    assert.equal((await get({ 'x-token': 'good', 'x-test-address': '10.9.9.9' })).status, 200)
  })

  it('charge a request once', async (t) => {
    const { get } = await place(t, [{ limit: 3, window: '1m', by: 'ip' }])
    assert.match((await get({ 'x-token': 'good' })).headers.get('ratelimit') ?? '', /r=2/)
    assert.match((await get({ 'x-token': 'good' })).headers.get('ratelimit') ?? '', /r=1/)
  })
})

describe('limits when Redis is gone', () => {
  it('are this replica’s share, and answers say so', async (t) => {
    const shared: boolean[] = []
    const redis = { status: 'reconnecting', defineCommand: () => undefined, porticoTake: () => undefined } as never
    const tools = {
      redis,
      replicas: 3,
      log: pino({ level: 'silent' }),
      limitsShared: (now: boolean) => shared.push(now),
    }
    const { get } = await place(t, { limit: 7, window: '1m' }, tools)
    const first = await get()
    assert.equal(first.headers.get('portico-limits'), 'local')
    assert.match(first.headers.get('ratelimit') ?? '', /r=1/)
    assert.equal((await get()).status, 200)
    assert.equal((await get()).status, 429)
    assert.deepEqual(shared, [false])
  })
})

describe('concurrent requests', () => {
  it('are bounded by address and by route, and end when they are answered', async (t) => {
    const { app, tools, listen } = await policyApp(t, [])
    const context = { app, tools, scope: { name: 'routes./slow' } }
    const waiting: (() => void)[] = []
    const arrived = new EventTarget()
    app.get('/slow', mergeHooks([concurrency.hooks({ ip: 2, route: 3 }, context)]), async () => {
      await new Promise<void>((resolve) => {
        waiting.push(resolve)
        arrived.dispatchEvent(new Event('one'))
      })
      return {}
    })
    const url = `${await listen()}/slow`
    const get = (address: string) => fetch(url, { headers: { 'x-test-address': address } })
    const begin = async (address: string) => {
      const one = once(arrived, 'one')
      const reply = get(address)
      await one
      return reply
    }
    const begun = [begin('10.0.0.1'), begin('10.0.0.1'), begin('10.0.0.2')]
    while (waiting.length < 3) await once(arrived, 'one')
    const tooMany = await get('10.0.0.1')
    assert.deepEqual([tooMany.status, tooMany.headers.get('retry-after')], [503, '1'])
    waiting[2]?.()
    assert.equal((await begun[2])?.status, 200)
    const own = await get('10.0.0.1')
    assert.deepEqual([own.status, own.headers.get('retry-after')], [429, '1'])
    for (const end of waiting) end()
    await Promise.all(begun)
  })
})

const nobody: Identity = {
  provider: 'shoppers',
  subject: 'ada',
  scopes: new Set(),
  claims: {},
  expiresAt: undefined,
}

const violated = async (reply: Response): Promise<unknown> => {
  const { details } = (await reply.json()) as { details: { violations: { subject: string }[] }[] }
  return details[0]?.violations[0]?.subject
}

/** A place with limits, behind an auth that refuses the token `guess`. */
const place = async (
  t: TestContext,
  limits: unknown,
  tools: Parameters<typeof policyApp>[2] = {},
  more: Parameters<typeof placeOf>[1] = {},
) => {
  const made = await policyApp(t, [rateLimit], tools)
  const context = { app: made.app, tools: made.tools, scope: { name: 'bffs.web' } }
  const asked: unknown[] = []
  const hooks = mergeHooks([
    {
      onRequest: async ({ headers }) => {
        const token = headers['x-token']
        if (token !== undefined) asked.push(token)
        if (token === 'guess') throw new Problem('UNAUTHENTICATED', 'This token is none.')
      },
    },
    rateLimit.hooks(placeOf(limits, more), context),
  ])
  made.app.get('/', hooks, () => ({}))
  const url = await made.listen()
  return { asked, get: (headers: Record<string, string> = {}) => fetch(url, { headers }) }
}
