import assert from 'node:assert/strict'
import { join } from 'node:path'
import { loadProtos } from '../../../src/services/grpc/protos/text.ts'
import type { GrpcService, RestService, Service } from '../../../src/services/service.ts'
import { targetsAt } from '../../support/targets.ts'

const common = {
  identity: 'none',
  timeoutMs: 1_000,
  concurrency: { max: 16, queue: 16 },
  maxAnswerBytes: 1_048_576,
  tls: undefined,
} as const

const rest = (name: string): RestService => ({
  kind: 'rest',
  name,
  origin: 'http://127.0.0.1:1',
  targets: targetsAt('http://127.0.0.1:1'),
  basePath: '',
  ...common,
})

const grpc = (name: string, { file, includeDir }: { file: string; includeDir: string }): GrpcService => {
  const loaded = loadProtos({ files: [file], includeDir, displayDir: 'protos' })
  assert.ok('root' in loaded)
  return {
    kind: 'grpc',
    name,
    targets: targetsAt('127.0.0.1:1'),
    root: loaded.root,
    maxRequestBytes: 1_048_576,
    errorDetails: [],
    health: undefined,
    ...common,
  }
}

const protos = join(import.meta.dirname, '../../../protos')

/** Every service the graph's tests bind to; none is ever connected. */
export const services: ReadonlyMap<string, Service> = new Map(
  [
    rest('users'),
    rest('orders'),
    { ...rest('profiles'), identity: 'forward' as const },
    grpc('catalog', { file: 'shop/catalog/v1/catalog.proto', includeDir: protos }),
    grpc('reviews', { file: 'shop/reviews/v1/reviews.proto', includeDir: protos }),
    grpc('payments', { file: 'shop/payments/v1/payments.proto', includeDir: protos }),
    grpc('things', { file: 'things.proto', includeDir: import.meta.dirname }),
    grpc('masked', { file: 'masked.proto', includeDir: import.meta.dirname }),
  ].map((service) => [service.name, service]),
)
