import { orders, totalOf } from '../seed/orders.ts'
import { euros, type Money } from '../support/money.ts'
import { timestamp } from '../support/proto.ts'
import { Refusal } from '../support/refusal.ts'

export interface Payment {
  readonly id: string
  readonly orderId: string
  readonly state: 'PAYMENT_STATE_PENDING' | 'PAYMENT_STATE_CAPTURED' | 'PAYMENT_STATE_REFUNDED'
  readonly amount?: Money
  readonly updatedAt: ReturnType<typeof timestamp>
}

export interface PaymentStore {
  find(id: string): Payment | undefined
  findByOrder(orderId: string): Payment | undefined
  /** Leaves a payment that was captured before as it is. */
  capture(orderId: string): Payment
}

const stateOf = {
  placed: 'PAYMENT_STATE_PENDING',
  paid: 'PAYMENT_STATE_CAPTURED',
  shipped: 'PAYMENT_STATE_CAPTURED',
  on_hold: 'PAYMENT_STATE_REFUNDED',
} as const

/** Every seventh order has no payment yet; o-N's is pay-N. */
export function openPaymentStore(now: () => Date): PaymentStore {
  const seed = orders()
  const totals = new Map(seed.map(({ id, lines }) => [id, euros(totalOf(lines))]))
  const byOrder = new Map<string, Payment>(
    seed
      .filter(({ id }) => numberOf(id) % 7 !== 0)
      .map(({ id, status, placedAt }) => [
        id,
        { ...paymentFor(id, totals.get(id)), state: stateOf[status], updatedAt: timestamp(placedAt) },
      ]),
  )

  return {
    find(id) {
      const payment = byOrder.get(`o-${numberOf(id)}`)
      return payment?.id === id ? payment : undefined
    },
    findByOrder: (orderId) => byOrder.get(orderId),
    capture(orderId) {
      if (!/^o-[1-9]\d*$/.test(orderId)) throw new Refusal('NOT_FOUND', `No order ${orderId || 'without an id'}.`)
      const before = byOrder.get(orderId)
      if (before?.state === 'PAYMENT_STATE_CAPTURED') return before
      if (before?.state === 'PAYMENT_STATE_REFUNDED') {
        throw new Refusal('FAILED_PRECONDITION', `The payment of ${orderId} was given back.`)
      }
      const payment: Payment = {
        ...paymentFor(orderId, totals.get(orderId)),
        state: 'PAYMENT_STATE_CAPTURED',
        updatedAt: timestamp(now()),
      }
      byOrder.set(orderId, payment)
      return payment
    },
  }
}

const numberOf = (id: string): number => Number(id.split('-')[1])

const paymentFor = (orderId: string, amount: Money | undefined) => ({
  id: `pay-${numberOf(orderId)}`,
  orderId,
  ...(amount && { amount }),
})
