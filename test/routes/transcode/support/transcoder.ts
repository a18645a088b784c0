import { Server, ServerCredentials, type UntypedHandleCall } from '@grpc/grpc-js'
import protobuf from 'protobufjs'
import { type Files, layWorkspace, startGateway } from '../../../support/gateway.ts'

export type Handlers = Readonly<Record<string, UntypedHandleCall>>

export type TranscoderSettings = {
  /** The body of `service Test { … }` and its messages; the package is test.v1. */
  readonly proto: string
  /** By method name; messages are protobufjs objects with 64-bit integers as strings. */
  readonly handlers: Handlers
  /** More lines of the route, such as `websocket: true`. */
  readonly route?: readonly string[]
  /** More lines of the service. */
  readonly service?: readonly string[]
  /** More top-level lines of `portico.yaml`. */
  readonly workspace?: readonly string[]
}

export type Cleanup = () => Promise<void>

export type Transcoder = {
  /** Of the route: `http://127.0.0.1:41234/api`. */
  readonly url: string
  /** The text of /metrics. */
  readonly metrics: () => Promise<string>
  readonly close: () => Promise<void>
}

/** A gateway whose `/api/*` transcodes a real gRPC server (grpc-js) of the proto. */
export const startTranscoder = async (
  t: { readonly after: (end: Cleanup) => void },
  settings: TranscoderSettings,
): Promise<Transcoder> => {
  const proto = protoText(settings.proto)
  const server = new Server()
  const { definition } = serviceOf(proto)
  server.addService(definition as never, settings.handlers as never)
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    )
  })
  const workspace = await layWorkspace(workspaceFiles(settings, `127.0.0.1:${port}`))
  const gateway = await startGateway(workspace.dir)
  let closed: Promise<void> | undefined
  const close = (): Promise<void> => (closed ??= gateway.close())
  t.after(async () => {
    await close()
    server.forceShutdown()
    await workspace.remove()
  })
  const metrics = async (): Promise<string> => {
    const { probes } = gateway.gateway
    return (await fetch(`http://${probes?.host}:${probes?.port}/metrics`)).text()
  }
  return { url: `${gateway.url}/api`, metrics, close }
}

/** A proto file of package test.v1 that may use annotations and well-known types. */
export const protoText = (body: string): string => `syntax = "proto3";
package test.v1;
${imports
  .filter(([, use]) => use.test(body))
  .map(([file]) => `import "${file}";`)
  .join('\n')}
${body}
`

const imports: readonly (readonly [string, RegExp])[] = [
  ['google/api/annotations.proto', /google\.api\.http\b/],
  ['google/api/httpbody.proto', /google\.api\.HttpBody/],
  ['google/protobuf/timestamp.proto', /google\.protobuf\.Timestamp/],
  ['google/protobuf/duration.proto', /google\.protobuf\.Duration/],
  ['google/protobuf/field_mask.proto', /google\.protobuf\.FieldMask/],
  ['google/protobuf/wrappers.proto', /google\.protobuf\.\w+Value\b/],
  ['google/protobuf/struct.proto', /google\.protobuf\.(?:Struct|Value|ListValue)/],
  ['google/protobuf/empty.proto', /google\.protobuf\.Empty/],
]

export const workspaceFiles = ({ proto, route, service, workspace }: TranscoderSettings, address: string): Files => ({
  'portico.yaml': [
    'listen: 127.0.0.1:0',
    'probes: 127.0.0.1:0',
    ...(workspace ?? []),
    'services:',
    '  test:',
    `    grpc: ${address}`,
    '    proto: test.proto',
    '    identity: none',
    ...(service ?? []).map((line) => `    ${line}`),
    'routes:',
    '  - path: /api/*',
    '    transcode: test',
    ...(route ?? []).map((line) => `    ${line}`),
    '',
  ].join('\n'),
  'protos/test.proto': protoText(proto),
  ...(proto.includes('HttpBody') ? { 'protos/google/api/httpbody.proto': httpBody } : {}),
})

const httpBody = `syntax = "proto3";
package google.api;
import "google/protobuf/any.proto";
message HttpBody {
  string content_type = 1;
  bytes data = 2;
  repeated google.protobuf.Any extensions = 3;
}
`

/** What grpc-js needs to serve the service, by protobufjs alone: none of our code. */
const serviceOf = (proto: string): { readonly definition: object } => {
  const root = new protobuf.Root()
  for (const file of [...imports.map(([name]) => name), 'google/protobuf/any.proto']) {
    const common = protobuf.common.get(file)
    if (common !== null) root.addJSON(common.nested ?? {})
  }
  if (proto.includes('HttpBody')) protobuf.parse(httpBody, root)
  protobuf.parse(proto, root)
  root.resolveAll()
  const definition: Record<string, object> = {}
  for (const method of root.lookupService('test.v1.Test').methodsArray) {
    method.resolve()
    const { resolvedRequestType: request, resolvedResponseType: response } = method
    if (request === null || response === null) continue
    definition[method.name] = {
      path: `/test.v1.Test/${method.name}`,
      requestStream: method.requestStream === true,
      responseStream: method.responseStream === true,
      requestSerialize: (value: object) => Buffer.from(request.encode(value).finish()),
      requestDeserialize: (bytes: Buffer) => request.toObject(request.decode(bytes), { longs: String, enums: String }),
      responseSerialize: (value: object) => Buffer.from(response.encode(response.fromObject(value)).finish()),
      responseDeserialize: (bytes: Buffer) => response.decode(bytes),
    }
  }
  return { definition }
}
