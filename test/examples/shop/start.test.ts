import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { WebSocket } from 'ws'
import { spawnShop, startShop } from '../../../examples/shop/start.ts'
import { spawnService } from '../../../examples/shop/support/spawn-service.ts'
import { grpcClient } from './support/grpc-client.ts'

describe('startShop', () => {
  it('runs the five services in this process and says where', async () => {
    const shop = await startShop()
    await assertAllAnswer(shop.env)
    assert.deepEqual(
      [shop.users, shop.orders, shop.catalog, shop.reviews, shop.payments].map(({ calls }) => calls.count()),
      [1, 1, 1, 1, 1],
    )
    await shop.close()
  })

  it('closes promptly with keep-alive, WebSocket and stream connections open', async () => {
    const shop = await startShop()
    await fetch(`${shop.env.USERS_URL}/users/u-1`)
    const socket = new WebSocket(`${shop.env.ORDERS_URL}/orders/feed`)
    await once(socket, 'open')
    const start = performance.now()
    await shop.close()
    assert.ok(performance.now() - start < 1_000)
    await once(socket, 'close')
  })

  it('starts on the ports it is given, also right after they were in use', async () => {
    const first = await startShop()
    const { users, orders, catalog, reviews, payments } = first
    const ports = {
      users: users.port,
      orders: orders.port,
      catalog: catalog.port,
      reviews: reviews.port,
      payments: payments.port,
    }
    await assertAllAnswer(first.env)
    await first.close()
    const second = await startShop({ ports })
    assert.deepEqual(second.env, first.env)
    await assertAllAnswer(second.env)
    await second.close()
  })

  it('closes the others when one cannot start', async (t) => {
    const port = await takenPort(t)
    await assert.rejects(startShop({ ports: { orders: port } }), { code: 'EADDRINUSE' })
  })
})

describe('spawnShop', () => {
  it('runs the five services as processes, which are gone once it is closed', async () => {
    const shop = await spawnShop()
    await assertAllAnswer(shop.env)
    await shop.close()
    for (const { pid } of [shop.users, shop.orders, shop.catalog, shop.reviews, shop.payments]) {
      assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
    }
  })
})

describe('spawnService', () => {
  it('says what the service wrote to stderr when it cannot start', async (t) => {
    const port = await takenPort(t)
    await assert.rejects(
      spawnService('orders', { PORT: String(port) }),
      /orders ended with 1 before it was ready:\n[^]*EADDRINUSE/,
    )
  })
})

async function assertAllAnswer(env: Readonly<Record<string, string>>): Promise<void> {
  assert.equal((await fetch(`${env.USERS_URL}/users/u-1`)).status, 200)
  assert.equal((await fetch(`${env.ORDERS_URL}/orders/o-1`)).status, 200)
  await Promise.all([
    callOnce(env.CATALOG_ADDRESS, 'catalog', 'Catalog', 'SearchProducts'),
    callOnce(env.REVIEWS_ADDRESS, 'reviews', 'Reviews', 'BatchListReviews'),
    callOnce(env.PAYMENTS_ADDRESS, 'payments', 'Payments', 'BatchGetByOrder'),
  ])
}

async function callOnce(address = '', file: string, service: string, method: string): Promise<void> {
  const client = grpcClient(address, `shop/${file}/v1/${file}.proto`, `shop.${file}.v1.${service}`)
  await client.call(method)
  client.close()
}

async function takenPort(t: TestContext): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const { port }: { port: number } = Object(server.address())
  return port
}
