import type { Place } from '../../../kernel/diagnostic.ts'

/** One difference between two versions of what a service exposes. */
export type Change = {
  /** Whether a JSON or GraphQL client, or a service that runs the other version, may fail by it. */
  readonly breaking: boolean
  /** `shop.catalog.v1.Catalog/GetProduct`, `shop.catalog.v1.Product.unit_price`, `shop.catalog.v1.State.ACTIVE`. */
  readonly coordinate: string
  /** One sentence on what happened to it. */
  readonly message: string
  /** Absent of what is new. */
  readonly was?: Version
  /** Absent of what is gone. */
  readonly now?: Version
}

/** One side of a change. */
export type Version = {
  /** The definition in short, such as `int64 unit_price = 4`, `GET /v1/products/{id}`. */
  readonly text: string
  /** Where it is defined; the file alone where no more is known. */
  readonly place: Place
}
