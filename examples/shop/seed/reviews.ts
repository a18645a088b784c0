import { personCount } from './people.ts'
import { productCount } from './prices.ts'
import { numbers, type Random, randomFrom } from './random.ts'

export interface ReviewSeed {
  readonly productId: string
  readonly authorId: string
  readonly rating: number
  readonly body: string
}

const bodies = [
  'Exactly what I was looking for.',
  'Well made, and it came in two days.',
  'Smaller than it looks in the picture.',
  'My second one. Still very happy with it.',
  'Good value, though the colour is a little off.',
  'One leg wobbles. Support sent a new one.',
] as const

/** Oldest first; none to six per product, three on average. */
export function reviews(): readonly ReviewSeed[] {
  const random = randomFrom(4)
  return numbers(productCount).flatMap((number) => numbers(random.int(0, 6)).map(() => reviewOf(`p-${number}`, random)))
}

/** Reviews without end, for demos: the same ones after each start. */
export function* reviewsToCome(): Generator<ReviewSeed, never> {
  const random = randomFrom(5)
  while (true) yield reviewOf(`p-${random.int(1, productCount)}`, random)
}

function reviewOf(productId: string, random: Random): ReviewSeed {
  return {
    productId,
    authorId: `u-${random.int(1, personCount)}`,
    rating: random.int(1, 5),
    body: random.pick(bodies),
  }
}
