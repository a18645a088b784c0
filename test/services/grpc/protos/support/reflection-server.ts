import { type handleBidiStreamingCall, Server, ServerCredentials, status } from '@grpc/grpc-js'
import protobuf from 'protobufjs'

/** A file of a server, as reflection knows it. */
export type ServedFile = { readonly bytes: Uint8Array; readonly name: string; readonly imports: readonly string[] }

export type ReflectionBehaviour = {
  /** Which versions of the service there are. */
  readonly versions?: readonly ('v1' | 'v1alpha')[]
  /** Names that are listed. */
  readonly services: readonly string[]
  /** Where a symbol is defined; undefined for what is not found. */
  readonly fileOf: (symbol: string) => string | undefined
  readonly files: ReadonlyMap<string, ServedFile>
  /** Whether imports are sent along, as most servers do. */
  readonly eager?: boolean
  /** Answers instead of all that. */
  readonly instead?: handleBidiStreamingCall<object, Buffer>
}

/** Written after grpc/reflection/v1/reflection.proto, with none of our code. */
const { root } = protobuf.parse(`syntax = "proto3";
message Request { oneof message_request {
  string file_by_filename = 3; string file_containing_symbol = 4; string list_services = 7; } }
message Response { oneof message_response { Files files = 4; Services services = 6; Failure failure = 7; } }
message Files { repeated bytes file = 1; }
message Services { repeated Service service = 1; }
message Service { string name = 1; }
message Failure { int32 code = 1; string message = 2; }`)
const request = root.lookupType('Request')
const response = root.lookupType('Response')

type Request = {
  readonly fileByFilename?: string
  readonly fileContainingSymbol?: string
  readonly listServices?: string
}

export const encodeAnswer = (answer: object): Buffer => Buffer.from(response.encode(response.create(answer)).finish())

/** A real server that offers reflection, on a free port. What it was asked is in `asked`. */
export const startReflection = async (
  behaviour: ReflectionBehaviour,
  credentials = ServerCredentials.createInsecure(),
) => {
  const server = new Server()
  const asked: Request[] = []
  for (const version of behaviour.versions ?? ['v1']) {
    const definition = {
      info: {
        path: `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
        requestStream: true,
        responseStream: true,
        requestSerialize: (value: object) => Buffer.from(request.encode(value).finish()),
        requestDeserialize: (bytes: Buffer) => request.toObject(request.decode(bytes)),
        responseSerialize: (bytes: Buffer) => bytes,
        responseDeserialize: (bytes: Buffer) => bytes,
      },
    } as const
    const info: handleBidiStreamingCall<Request, Buffer> = (call) => {
      call.on('data', (question: Request) => {
        asked.push(question)
        call.write(encodeAnswer(answerOf(question, behaviour)))
      })
      call.on('end', () => call.end())
    }
    server.addService(definition, { info: behaviour.instead ?? info })
  }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error === null ? resolve(bound) : reject(error)))
  })
  return { target: { host: '127.0.0.1', port }, asked, close: () => server.forceShutdown() }
}

const answerOf = (question: Request, { services, fileOf, files, eager = true }: ReflectionBehaviour): object => {
  if (question.listServices !== undefined) return { services: { service: services.map((name) => ({ name })) } }
  const name = question.fileByFilename ?? fileOf(question.fileContainingSymbol ?? '')
  const file = name === undefined ? undefined : files.get(name)
  if (file === undefined) return { failure: { code: status.NOT_FOUND, message: 'not found' } }
  const sent = new Set([file])
  if (eager)
    for (const one of sent)
      for (const imported of one.imports) if (files.has(imported)) sent.add(files.get(imported) ?? file)
  return { files: { file: [...sent].map(({ bytes }) => bytes) } }
}

/** The files of a descriptor set, each as its own bytes. */
export const filesOf = (set: Uint8Array): ReadonlyMap<string, ServedFile> => {
  const { root: own } = protobuf.parse(
    'syntax = "proto3"; message Set { repeated bytes file = 1; } message File { string name = 1; repeated string dependency = 3; }',
  )
  const file = own.lookupType('File')
  const { file: all } = own.lookupType('Set').decode(set) as unknown as { readonly file: readonly Uint8Array[] }
  return new Map(
    all.map((bytes) => {
      const { name, dependency } = file.decode(bytes) as unknown as { name: string; dependency: string[] }
      return [name, { bytes, name, imports: dependency }]
    }),
  )
}
