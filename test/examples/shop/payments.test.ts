import assert from 'node:assert/strict'
import { on, once } from 'node:events'
import { describe, it, type TestContext } from 'node:test'
import { status } from '@grpc/grpc-js'
import type { Payment } from '../../../examples/shop/payments/payment-store.ts'
import { startPayments } from '../../../examples/shop/payments/service.ts'
import { grpcClient } from './support/grpc-client.ts'

describe('the payments service', () => {
  it('answers a batch by order; every seventh order has no payment', async (t) => {
    const { call } = await paymentsFor(t)
    const { payments } = await call<Batch>('BatchGetByOrder', { orderIds: ['o-6', 'o-7', 'o-8', 'o-99999'] })
    assert.deepEqual(
      payments.map(({ id, orderId }) => [id, orderId]),
      [
        ['pay-8', 'o-8'],
        ['pay-6', 'o-6'],
      ],
    )
  })

  it('gets a payment by its own id', async (t) => {
    const { call } = await paymentsFor(t)
    const payment = await call<Payment>('GetPayment', { id: 'pay-1' })
    assert.equal(payment.orderId, 'o-1')
    assert.equal(payment.amount?.currencyCode, 'EUR')
    await assert.rejects(call('GetPayment', { id: 'pay-7' }), { code: status.NOT_FOUND })
    await assert.rejects(call('GetPayment', { id: 'o-1' }), { code: status.NOT_FOUND })
  })

  it('captures once, by card or by wallet', async (t) => {
    const { call } = await paymentsFor(t)
    const captured = await call<Payment>('Capture', { orderId: 'o-7', card: { token: 'tok-1' } })
    assert.equal(captured.state, 'PAYMENT_STATE_CAPTURED')
    assert.ok(captured.amount)
    assert.deepEqual(captured.updatedAt, { seconds: '1767323045' })
    assert.deepEqual(await call('Capture', { orderId: 'o-7', wallet: { walletId: 'w-1' } }), captured)
  })

  it('captures for an order placed since, without an amount', async (t) => {
    const { call } = await paymentsFor(t)
    const { state, amount } = await call<Payment>('Capture', { orderId: 'o-2401', card: { token: 'tok-1' } })
    assert.equal(state, 'PAYMENT_STATE_CAPTURED')
    assert.equal(amount, undefined)
  })

  it('refuses to capture without a method or for what is no order', async (t) => {
    const { call } = await paymentsFor(t)
    await assert.rejects(call('Capture', { orderId: 'o-7' }), { code: status.INVALID_ARGUMENT })
    await assert.rejects(call('Capture', { orderId: '7', card: { token: 'tok-1' } }), { code: status.NOT_FOUND })
  })

  it('sends a watcher the payment as it is and as it becomes', async (t) => {
    const { call, watch } = await paymentsFor(t)
    const pending = await firstPending(call)
    const stream = watch('WatchPayment', { orderId: pending.orderId })
    const messages = on(stream, 'data')
    assert.deepEqual((await messages.next()).value, [pending])
    const captured = await call('Capture', { orderId: pending.orderId, card: { token: 'tok-1' } })
    assert.deepEqual((await messages.next()).value, [captured])
  })

  it('keeps a watcher of an order without a payment until there is one', async (t) => {
    const { call, watch } = await paymentsFor(t)
    const stream = watch('WatchPayment', { orderId: 'o-7' })
    const messages = on(stream, 'data')
    await once(stream, 'metadata')
    const captured = await call('Capture', { orderId: 'o-7', card: { token: 'tok-1' } })
    assert.deepEqual((await messages.next()).value, [captured])
  })
})

interface Batch {
  readonly payments: readonly Payment[]
}

type PaymentsClient = ReturnType<typeof grpcClient>

async function firstPending(call: PaymentsClient['call']): Promise<Payment> {
  const orderIds = Array.from({ length: 50 }, (_, index) => `o-${index + 1}`)
  const { payments } = await call<Batch>('BatchGetByOrder', { orderIds })
  const pending = payments.find(({ state }) => state === 'PAYMENT_STATE_PENDING')
  assert.ok(pending)
  return pending
}

async function paymentsFor(t: TestContext): Promise<PaymentsClient> {
  const payments = await startPayments({ now: () => new Date('2026-01-02T03:04:05Z') })
  const client = grpcClient(payments.address, 'shop/payments/v1/payments.proto', 'shop.payments.v1.Payments')
  t.after(async () => {
    client.close()
    await payments.close()
  })
  return client
}
