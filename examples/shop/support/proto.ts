import { fileURLToPath } from 'node:url'
import type { ServiceDefinition } from '@grpc/grpc-js'
import protobuf from 'protobufjs'

const protos = fileURLToPath(new URL('../../../protos/', import.meta.url))
const google = fileURLToPath(new URL('./', import.meta.resolve('protobufjs/package.json')))

export type Message = Readonly<Record<string, unknown>>

/** Reads a file of `protos/` and all it imports. */
export function loadProto(file: string): protobuf.Root {
  const root = new protobuf.Root()
  root.resolvePath = (_origin, target) => (target.startsWith('google/') ? google : protos) + target
  root.loadSync(file).resolveAll()
  return root
}

/**
 * A service as grpc-js wants it, for servers and clients alike. Messages are plain objects:
 * 64-bit integers are strings, enums names, absent fields absent. A Buffer is sent as it is.
 */
export function serviceDefinition(root: protobuf.Root, name: string): ServiceDefinition {
  return Object.fromEntries(
    root.lookupService(name).methodsArray.map((method) => {
      const request = codec(root.lookupType(String(method.resolvedRequestType?.fullName)))
      const response = codec(root.lookupType(String(method.resolvedResponseType?.fullName)))
      return [
        method.name,
        {
          path: `/${name}/${method.name}`,
          requestStream: method.requestStream ?? false,
          responseStream: method.responseStream ?? false,
          requestSerialize: request.encode,
          requestDeserialize: request.decode,
          responseSerialize: response.encode,
          responseDeserialize: response.decode,
        },
      ]
    }),
  )
}

function codec(type: protobuf.Type) {
  return {
    encode: (message: Message | Buffer): Buffer =>
      Buffer.isBuffer(message) ? message : Buffer.from(type.encode(type.fromObject(message)).finish()),
    decode: (bytes: Buffer): Message => type.toObject(type.decode(bytes), { longs: String, enums: String }),
  }
}

/** A google.protobuf.Timestamp. */
export function timestamp(date: Date): { readonly seconds: number; readonly nanos: number } {
  const milliseconds = date.getTime()
  return { seconds: Math.floor(milliseconds / 1_000), nanos: (milliseconds % 1_000) * 1_000_000 }
}
