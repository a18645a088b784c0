import * as grpc from '@grpc/grpc-js'
import { loadProto, type Message, serviceDefinition } from '../../../../examples/shop/support/proto.ts'

export interface CallSettings {
  readonly metadata?: grpc.Metadata
  readonly deadline?: number
}

export interface GrpcClient {
  /** What comes back has the shape the test says; an error is a grpc.ServiceError. */
  readonly call: <Reply = Message>(method: string, request?: Message, settings?: CallSettings) => Promise<Reply>
  /** A call to be cancelled; its answer is not looked at. */
  readonly start: (method: string, request?: Message) => grpc.ClientUnaryCall
  /** Open until the client closes. */
  readonly watch: (method: string, request?: Message) => grpc.ClientReadableStream<Message>
  readonly close: () => void
}

/** A client of one service: `grpcClient(address, 'shop/catalog/v1/catalog.proto', 'shop.catalog.v1.Catalog')`. */
export function grpcClient(address: string, file: string, service: string): GrpcClient {
  const definition = serviceDefinition(loadProto(file), service)
  const client = new grpc.Client(address, grpc.credentials.createInsecure())

  const methodOf = (name: string): grpc.MethodDefinition<Message, Message> => {
    const method = definition[name]
    if (!method) throw new Error(`No method ${name}.`)
    return method
  }
  const unary = (name: string, request: Message, settings: CallSettings, done: grpc.requestCallback<Message>) => {
    const { path, requestSerialize, responseDeserialize } = methodOf(name)
    const { metadata = new grpc.Metadata(), ...options } = settings
    return client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, metadata, options, done)
  }

  return {
    call: <Reply>(name: string, request: Message = {}, settings: CallSettings = {}) =>
      new Promise<Reply>((resolve, reject) => {
        unary(name, request, settings, (error, reply) => (error ? reject(error) : resolve(reply as Reply)))
      }),
    start: (name, request = {}) => unary(name, request, {}, () => {}),
    watch(name, request = {}) {
      const { path, requestSerialize, responseDeserialize } = methodOf(name)
      const stream = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request)
      // A cancelled stream ends with an error that no test is about.
      return stream.on('error', () => {})
    },
    close: () => client.close(),
  }
}
