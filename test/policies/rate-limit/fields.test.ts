import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { array, asyncProperty, assert as check, constantFrom, integer, oneof, record, tuple } from 'fast-check'
import { plansConfig, rateLimitConfig } from '../../../src/policies/rate-limit/config.ts'
import { rateLimit } from '../../../src/policies/rate-limit/policy.ts'
import { type BareItem, type Item, parseItems } from '../../support/structured-field.ts'
import { placeOf, policyApp, stillClock } from '../policy-app.ts'

describe('the fields RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers-10)', () => {
  it('say q, w, r and t as structured fields, and never come back sooner than Retry-After says, whatever the limits', async (t) => {
    await check(
      asyncProperty(
        array(limits, { minLength: 1, maxLength: 4 }),
        requests,
        integer({ min: 1, max: 9 }),
        async (written, asked, cost) => {
          const { get, clock } = await place(t, written, { cost })
          for (const wait of asked) {
            clock.advance(wait)
            const { status, policy, told, retryAfter } = await get()
            const names = policy.map(({ value }) => textOf(value))
            assert.equal(names.length, written.length)
            assert.equal(new Set(names).size, names.length, 'one name for one policy')
            for (const { parameters } of policy) {
              assert.deepEqual([...parameters.keys()], ['q', 'w'])
              assert.ok(numberOf(parameters, 'q') > 0 && numberOf(parameters, 'w') > 0)
            }
            assert.equal(told.length, 1)
            const [item] = told as [Item]
            const its = policy[names.indexOf(textOf(item.value))]?.parameters
            assert.ok(its !== undefined, 'it is one of the policies')
            assert.deepEqual([...item.parameters.keys()], ['r', 't'])
            const left = numberOf(item.parameters, 'r')
            const seconds = numberOf(item.parameters, 't')
            assert.ok(left >= 0 && left <= numberOf(its, 'q') && seconds >= 0)
            if (status === 429)
              assert.ok(Number(retryAfter) >= seconds && left < cost, `${retryAfter} ${seconds} ${left}`)
            else assert.equal(retryAfter, null)
          }
        },
      ),
      { numRuns: 60 },
    )
  })

  it('say in t when the next unit of a bucket is there, not when it is full', async (t) => {
    const { get, clock } = await place(t, [{ algorithm: 'tokenBucket', rate: 1, window: '10s', burst: 5 }])
    const tell = async (): Promise<unknown> => {
      const { told } = await get()
      return [numberOf(told[0]?.parameters, 'r'), numberOf(told[0]?.parameters, 't')]
    }
    assert.deepEqual(await tell(), [4, 10])
    clock.advance(4_000)
    assert.deepEqual(await tell(), [3, 6])
    assert.deepEqual(await tell(), [2, 6])
  })

  it('name units other than requests by a parameter of our own, for qu takes registered ones alone', async (t) => {
    const counted = { limit: 9, window: '1m', counts: 'calls' }
    const { get } = await place(t, [counted, { ...counted, counts: 'cost' }])
    assert.deepEqual(
      (await get()).policy.map(({ parameters }) => [[...parameters.keys()], textOf(parameters.get('portico-unit'))]),
      [
        [['q', 'w', 'portico-unit'], 'calls'],
        [['q', 'w', 'portico-unit'], 'cost'],
      ],
    )
  })

  it('hold any limit that settings take', () => {
    for (const limit of [999_999_999_999_999, 1_000_000_000_000_000]) {
      const fits = parses(`"a";q=${limit}`)
      const one = { limit, window: '1m' }
      assert.equal(rateLimitConfig.safeParse(one).success, fits)
      assert.equal(rateLimitConfig.safeParse({ algorithm: 'tokenBucket', rate: 1, burst: limit }).success, fits)
      assert.equal(rateLimitConfig.safeParse({ quota: { limit, per: 'day' } }).success, fits)
      assert.equal(plansConfig.safeParse({ otherwise: 'a', of: { a: one } }).success, fits)
    }
  })
})

const spans = constantFrom('500ms', '1s', '7s', '1m', '1h', '1d')
const limits = oneof(
  record({ limit: integer({ min: 1, max: 40 }), window: spans, algorithm: constantFrom('fixed', 'sliding') }),
  record({
    algorithm: constantFrom('tokenBucket'),
    rate: integer({ min: 1, max: 20 }),
    window: spans,
    burst: integer({ min: 1, max: 40 }),
  }),
  tuple(integer({ min: 1, max: 40 }), constantFrom('day', 'month')).map(([limit, per]) => ({ quota: { limit, per } })),
)
const requests = array(oneof(integer({ min: 0, max: 300 }), integer({ min: 300, max: 90_000 })), {
  minLength: 1,
  maxLength: 14,
})

const textOf = (value: BareItem | undefined): string => (value?.kind === 'string' ? value.text : '')
const numberOf = (parameters: Item['parameters'] | undefined, name: string): number => {
  const value = parameters?.get(name)
  return value?.kind === 'integer' ? value.number : Number.NaN
}

const parses = (field: string): boolean => {
  try {
    return parseItems(field).length > 0
  } catch {
    return false
  }
}

const place = async (t: TestContext, written: readonly object[], more: Parameters<typeof placeOf>[1] = {}) => {
  const clock = stillClock()
  const { app, tools } = await policyApp(t, [rateLimit], { clock })
  app.get('/', rateLimit.hooks(placeOf(written, more), { app, tools, scope: { name: 'routes./' } }), () => ({}))
  return {
    clock,
    get: async () => {
      const { statusCode: status, headers } = await app.inject('/')
      const fieldOf = (name: string): readonly Item[] => parseItems(String(headers[name] ?? ''))
      return {
        status,
        policy: fieldOf('ratelimit-policy'),
        told: fieldOf('ratelimit'),
        retryAfter: headers['retry-after'] === undefined ? null : headers['retry-after'],
      }
    },
  }
}
