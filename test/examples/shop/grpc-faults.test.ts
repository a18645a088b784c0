import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it, type TestContext } from 'node:test'
import { Metadata, status } from '@grpc/grpc-js'
import { startReviews } from '../../../examples/shop/reviews/service.ts'
import { until } from '../../support/until.ts'
import { grpcClient } from './support/grpc-client.ts'

const product = { productId: 'p-1' }

describe('a gRPC service with a fault', () => {
  it('slow: answers, but late', async (t) => {
    const { reviews, call } = await reviewsFor(t)
    reviews.faults.set({ mode: 'slow', delayMs: 60 })
    const start = performance.now()
    await call('ListReviews', product)
    assert.ok(performance.now() - start >= 59)
  })

  it('fail: answers the code, unary and streaming', async (t) => {
    const { reviews, call, watch } = await reviewsFor(t)
    reviews.faults.set({ mode: 'fail', code: 'UNAVAILABLE' })
    await assert.rejects(call('ListReviews', product), { code: status.UNAVAILABLE, details: 'Told to fail.' })
    const [error] = await once(watch('WatchReviews').resume(), 'error')
    assert.equal(error.code, status.UNAVAILABLE)
  })

  it('hang: never answers, and notes that the client gave up', async (t) => {
    const { reviews, call, start } = await reviewsFor(t)
    reviews.faults.set({ mode: 'hang' })
    await assert.rejects(call('ListReviews', product, { deadline: Date.now() + 1_000 }), {
      code: status.DEADLINE_EXCEEDED,
    })
    await until(() => reviews.calls.cancelled() === 1)

    const hanging = start('ListReviews', product)
    await until(() => reviews.calls.count() === 2)
    hanging.cancel()
    await until(() => reviews.calls.cancelled() === 2)
  })

  it('garbage: answers bytes that do not decode, unary and streaming', async (t) => {
    const { reviews, call, watch } = await reviewsFor(t)
    reviews.faults.set({ mode: 'garbage' })
    await assert.rejects(call('ListReviews', product), { code: status.INTERNAL })
    const [error] = await once(watch('WatchReviews').resume(), 'error')
    assert.equal(error.code, status.INTERNAL)
  })

  it('does not count an answered call as cancelled', async (t) => {
    const { reviews, call } = await reviewsFor(t)
    await call('ListReviews', product)
    await assert.rejects(call('CreateReview', product))
    await call('ListReviews', product)
    assert.equal(reviews.calls.cancelled(), 0)
  })

  it('lets the longest start of a method’s name or full name win', async (t) => {
    const { reviews, call } = await reviewsFor(t)
    reviews.faults.set({ mode: 'fail', code: 'UNAVAILABLE' })
    reviews.faults.set({ mode: 'ok', on: 'ListReviews' })
    reviews.faults.set({ mode: 'fail', code: 'ABORTED', on: 'shop.reviews.v1.Reviews/BatchListReviews', times: 1 })
    await call('ListReviews', product)
    await assert.rejects(call('BatchListReviews'), { code: status.ABORTED })
    await assert.rejects(call('BatchListReviews'), { code: status.UNAVAILABLE })
  })

  it('closes promptly with a call that hangs and a stream that is open', async () => {
    const reviews = await startReviews()
    const client = clientOf(reviews.address)
    const stream = client.watch('WatchReviews')
    await once(stream, 'metadata')
    reviews.faults.set({ mode: 'hang' })
    const hanging = assert.rejects(client.call('ListReviews', product))
    await until(() => reviews.calls.count() === 2)
    await reviews.close()
    await hanging
    client.close()
  })
})

describe('the record of gRPC calls', () => {
  it('holds the method, metadata, message, deadline and how many ids were asked for', async (t) => {
    const { reviews, call } = await reviewsFor(t)
    const metadata = new Metadata()
    metadata.set('x-request-id', 'abc')
    await call('BatchListReviews', { productIds: ['p-1', 'p-2'] }, { metadata, deadline: Date.now() + 60_000 })
    const [recorded] = reviews.calls.list()
    assert.equal(recorded?.name, 'shop.reviews.v1.Reviews/BatchListReviews')
    assert.equal(recorded?.keys, 2)
    assert.equal(recorded?.headers['x-request-id'], 'abc')
    assert.deepEqual(recorded?.body, { productIds: ['p-1', 'p-2'] })
    assert.ok(recorded?.timeoutMs && recorded.timeoutMs > 30_000 && recorded.timeoutMs <= 60_000)
  })
})

const clientOf = (address: string) => grpcClient(address, 'shop/reviews/v1/reviews.proto', 'shop.reviews.v1.Reviews')

async function reviewsFor(t: TestContext) {
  const reviews = await startReviews()
  const client = clientOf(reviews.address)
  t.after(async () => {
    client.close()
    await reviews.close()
  })
  return { reviews, ...client }
}
