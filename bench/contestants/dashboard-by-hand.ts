import { fastify } from 'fastify'
import { Pool } from 'undici'
import type { Order, Product, User } from '../data.ts'
import { serve } from './serve.ts'

/** The dashboard as one would write it by hand: no limits, no time-outs, no partial answers. */
const upstream = new Pool(process.env['UPSTREAM'] ?? '')
const read = async <Value>(path: string): Promise<Value> => {
  const { body } = await upstream.request({ path, method: 'GET' })
  return (await body.json()) as Value
}

const app = fastify()
app.get<{ Querystring: { user: string } }>('/shop/my-dashboard', async ({ query: { user: id } }) => {
  const [user, orders] = await Promise.all([read<User>(`/users/${id}`), read<Order[]>(`/orders?userId=${id}`)])
  const ids = new Set(orders.flatMap(({ items }) => items.map(({ productId }) => productId)))
  const found = await read<Product[]>(`/products?${[...ids].map((one) => `id=${one}`).join('&')}`)
  const products = new Map(found.map((product) => [product.id, product]))
  return {
    user: { id: user.id, name: user.name, email: user.email },
    orders: orders.map(({ id: order, status, totalCents, items }) => ({
      id: order,
      status,
      totalCents,
      items: items.map(({ quantity, productId }) => ({ quantity, product: products.get(productId) })),
    })),
  }
})
await serve(app)
