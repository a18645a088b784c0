import assert from 'node:assert/strict'
import { request } from 'node:http'
import { after, afterEach, before, describe, it } from 'node:test'
import { type ShopGateway, startShopGateway } from '../support/shop.ts'
import { until } from '../support/until.ts'

const says = { hang: 'hangs', garbage: 'answers garbage', fail: 'fails', unavailable: 'says it is unavailable' }

describe('a dashboard with a service in trouble', () => {
  const optional = ['hang', 'garbage', 'fail', 'unavailable'] as const
  for (const trouble of optional)
    it(`answers without the catalog when it ${says[trouble]}, marked partial`, async () => {
      if (trouble === 'unavailable') gateway.shop.catalog.faults.set({ mode: 'fail', code: 'UNAVAILABLE' })
      else gateway.shop.catalog.faults.set(trouble === 'fail' ? { mode: 'fail', code: 'INTERNAL' } : { mode: trouble })
      const reply = await gateway.get('/mobile/my-dashboard')
      const body = (await reply.json()) as {
        me: { name: string; recent: { lines: { product: unknown }[] }[] }
        _errors: { service: string; code: string }[]
      }
      assert.equal(reply.status, 200)
      assert.equal(reply.headers.get('portico-partial'), 'catalog')
      assert.equal(reply.headers.get('cache-control'), 'no-store')
      assert.equal(body.me.name, 'Ada Lovelace')
      assert.ok(body.me.recent.flatMap(({ lines }) => lines).every(({ product }) => product === null))
      assert.ok(body._errors.length > 0 && body._errors.every(({ service }) => service === 'catalog'))
      assert.equal(
        body._errors[0]?.code,
        trouble === 'hang' ? 'DEADLINE_EXCEEDED' : trouble === 'fail' ? 'INTERNAL' : 'UNAVAILABLE',
      )
    })

  for (const [mode, code] of [
    ['hang', 'DEADLINE_EXCEEDED'],
    ['garbage', 'UNAVAILABLE'],
    ['half', 'UNAVAILABLE'],
  ] as const)
    it(`keeps the customer and leaves out the orders when orders answers ${mode}`, async () => {
      gateway.shop.orders.faults.set({ mode })
      const reply = await gateway.get('/mobile/my-dashboard')
      const body = (await reply.json()) as { me: { name: string; recent: unknown }; _errors: object[] }
      assert.equal(reply.status, 200)
      assert.deepEqual(body.me.recent, null)
      assert.deepEqual(body._errors, [{ path: ['me', 'recent'], code, service: 'orders' }])
    })

  for (const [fault, status] of [
    [{ mode: 'hang' }, 504],
    [{ mode: 'garbage' }, 502],
    [{ mode: 'half' }, 502],
    [{ mode: 'fail', status: 503 }, 503],
    [{ mode: 'fail', status: 500 }, 502],
    [{ mode: 'fail', status: 429, retryAfterSeconds: 7 }, 429],
  ] as const)
    it(`is a problem with status ${status} when users, which it requires, answers ${JSON.stringify(fault)}`, async () => {
      gateway.shop.users.faults.set(fault)
      const reply = await gateway.get('/mobile/my-dashboard')
      const problem = (await reply.json()) as { status: number; service: string; detail: string }
      assert.equal(reply.status, status)
      assert.match(reply.headers.get('content-type') ?? '', /^application\/problem\+json/)
      assert.equal(problem.service, 'users')
      assert.equal(reply.headers.get('retry-after'), status === 429 ? '7' : null)
      assert.doesNotMatch(JSON.stringify(problem), /127\.0\.0\.1|ECONN|at .*\.ts/)
    })

  it('answers without a service that is down', async () => {
    const other = await startShopGateway({ env: { CATALOG_ADDRESS: '127.0.0.1:1' } })
    const reply = await other.get('/mobile/my-dashboard')
    const body = (await reply.json()) as { me: { recent: { lines: { product: unknown }[] }[] } }
    await other.close()
    assert.deepEqual([reply.status, reply.headers.get('portico-partial')], [200, 'catalog'])
    assert.ok(body.me.recent.flatMap(({ lines }) => lines).every(({ product }) => product === null))
  })

  it('cancels its upstream calls when the client leaves', async () => {
    gateway.shop.users.faults.set({ mode: 'hang' })
    gateway.shop.orders.faults.set({ mode: 'hang' })
    const client = request(`${gateway.url}/mobile/my-dashboard`, {
      headers: { authorization: `Bearer ${await gateway.token()}` },
    })
    client.on('error', () => {})
    client.end()
    await until(() => gateway.shop.users.calls.count() > 0 && gateway.shop.orders.calls.count() > 0)
    client.destroy()
    await until(() => gateway.shop.users.calls.cancelled() === 1 && gateway.shop.orders.calls.cancelled() === 1)
  })
})

let gateway: ShopGateway
before(async () => {
  gateway = await startShopGateway({ timeout: '2s' })
})
afterEach(() => {
  for (const service of [gateway.shop.users, gateway.shop.orders, gateway.shop.catalog]) service.faults.clear()
  gateway.calls()
})
after(() => gateway.close())
