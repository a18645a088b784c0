import { startCatalog } from './catalog/service.ts'
import { startOrders } from './orders/service.ts'
import { startPayments } from './payments/service.ts'
import { startReviews } from './reviews/service.ts'
import { type SpawnedService, spawnService } from './support/spawn-service.ts'
import { startUsers } from './users/service.ts'

export type ServiceName = 'users' | 'orders' | 'catalog' | 'reviews' | 'payments'

export interface ShopOptions {
  /** Free ones where not given. */
  readonly ports?: Partial<Readonly<Record<ServiceName, number>>>
  /** Somebody writes a review every so often; 0, the default, means nobody does. */
  readonly reviewIntervalMs?: number
}

export type Shop = Awaited<ReturnType<typeof startShop>>
export type SpawnedShop = Awaited<ReturnType<typeof spawnShop>>

/** Starts the five services in this process. */
export async function startShop({ ports = {}, reviewIntervalMs = 0 }: ShopOptions = {}) {
  const portOf = (name: ServiceName) => ({ port: ports[name] ?? 0 })
  const [users, orders, catalog, reviews, payments] = await allOrNone([
    startUsers(portOf('users')),
    startOrders(portOf('orders')),
    startCatalog(portOf('catalog')),
    startReviews({ ...portOf('reviews'), intervalMs: reviewIntervalMs }),
    startPayments(portOf('payments')),
  ])
  return shopOf({ users, orders, catalog, reviews, payments })
}

/** Starts the five services as child processes; each has its control server 100 above its port, or on a free one. */
export async function spawnShop({ ports = {}, reviewIntervalMs = 0 }: ShopOptions = {}) {
  const spawnOn = (name: ServiceName): Promise<SpawnedService> =>
    spawnService(name, { PORT: String(ports[name] ?? 0), REVIEW_INTERVAL_MS: String(reviewIntervalMs) })
  const [users, orders, catalog, reviews, payments] = await allOrNone([
    spawnOn('users'),
    spawnOn('orders'),
    spawnOn('catalog'),
    spawnOn('reviews'),
    spawnOn('payments'),
  ])
  return shopOf({ users, orders, catalog, reviews, payments })
}

interface Closable {
  close(): Promise<void>
}

function shopOf<Services extends Record<ServiceName, Closable & { readonly address: string }>>(services: Services) {
  const env: Record<string, string> = {
    USERS_URL: services.users.address,
    ORDERS_URL: services.orders.address,
    CATALOG_ADDRESS: services.catalog.address,
    REVIEWS_ADDRESS: services.reviews.address,
    PAYMENTS_ADDRESS: services.payments.address,
  }
  return {
    ...services,
    env,
    async close() {
      await Promise.all(Object.values(services).map((service) => service.close()))
    },
  }
}

/** Where one does not start, those that did are closed. */
async function allOrNone<Services extends readonly Closable[]>(
  starting: {
    [Index in keyof Services]: Promise<Services[Index]>
  },
) {
  try {
    return await Promise.all(starting)
  } catch (error) {
    const settled: readonly PromiseSettledResult<Closable>[] = await Promise.allSettled(starting)
    const started = settled.filter((result) => result.status === 'fulfilled')
    await Promise.all(started.map(({ value }) => value.close()))
    throw error
  }
}
