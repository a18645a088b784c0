import { EventEmitter } from 'node:events'
import { fileURLToPath } from 'node:url'
import * as grpc from '@grpc/grpc-js'
import protobuf from 'protobufjs'

/** The service behind this walk: plain grpc-js, which knows nothing of the gateway. `PORT` says where it listens. */

type Book = { readonly id: string; title: string; genre: string; loans: string; pages?: number }

const books = new Map<string, Book>(
  [
    // More loans than a double can count.
    { id: 'moby-dick', title: 'Moby-Dick', genre: 'GENRE_NOVEL', loans: '9007199254740993', pages: 635 },
    { id: 'origin', title: 'On the Origin of Species', genre: 'GENRE_SCIENCE', loans: '1859' },
  ].map((book) => [book.id, book]),
)
const loans = new EventEmitter()

const bookOf = (id: string): Book => {
  const book = books.get(id)
  if (book === undefined) throw Object.assign(new Error(`There is no book ${id}.`), { code: grpc.status.NOT_FOUND })
  return book
}

/** A handler of one request and one answer. */
const unary =
  <Request>(answer: (request: Request) => object): grpc.handleUnaryCall<Request, object> =>
  ({ request }, callback) => {
    try {
      callback(null, answer(request))
    } catch (error) {
      callback(error as grpc.ServiceError)
    }
  }

const handlers = {
  GetBook: unary(({ id }: Book) => bookOf(id)),
  ListBooks: unary(({ genre }: Partial<Book>) => ({
    books: [...books.values()].filter((book) => genre === undefined || book.genre === genre),
  })),
  LendBook: unary(({ id }: Book) => {
    const book = bookOf(id)
    book.loans = String(BigInt(book.loans) + 1n)
    loans.emit('loan', book)
    return book
  }),
  WatchLoans: (call: grpc.ServerWritableStream<object, object>) => {
    const send = (book: Book): void => void call.write(book)
    loans.on('loan', send)
    call.once('cancelled', () => loans.off('loan', send))
    call.sendMetadata(new grpc.Metadata())
  },
  ImportBooks: (call: grpc.ServerReadableStream<Book, object>, callback: grpc.sendUnaryData<object>) => {
    let count = 0
    call.on('data', (book: Book) => {
      count += 1
      books.set(book.id, book)
    })
    call.once('end', () => callback(null, { books: count }))
  },
}

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url))

const root = new protobuf.Root()
// Annotations say how others see the service; to serve it they are not needed.
root.resolvePath = (_, file) => (file.startsWith('google/') ? null : here(file))
await root.load('library.proto')
root.resolveAll()

const codec = (type: protobuf.Type | null) => ({
  encode: (message: object): Buffer =>
    type === null ? Buffer.alloc(0) : Buffer.from(type.encode(type.fromObject(message)).finish()),
  decode: (bytes: Buffer): object =>
    type === null ? {} : type.toObject(type.decode(bytes), { longs: String, enums: String }),
})

const methods = root.lookupService('library.v1.Library').methodsArray.map((method) => {
  const [request, response] = [codec(method.resolvedRequestType), codec(method.resolvedResponseType)]
  const definition: grpc.MethodDefinition<object, object> = {
    path: `/library.v1.Library/${method.name}`,
    requestStream: method.requestStream === true,
    responseStream: method.responseStream === true,
    requestSerialize: request.encode,
    requestDeserialize: request.decode,
    responseSerialize: response.encode,
    responseDeserialize: response.decode,
  }
  return [method.name, definition] as const
})

const server = new grpc.Server()
server.addService(Object.fromEntries(methods), handlers)
const address = `127.0.0.1:${process.env['PORT'] ?? 50051}`
server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error
  process.stdout.write(`library listens on 127.0.0.1:${port}\n`)
})
