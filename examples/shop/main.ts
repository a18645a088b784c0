import { spawnShop } from './start.ts'

const shop = await spawnShop({
  ports: { users: 5001, orders: 5002, catalog: 5003, reviews: 5004, payments: 5005 },
  reviewIntervalMs: 2_000,
})
for (const { name, address, controlUrl } of [shop.users, shop.orders, shop.catalog, shop.reviews, shop.payments]) {
  process.stdout.write(`${name.padEnd(8)}  ${address.padEnd(21)}  control ${controlUrl}\n`)
}

for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => shop.close())
