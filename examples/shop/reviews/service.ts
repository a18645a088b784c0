import { EventEmitter } from 'node:events'
import { reviewsToCome, reviews as seed } from '../seed/reviews.ts'
import { findBatch } from '../support/batch.ts'
import type { GrpcFault } from '../support/faults.ts'
import { startGrpcService } from '../support/grpc-service.ts'
import { grpcPage, pageOf } from '../support/paging.ts'
import { loadProto } from '../support/proto.ts'
import type { RunningService, ServiceOptions } from '../support/running-service.ts'
import { openReviewStore, type ReviewInput } from './review-store.ts'

const maxIds = 200

export interface ReviewsOptions extends ServiceOptions {
  /** Somebody writes a review every so often; 0, the default, means nobody does. */
  readonly intervalMs?: number
}

interface ListRequest {
  readonly productId?: string
  readonly pageSize?: number
  readonly pageToken?: string
}

/** What customers say about products: gRPC. */
export async function startReviews(options: ReviewsOptions = {}): Promise<RunningService<GrpcFault>> {
  const { now = () => new Date(), intervalMs = 0 } = options
  const store = openReviewStore(seed(), now)
  const written = new EventEmitter().setMaxListeners(0)

  const write = (productId: string, review: ReviewInput) => {
    const added = store.add(productId, review)
    written.emit('review', added)
    return added
  }

  const answers = {
    ListReviews({ productId = '', ...page }: ListRequest) {
      const { items, next } = pageOf(store.newestFirst(productId), grpcPage(page))
      return { reviews: items, nextPageToken: next }
    },

    BatchListReviews: ({ productIds = [], limitPerProduct }: { productIds?: string[]; limitPerProduct?: number }) => ({
      groups: findBatch(productIds, maxIds, (productId) => {
        const reviews = store.newestFirst(productId).slice(0, limitPerProduct || 10)
        return reviews.length > 0 ? { productId, reviews } : undefined
      }),
    }),

    CreateReview: ({ productId = '', review = {} }: { productId?: string; review?: ReviewInput }) =>
      write(productId, review),
  }
  const watches = {
    WatchReviews({ productId }: { productId?: string }, send: (review: object) => void) {
      const tell = (review: { productId: string }) => {
        if (productId === undefined || review.productId === productId) send(review)
      }
      written.on('review', tell)
      return () => void written.off('review', tell)
    },
  }

  const root = loadProto('shop/reviews/v1/reviews.proto')
  const service = await startGrpcService(
    { name: 'reviews', service: 'shop.reviews.v1.Reviews', root, answers, watches },
    options,
  )
  const coming = reviewsToCome()
  const writeNext = () => {
    const { value } = coming.next()
    write(value.productId, value)
  }
  const timer = intervalMs > 0 ? setInterval(writeNext, intervalMs) : undefined
  return {
    ...service,
    async close() {
      clearInterval(timer)
      await service.close()
    },
  }
}
