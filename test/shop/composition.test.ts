import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import type { EndpointPlan } from '../../src/bff/endpoint/endpoint.ts'
import { worstCasePlan } from '../../src/graph/operation.ts'
import { estimate } from '../../src/graph/plan/estimate.ts'
import { type ShopGateway, startShopGateway } from '../support/shop.ts'
import { until } from '../support/until.ts'

describe('the shop’s dashboard', () => {
  it('asks users and orders at once, and the catalog once for all products', async () => {
    const dashboard = await json('/mobile/my-dashboard')
    const products = [...new Set(linesOf(dashboard).map(({ product }) => product.id))]
    const calls = gateway.calls()
    assert.deepEqual([...calls].sort(), [
      'catalog shop.catalog.v1.Catalog/BatchGetProducts',
      'orders GET /orders?customer=u-1&limit=3',
      'users GET /users?ids=u-1',
    ])
    assert.ok(products.length > 3)
  })

  it('takes as long as its slowest branch, not as long as all of them: none waits for another', async () => {
    const { users, orders } = gateway.shop
    for (const { faults } of [users, orders]) faults.set({ mode: 'hang' })
    const client = new AbortController()
    const asking = assert.rejects(gateway.get('/mobile/my-dashboard', { signal: client.signal }))
    await until(() => users.calls.count() > 0 && orders.calls.count() > 0)
    client.abort()
    await asking
  })

  it('gives every caller their own data, however many ask at once', async () => {
    const customers = Array.from({ length: 40 }, (_, index) => `u-${index + 1}`)
    const answers = await Promise.all(
      customers.map(async (customer) => {
        const authorization = `Bearer ${await gateway.token(customer)}`
        const reply = await gateway.post(
          '/web/graphql',
          { query: '{ me { id orders(first: 1) { id } } }' },
          { authorization },
        )
        return ((await reply.json()) as { data: { me: { id: string } } }).data.me.id
      }),
    )
    assert.deepEqual(answers, customers)
    const orders = gateway.shop.orders.calls.list()
    assert.equal(orders.length, customers.length)
    for (const { name, headers } of orders) {
      const subject = JSON.parse(
        Buffer.from(String(headers['authorization']).split('.')[1] ?? '', 'base64url').toString(),
      ) as { sub: string }
      assert.match(name, new RegExp(`customer=${subject.sub}&`))
    }
  })
})

describe('what explain says of an operation', () => {
  for (const [path, variables, exact] of [
    ['/mobile/my-dashboard', { orders: 3 }, true],
    ['/mobile/my-dashboard?orders=20', { orders: 20 }, true],
    ['/mobile/products/p-1', { reviews: 3 }, true],
    ['/mobile/products/p-1?reviews=1', { reviews: 1 }, true],
    ['/mobile/products/unknown', { reviews: 3 }, false],
    ['/mobile/orders/o-1', {}, true],
    ['/mobile/orders/unknown', {}, false],
    ['/mobile/search?text=lamp&first=5', { text: 'lamp', first: 5 }, true],
  ] as const)
    it(`${exact ? 'equals' : 'bounds'} the calls that GET ${path} makes`, async () => {
      const bff = gateway.gateway.plan().bffs.find(({ served }) => served.name === 'mobile')?.served
      const endpoint = bff?.endpoints.find((one) => matches(one, path))
      assert.ok(bff !== undefined && endpoint !== undefined)
      const { calls, completing } = estimate(worstCasePlan(bff.graph, endpoint.operation), variables)
      // The shop's services leave no field out that an entity would have to be completed by.
      const bound = calls - completing
      await gateway.get(path)
      const made = gateway.calls().length
      if (exact) assert.equal(made, bound)
      else assert.ok(made <= bound, `${made} calls, but explain says at most ${bound}`)
    })
})

type Dashboard = {
  readonly me: {
    readonly recent: readonly { readonly lines: readonly { readonly product: { readonly id: string } }[] }[]
  }
}

const linesOf = ({ me }: Dashboard) => me.recent.flatMap(({ lines }) => lines)

const matches = ({ method, path }: EndpointPlan, asked: string): boolean =>
  method === 'GET' && new RegExp(`^/mobile${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(asked.split('?')[0] ?? '')

const json = async (path: string): Promise<Dashboard> => (await (await gateway.get(path)).json()) as Dashboard

let gateway: ShopGateway
before(async () => {
  gateway = await startShopGateway()
})
beforeEach(() => {
  for (const service of [gateway.shop.users, gateway.shop.orders]) service.faults.clear()
  gateway.calls()
})
after(() => gateway.close())
