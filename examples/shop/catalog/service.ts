import { findBatch } from '../support/batch.ts'
import type { GrpcFault } from '../support/faults.ts'
import { startGrpcService } from '../support/grpc-service.ts'
import { grpcPage, pageOf } from '../support/paging.ts'
import { loadProto } from '../support/proto.ts'
import type { RunningService, ServiceOptions } from '../support/running-service.ts'
import { openProductStore, type ProductInput } from './product-store.ts'

const maxIds = 200

interface SearchRequest {
  readonly query?: string
  readonly pageSize?: number
  readonly pageToken?: string
}

/** What the shop sells: gRPC. */
export function startCatalog(options: ServiceOptions = {}): Promise<RunningService<GrpcFault>> {
  const { now = () => new Date() } = options
  const root = loadProto('shop/catalog/v1/catalog.proto')
  const store = openProductStore(root.lookupType('shop.catalog.v1.Product'), now)

  const answers = {
    GetProduct: ({ id = '' }: { id?: string }) => store.get(id),

    BatchGetProducts: ({ ids = [] }: { ids?: string[] }) => ({
      products: findBatch(ids, maxIds, (id) => store.find(id)),
    }),

    SearchProducts({ query = '', ...page }: SearchRequest) {
      const { items, next } = pageOf(store.search(query), grpcPage(page))
      return { products: items, nextPageToken: next }
    },

    CreateProduct: ({ product = {} }: { product?: ProductInput }) => store.create(product),

    UpdateProduct: ({ product = {}, updateMask }: { product?: ProductInput; updateMask?: { paths?: string[] } }) =>
      store.update(product, updateMask?.paths ?? []),
  }
  return startGrpcService({ name: 'catalog', service: 'shop.catalog.v1.Catalog', root, answers }, options)
}
