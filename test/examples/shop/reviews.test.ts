import assert from 'node:assert/strict'
import { on, once } from 'node:events'
import { describe, it, type TestContext } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { status } from '@grpc/grpc-js'
import type { Review } from '../../../examples/shop/reviews/review-store.ts'
import { type ReviewsOptions, startReviews } from '../../../examples/shop/reviews/service.ts'
import { until } from '../../support/until.ts'
import { grpcClient } from './support/grpc-client.ts'

describe('the reviews service', () => {
  it('lists a product’s reviews, newest first, page by page', async (t) => {
    const { call } = await reviewsFor(t)
    const all = await call<Page>('ListReviews', { productId: 'p-1' })
    const first = await call<Page>('ListReviews', { productId: 'p-1', pageSize: 1 })
    const rest = await call<Page>('ListReviews', { productId: 'p-1', pageToken: first.nextPageToken })
    assert.ok(all.reviews.length > 1)
    assert.deepEqual([...first.reviews, ...rest.reviews], all.reviews)
    const times = all.reviews.map(({ createdAt }) => createdAt.seconds)
    assert.deepEqual(
      times,
      times.toSorted((a, b) => b - a),
    )
  })

  it('has about three reviews per product, and some products without any', async (t) => {
    const { call } = await reviewsFor(t)
    const ids = Array.from({ length: 200 }, (_, index) => `p-${index + 1}`)
    const { groups } = await call<Groups>('BatchListReviews', { productIds: ids })
    const count = groups.reduce((sum, { reviews }) => sum + reviews.length, 0)
    assert.ok(count > 500 && count < 700, `${count} reviews`)
    assert.ok(groups.length < ids.length)
  })

  it('answers a batch by product, so many each, not in the order asked for', async (t) => {
    const { call } = await reviewsFor(t)
    const { groups } = await call<Groups>('BatchListReviews', {
      productIds: ['p-1', 'p-99999', 'p-2'],
      limitPerProduct: 1,
    })
    assert.deepEqual(
      groups.map(({ productId, reviews }) => [productId, reviews.length]),
      [
        ['p-2', 1],
        ['p-1', 1],
      ],
    )
  })

  it('refuses a review that says nothing or rates out of range', async (t) => {
    const { call } = await reviewsFor(t)
    for (const review of [{}, { ...nice, body: '' }, { ...nice, rating: 6 }, { ...nice, authorId: '' }]) {
      await assert.rejects(call('CreateReview', { productId: 'p-1', review }), { code: status.INVALID_ARGUMENT })
    }
  })

  it('sends a new review to those who watch its product or all', async (t) => {
    const { call, watch } = await reviewsFor(t)
    const [every, mine, other] = await Promise.all([
      watch('WatchReviews'),
      watch('WatchReviews', { productId: 'p-1' }),
      watch('WatchReviews', { productId: 'p-2' }),
    ])
    const created = await call<Review>('CreateReview', { productId: 'p-1', review: nice })
    const later = await call<Review>('CreateReview', { productId: 'p-2', review: nice })
    assert.deepEqual(await every.next(), created)
    assert.deepEqual(await every.next(), later)
    assert.deepEqual(await mine.next(), created)
    assert.deepEqual(await other.next(), later)
  })

  it('writes the same reviews by itself after each start, when told to', async (t) => {
    const one = await reviewsFor(t, { intervalMs: 10 })
    const other = await reviewsFor(t, { intervalMs: 10 })
    const { next } = await one.watch('WatchReviews')
    const review = await next()
    await until(async () => {
      const { reviews } = await other.call<Page>('ListReviews', { productId: review.productId })
      return reviews?.some((written) => isDeepStrictEqual(written, review))
    })
  })

  it('counts a watcher that went away as cancelled', async (t) => {
    const { reviews, watch } = await reviewsFor(t)
    const { stream } = await watch('WatchReviews')
    stream.cancel()
    await until(() => reviews.calls.cancelled() === 1)
  })
})

const nice = { authorId: 'u-1', rating: 5, body: 'Nice.' }

interface Page {
  readonly reviews: readonly Review[]
  readonly nextPageToken?: string
}

interface Groups {
  readonly groups: readonly { readonly productId: string; readonly reviews: readonly Review[] }[]
}

async function reviewsFor(t: TestContext, options: ReviewsOptions = {}) {
  const reviews = await startReviews({ now: () => new Date('2026-01-02T03:04:05Z'), ...options })
  const client = grpcClient(reviews.address, 'shop/reviews/v1/reviews.proto', 'shop.reviews.v1.Reviews')
  t.after(async () => {
    client.close()
    await reviews.close()
  })
  return {
    reviews,
    call: client.call,
    watch: async (method: string, request?: { readonly productId: string }) => {
      const stream = client.watch(method, request)
      const messages = on(stream, 'data')
      await once(stream, 'metadata')
      return { stream, next: async (): Promise<Review> => (await messages.next()).value?.[0] }
    },
  }
}
