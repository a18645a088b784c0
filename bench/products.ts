import { fileURLToPath } from 'node:url'
import protobuf from 'protobufjs'

/** What the transcoding workloads are asked for, as JSON and on the wire. */

export const protoFile = fileURLToPath(new URL('workspaces/products/protos/products.proto', import.meta.url))

/** A product of ten fields, as ProtoJSON has it. */
export const fullProductOf = (id: string): object => ({
  id,
  name: `Oak table ${id}`,
  description: 'A table for six, made of solid oak and oiled by hand.',
  price: { currencyCode: 'EUR', units: '349', nanos: 990_000_000 },
  availability: 'AVAILABILITY_IN_STOCK',
  tags: ['table', 'oak', 'dining'],
  attributes: { material: 'oak', width: '180 cm' },
  stock: '42',
  rating: 4.5,
  featured: true,
})

export const productList: object = {
  products: Array.from({ length: 100 }, (_, index) => fullProductOf(`p-${index + 1}`)),
}

let types: { readonly product: protobuf.Type; readonly list: protobuf.Type; readonly get: protobuf.Type } | undefined

/** The answer to a call, encoded. */
export const answerBytes = (path: string, request: Uint8Array): Uint8Array => {
  types ??= load()
  const { product, list, get } = types
  if (path.endsWith('/ListProducts')) return list.encode(list.fromObject(productList)).finish()
  const { id } = get.decode(request) as unknown as { readonly id: string }
  return product.encode(product.fromObject(fullProductOf(id))).finish()
}

const load = () => {
  const root = new protobuf.Root()
  // google/api comes with protobufjs.
  root.resolvePath = (_origin, target) =>
    target.startsWith('google/') ? fileURLToPath(import.meta.resolve(`protobufjs/${target}`)) : target
  root.loadSync(protoFile)
  return {
    product: root.lookupType('bench.v1.Product'),
    list: root.lookupType('bench.v1.ListProductsResponse'),
    get: root.lookupType('bench.v1.GetProductRequest'),
  }
}
