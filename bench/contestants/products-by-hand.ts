import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { credentials, loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js'
import { fastify } from 'fastify'
import { protoFile } from '../products.ts'
import { serve } from './serve.ts'

/** A gRPC service as REST as one would write it by hand, with what gRPC's own documentation shows. */
const { loadSync } = createRequire(createRequire(import.meta.url).resolve('@grpc/grpc-js'))('@grpc/proto-loader') as {
  readonly loadSync: (file: string, options: object) => Parameters<typeof loadPackageDefinition>[0]
}
const definition = loadSync(protoFile, {
  longs: String,
  enums: String,
  defaults: true,
  includeDirs: [dirname(fileURLToPath(import.meta.resolve('protobufjs/package.json')))],
})
const { bench } = loadPackageDefinition(definition) as unknown as {
  readonly bench: { readonly v1: { readonly Products: ServiceClientConstructor } }
}
const client = new bench.v1.Products(process.env['UPSTREAM_ADDRESS'] ?? '', credentials.createInsecure())

type Unary = (request: object, options: object, taken: (error: Error | null, answer: object) => void) => void

const call = (method: string, request: object): Promise<object> =>
  new Promise((resolve, reject) => {
    const unary = (client as unknown as Readonly<Record<string, Unary>>)[method]
    unary?.call(client, request, { deadline: Date.now() + 2_000 }, (error, answer) =>
      error === null ? resolve(answer) : reject(error),
    )
  })

const app = fastify()
app.get<{ Params: { id: string } }>('/v1/products/:id', ({ params }) => call('GetProduct', { id: params.id }))
app.get<{ Querystring: { pageSize: string } }>('/v1/products', ({ query }) =>
  call('ListProducts', { pageSize: Number(query.pageSize) }),
)
await serve(app)
