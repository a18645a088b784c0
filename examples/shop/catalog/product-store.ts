import type { Type } from 'protobufjs'
import { type ProductSeed, products } from '../seed/products.ts'
import { euros, type Money } from '../support/money.ts'
import { type Message, timestamp } from '../support/proto.ts'
import { Refusal } from '../support/refusal.ts'

/** A shop.catalog.v1.Product as callers send it: whatever is set. */
export interface ProductInput extends Message {
  readonly id?: string
  readonly name?: string
  readonly description?: string
  readonly tags?: readonly string[]
}

export interface Product extends ProductInput {
  readonly id: string
}

export interface ProductStore {
  find(id: string): Product | undefined
  get(id: string): Product
  search(query: string): readonly Product[]
  create(input: ProductInput): Product
  /** `paths` as a FieldMask has them: `percent_off`; none means every field that is set. */
  update(input: ProductInput, paths: readonly string[]): Product
}

const outputOnly = ['id', 'createdAt', 'unitsSold']
const maxThumbnailBytes = 1_024

export function openProductStore(type: Type, now: () => Date): ProductStore {
  const byId = new Map(products().map((seed) => [seed.id, productOf(seed)]))

  const get = (id: string): Product => {
    const product = byId.get(id)
    if (!product) throw new Refusal('NOT_FOUND', `No product ${id || 'without an id'}.`)
    return product
  }
  const save = (product: Product): Product => {
    checkProduct(product)
    byId.set(product.id, product)
    return product
  }

  return {
    find: (id) => byId.get(id),
    get,
    search(query) {
      const words = query.toLowerCase().split(/\s+/)
      return [...byId.values()].filter((product) => {
        const text = [product.name, product.description, ...(product.tags ?? [])].join(' ').toLowerCase()
        return words.every((word) => text.includes(word))
      })
    },
    create: (input) => save({ ...input, id: `p-${byId.size + 1}`, createdAt: timestamp(now()), unitsSold: '0' }),
    update(input, paths) {
      const before = get(input.id ?? '')
      const fields = paths.length > 0 ? paths.map((path) => fieldOf(type, path)) : fieldsSet(input)
      return save(fields.reduce((product, field) => withField(type, product, field, input[field]), before))
    },
  }
}

/** Setting one member of a oneof clears the others; a value left out clears the field. */
function withField(type: Type, product: Product, field: string, value: unknown): Product {
  const rivals = type.fields[field]?.partOf?.oneof ?? []
  const kept = Object.entries(product).filter(
    ([name]) => name !== field && (value === undefined || !rivals.includes(name)),
  )
  return { ...Object.fromEntries(kept), ...(value !== undefined && { [field]: value }), id: product.id }
}

const fieldsSet = (input: ProductInput): readonly string[] =>
  Object.keys(input).filter((field) => !outputOnly.includes(field))

function fieldOf(type: Type, path: string): string {
  const field = path.replace(/_([a-z])/g, (_match, letter: string) => letter.toUpperCase())
  if (!type.fields[field] || outputOnly.includes(field)) {
    throw new Refusal('INVALID_ARGUMENT', `update_mask: ${path} is not a field that can be changed.`)
  }
  return field
}

function checkProduct({ name, price, thumbnail }: Product): void {
  if (!name) throw new Refusal('INVALID_ARGUMENT', 'A product needs a name.')
  if (!price) throw new Refusal('INVALID_ARGUMENT', 'A product needs a price.')
  if (Buffer.isBuffer(thumbnail) && thumbnail.length > maxThumbnailBytes) {
    throw new Refusal('INVALID_ARGUMENT', `A thumbnail has at most ${maxThumbnailBytes} bytes.`)
  }
}

const productOf = ({ cents, availability, promo, createdAt, unitsSold, ...same }: ProductSeed): Product => ({
  ...same,
  price: euros(cents),
  availability: `AVAILABILITY_${availability}`,
  ...(promo && promoOf(promo)),
  createdAt: timestamp(createdAt),
  unitsSold: String(unitsSold),
})

function promoOf(promo: NonNullable<ProductSeed['promo']>): { percentOff: object } | { amountOff: { amount: Money } } {
  return 'percentOff' in promo
    ? { percentOff: { percent: promo.percentOff } }
    : { amountOff: { amount: euros(promo.centsOff) } }
}
