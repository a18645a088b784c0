import type { ReviewSeed } from '../seed/reviews.ts'
import { timestamp } from '../support/proto.ts'
import { Refusal } from '../support/refusal.ts'

/** A shop.reviews.v1.Review as callers send it. */
export type ReviewInput = Partial<ReviewSeed>

export type Review = ReturnType<typeof reviewOf>

export interface ReviewStore {
  newestFirst(productId: string): readonly Review[]
  add(productId: string, review: ReviewInput): Review
}

const firstReviewAt = Date.UTC(2024, 0, 1)
const hoursBetweenReviews = 7

export function openReviewStore(seed: readonly ReviewSeed[], now: () => Date): ReviewStore {
  const all = seed.map((review, index) =>
    reviewOf(review, index + 1, new Date(firstReviewAt + index * hoursBetweenReviews * 3_600_000)),
  )
  const byProduct = Map.groupBy(all, ({ productId }) => productId)

  return {
    newestFirst: (productId) => (byProduct.get(productId) ?? []).toReversed(),
    add(productId, input) {
      const review = reviewOf(checked({ ...input, productId }), all.length + 1, now())
      all.push(review)
      byProduct.set(productId, [...(byProduct.get(productId) ?? []), review])
      return review
    },
  }
}

const reviewOf = ({ productId, authorId, rating, body }: ReviewSeed, number: number, createdAt: Date) => ({
  id: `r-${number}`,
  productId,
  authorId,
  rating,
  body,
  createdAt: timestamp(createdAt),
})

function checked({ productId, authorId, rating = 0, body }: ReviewInput): ReviewSeed {
  if (!productId) throw new Refusal('INVALID_ARGUMENT', 'A review needs a product_id.')
  if (!authorId) throw new Refusal('INVALID_ARGUMENT', 'A review needs an author_id.')
  if (rating < 1 || rating > 5) throw new Refusal('INVALID_ARGUMENT', `A rating is 1 to 5, not ${rating}.`)
  if (!body) throw new Refusal('INVALID_ARGUMENT', 'A review needs a body.')
  return { productId, authorId, rating, body }
}
