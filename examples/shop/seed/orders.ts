import { personCount } from './people.ts'
import { priceOf, productCount } from './prices.ts'
import { numbers, randomFrom } from './random.ts'

export interface OrderSeed {
  readonly id: string
  readonly customer: string
  readonly status: 'placed' | 'paid' | 'shipped' | 'on_hold'
  readonly placedAt: Date
  readonly lines: readonly LineSeed[]
}

export interface LineSeed {
  readonly productId: string
  readonly quantity: number
}

export const orderCount = 2_400

const statuses = ['placed', 'paid', 'shipped', 'shipped', 'shipped', 'on_hold'] as const
const firstOrderAt = Date.UTC(2024, 0, 1)
const hoursBetweenOrders = 5

/** Oldest first; each customer has dozens. */
export function orders(): readonly OrderSeed[] {
  const random = randomFrom(3)
  return numbers(orderCount).map((number) => ({
    id: `o-${number}`,
    customer: `u-${random.int(1, personCount)}`,
    status: random.pick(statuses),
    placedAt: new Date(firstOrderAt + number * hoursBetweenOrders * 3_600_000),
    lines: numbers(random.int(1, 5)).map(() => ({
      productId: `p-${random.int(1, productCount)}`,
      quantity: random.int(1, 3),
    })),
  }))
}

/** In cents. */
export const totalOf = (lines: readonly LineSeed[]): number =>
  lines.reduce((sum, { productId, quantity }) => sum + quantity * (priceOf(productId) ?? 0), 0)
