import { promisify } from 'node:util'
import * as grpc from '@grpc/grpc-js'
import protobuf from 'protobufjs'

type ReflectingOptions = { readonly credentials?: grpc.ServerCredentials; readonly methods?: readonly string[] }

export type ReflectingServer = { readonly target: string; readonly close: () => void }

/**
 * A server that has one service and answers grpc.reflection.v1 with all files of a descriptor set. Methods of the
 * service itself answer with the bytes they were asked with.
 */
export const startReflectingServer = async (
  service: string,
  set: Uint8Array,
  { credentials = grpc.ServerCredentials.createInsecure(), methods = [] }: ReflectingOptions = {},
): Promise<ReflectingServer> => {
  const root = await new protobuf.Root().load('src/services/grpc/protos/bundled/grpc/reflection/v1/reflection.proto')
  const [request, response] = ['Request', 'Response'].map((name) => root.lookupType(`ServerReflection${name}`))
  if (request === undefined || response === undefined) throw new Error('there is no reflection.proto')
  const server = new grpc.Server()
  server.addService(
    {
      ServerReflectionInfo: {
        path: '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
        requestStream: true,
        responseStream: true,
        requestSerialize: (message: object) => Buffer.from(request.encode(message).finish()),
        requestDeserialize: (bytes: Buffer) => request.toObject(request.decode(bytes)),
        responseSerialize: (message: object) => Buffer.from(response.encode(response.fromObject(message)).finish()),
        responseDeserialize: (bytes: Buffer) => response.toObject(response.decode(bytes)),
      },
    },
    {
      ServerReflectionInfo: (call: grpc.ServerDuplexStream<{ readonly listServices?: string }, object>) => {
        call.on('data', ({ listServices }: { readonly listServices?: string }) =>
          call.write(
            listServices === undefined
              ? { fileDescriptorResponse: { fileDescriptorProto: filesOf(set) } }
              : { listServicesResponse: { service: [{ name: service }] } },
          ),
        )
        call.once('end', () => call.end())
      },
    },
  )
  const asIs = (bytes: Buffer): Buffer => bytes
  for (const method of methods)
    server.addService(
      {
        [method]: {
          path: `/${service}/${method}`,
          requestStream: false,
          responseStream: false,
          requestSerialize: asIs,
          requestDeserialize: asIs,
          responseSerialize: asIs,
          responseDeserialize: asIs,
        },
      },
      {
        [method]: (call: { readonly request: Buffer }, done: (error: null, bytes: Buffer) => void) =>
          done(null, call.request),
      },
    )
  const bind = promisify(server.bindAsync.bind(server))
  const port = await bind('127.0.0.1:0', credentials)
  return { target: `127.0.0.1:${port}`, close: () => server.forceShutdown() }
}

/** The files of a set as they are in it: each is field 1. */
const filesOf = (set: Uint8Array): readonly Uint8Array[] => {
  const reader = protobuf.Reader.create(set)
  const files: Uint8Array[] = []
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    if (tag >>> 3 === 1) files.push(reader.bytes())
    else reader.skipType(tag & 7)
  }
  return files
}
