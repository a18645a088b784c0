import { type OrderSeed, orders, totalOf } from '../seed/orders.ts'
import { people } from '../seed/people.ts'
import { priceOf } from '../seed/prices.ts'
import { type ProductSeed, products } from '../seed/products.ts'
import { type ReviewSeed, reviews, reviewsToCome } from '../seed/reviews.ts'

/** What the shop's answers must be, worked out from what its services start with. */

const persons = new Map(people().map((person) => [person.id, person]))
const goods = new Map(products().map((product) => [product.id, product]))
const seeded = reviews()

/** Reviews that a demo of a few minutes may write. */
const coming = reviewsToCome()
const toCome: readonly ReviewSeed[] = Array.from({ length: 1_000 }, () => coming.next().value)

const personOf = (id: string) => found(persons.get(id), id)
const productOf = (id: string) => found(goods.get(id), id)

const found = <T>(value: T | undefined, id: string): T => {
  if (value === undefined) throw new Error(`The seed has no ${id}.`)
  return value
}

const money = (cents: number) => ({
  currencyCode: 'EUR',
  units: String(Math.floor(cents / 100)),
  nanos: (cents % 100) * 10_000_000,
})

/** ProtoJSON writes no fraction of a second where there is none. */
const timestamp = (date: Date): string => date.toISOString().replace('.000Z', 'Z')

const newestOrders = (customer: string, count: number): readonly OrderSeed[] =>
  orders()
    .filter((order) => order.customer === customer)
    .toReversed()
    .slice(0, count)

const statusOf = ({ status }: OrderSeed): string => (status === 'on_hold' ? 'UNKNOWN' : status.toUpperCase())

/** `GET /mobile/my-dashboard`. */
export const dashboardOf = (customer: string) => {
  const { name, loyaltyPoints } = personOf(customer)
  const recent = newestOrders(customer, 3).map((order) => ({
    id: order.id,
    status: statusOf(order),
    placedAt: order.placedAt.toISOString(),
    total: money(totalOf(order.lines)),
    lines: order.lines.map(({ quantity, productId }) => ({
      quantity,
      product: { id: productId, name: productOf(productId).name },
    })),
  }))
  return { me: { name, loyaltyPoints: String(loyaltyPoints), recent } }
}

/** A product with a share off and three reviews or more, that nobody reviews while a demo lasts. */
export const quietProduct = (): string => {
  const busy = new Set(toCome.map(({ productId }) => productId))
  const quiet = [...goods.values()].find(
    ({ id, promo }) =>
      promo !== undefined &&
      'percentOff' in promo &&
      !busy.has(id) &&
      seeded.filter(({ productId }) => productId === id).length >= 3,
  )
  return found(quiet, 'quiet product').id
}

const firstReviewAt = Date.UTC(2024, 0, 1)
const reviewEveryMs = 7 * 3_600_000

/** `GET /mobile/products/{id}`. */
export const productPageOf = (id: string) => {
  const { name, subtitle = null, description, cents, availability, promo } = productOf(id)
  const newest = seeded.flatMap((review, index) => (review.productId === id ? [{ review, index }] : [])).toReversed()
  return {
    product: {
      id,
      name,
      subtitle,
      description,
      price: money(cents),
      availability,
      promo: promoOf(promo),
      reviews: newest.slice(0, 3).map(({ review: { rating, body, authorId }, index }) => ({
        rating,
        text: body,
        writtenAt: timestamp(new Date(firstReviewAt + index * reviewEveryMs)),
        author: { id: authorId, name: personOf(authorId).name },
      })),
    },
  }
}

const promoOf = (promo: ProductSeed['promo']) => {
  if (promo === undefined) return null
  return 'percentOff' in promo ? { percent: promo.percentOff } : { amount: money(promo.centsOff) }
}

/** Of `GET /api/v1/products/{id}`, what shows that ProtoJSON is kept: 64 bits as digits, maps, times, bytes. */
export const transcodedProductOf = (id: string) => {
  const { name, attributes, tags, createdAt, unitsSold, thumbnail } = productOf(id)
  return {
    id,
    name,
    attributes,
    tags,
    createdAt: timestamp(createdAt),
    unitsSold: String(unitsSold),
    thumbnail: thumbnail?.toString('base64') ?? '',
  }
}

/** The items of `GET /mobile/search`. */
export const searchFor = (words: readonly string[], first: number) =>
  [...goods.values()]
    .filter(({ name, description, tags }) => {
      const text = [name, description, ...tags].join(' ').toLowerCase()
      return words.every((word) => text.includes(word))
    })
    .slice(0, first)
    .map(({ id, name, cents }) => ({ id, name, price: money(cents) }))

const paymentStates = { placed: 'PENDING', paid: 'CAPTURED', shipped: 'CAPTURED', on_hold: 'REFUNDED' } as const

const paymentOf = ({ id, status, lines }: OrderSeed) =>
  Number(id.slice(2)) % 7 === 0 ? null : { state: paymentStates[status], amount: money(totalOf(lines)) }

/** What the tour's GraphQL query asks: a customer with orders, their payments and what was bought. */
export const historyOf = (customer: string, count: number) => ({
  me: {
    name: personOf(customer).name,
    email: personOf(customer).email,
    orders: newestOrders(customer, count).map((order) => ({
      id: order.id,
      payment: paymentOf(order),
      lines: order.lines.map(({ quantity, productId }) => ({
        quantity,
        product: { name: productOf(productId).name, price: money(productOf(productId).cents) },
      })),
    })),
  },
})

type Line = { readonly productId: string; readonly quantity: number }

/** `POST /mobile/orders`, without the id the shop makes up. */
export const placedOrder = (lines: readonly Line[]) => ({
  status: 'PLACED',
  total: money(totalOf(lines)),
  lines: lines.map(({ productId, quantity }) => ({
    quantity,
    product: { id: productId, name: productOf(productId).name },
  })),
})

/** An order with a payment, and the screen of it when that payment cannot be had. */
export const orderWithPayment = (customer: string): OrderSeed =>
  found(
    newestOrders(customer, 50).find((order) => paymentOf(order) !== null),
    'order with a payment',
  )

export const orderScreenWithoutPayment = ({ id, lines, placedAt, ...order }: OrderSeed) => ({
  order: {
    id,
    status: statusOf({ id, lines, placedAt, ...order }),
    placedAt: placedAt.toISOString(),
    total: money(totalOf(lines)),
    payment: null,
    lines: lines.map(({ quantity, productId }) => ({
      quantity,
      unitPrice: money(priceOf(productId) ?? 0),
      product: { id: productId, name: productOf(productId).name, availability: productOf(productId).availability },
    })),
  },
  _errors: [{ path: ['order', 'payment'], code: 'DEADLINE_EXCEEDED', service: 'payments' }],
})

/** The event of a review that came in while the demo ran, by its id. */
export const reviewEvent = (id: string) => {
  const review: ReviewSeed = found(toCome[Number(id.slice(2)) - seeded.length - 1], id)
  return {
    reviewAdded: {
      id,
      rating: review.rating,
      text: review.body,
      author: { name: personOf(review.authorId).name },
      product: { name: productOf(review.productId).name },
    },
  }
}

/** The digits as they must stand in `GET /users/{id}`, past what a double holds. */
export const loyaltyPointsOf = (customer: string): string => String(personOf(customer).loyaltyPoints)
