import { priceOf } from './prices.ts'
import { randomFrom } from './random.ts'

export interface ProductSeed {
  readonly id: string
  readonly name: string
  readonly description: string
  readonly cents: number
  readonly availability: 'IN_STOCK' | 'OUT_OF_STOCK' | 'DISCONTINUED'
  readonly subtitle?: string
  readonly promo?: { readonly percentOff: number } | { readonly centsOff: number }
  readonly attributes: Readonly<Record<string, string>>
  readonly tags: readonly string[]
  readonly createdAt: Date
  readonly unitsSold: bigint
  readonly thumbnail?: Buffer
}

const things = [
  ['Lamp', 'lighting'],
  ['Chair', 'seating'],
  ['Desk', 'work'],
  ['Shelf', 'storage'],
  ['Sofa', 'seating'],
  ['Mirror', 'decoration'],
  ['Teapot', 'kitchen'],
  ['Bowl', 'kitchen'],
  ['Blanket', 'textile'],
  ['Clock', 'decoration'],
  ['Stool', 'seating'],
  ['Basket', 'storage'],
  ['Vase', 'decoration'],
] as const
const materials = ['Oak', 'Walnut', 'Linen', 'Copper', 'Glass', 'Ceramic', 'Bamboo', 'Steel'] as const
const styles = ['Nordic', 'Compact', 'Classic', 'Tall', 'Little'] as const
const availabilities = ['IN_STOCK', 'IN_STOCK', 'IN_STOCK', 'IN_STOCK', 'OUT_OF_STOCK', 'DISCONTINUED'] as const
const subtitles = ['Made to last', 'For small rooms', 'Designer’s choice'] as const

/** One past what a double can hold. */
const beyondDouble = 9_007_199_254_740_993n

/** A PNG's first eight bytes: enough to show that bytes arrive as they left. */
const pngSignature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

/** Every combination of thing, material and style once. p-1 sold more than a double can count. */
export function products(): readonly ProductSeed[] {
  const random = randomFrom(8)
  return kinds().map(({ thing, category, material, style }, index) => {
    const number = index + 1
    const id = `p-${number}`
    return {
      id,
      name: `${style} ${material} ${thing}`,
      description: `A ${style.toLowerCase()} ${thing.toLowerCase()} of ${material.toLowerCase()}, made by hand.`,
      cents: priceOf(id) ?? 0,
      availability: random.pick(availabilities),
      ...(random.chance(20) && { subtitle: random.pick(subtitles) }),
      ...promoOf(number),
      attributes: { material: material.toLowerCase(), weight: `${random.int(1, 40)} kg` },
      tags: [category, style.toLowerCase()],
      createdAt: new Date(Date.UTC(2023, random.int(0, 11), random.int(1, 28), random.int(0, 23), 0, 0, 250)),
      unitsSold: number === 1 ? beyondDouble : BigInt(random.int(0, 5_000)),
      ...(number % 10 === 1 && { thumbnail: pngSignature }),
    }
  })
}

const kinds = () =>
  styles.flatMap((style) =>
    materials.flatMap((material) => things.map(([thing, category]) => ({ thing, category, material, style }))),
  )

/** p-5 has a share off, p-10 an amount off, and so on in turns. */
function promoOf(number: number): Pick<ProductSeed, 'promo'> {
  if (number % 10 === 5) return { promo: { percentOff: 10 + (number % 4) * 5 } }
  if (number % 10 === 0) return { promo: { centsOff: 250 } }
  return {}
}
