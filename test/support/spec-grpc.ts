import { existsSync, globSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js'
import protobuf from 'protobufjs'
import { jsonText } from './spec-compare.ts'
import { type Block, type Entry, readEntries } from './spec-page.ts'
import type { SeenCall, Upstream } from './spec-upstream.ts'

/** `shop.v1.Catalog/Get {"id":"p-1"} → OK after 50ms`; without a request it answers every one. */
const ruleHead =
  /^(?<method>[\w.]+\/\w+)(?: (?<request>\{.*\}))? (?:→|->) (?<outcome>[A-Z_]+|hang)(?: after (?<delay>\d+)ms)?$/

type Conversation = { readonly rules: readonly Entry[]; readonly seen: SeenCall[]; readonly name: string }

/** A real gRPC server of every method the workspace's protos define, answering as a page says. */
export const startGrpcUpstream = async (
  name: string,
  { blocks, seen, dir }: { readonly blocks: readonly Block[]; readonly seen: SeenCall[]; readonly dir: string },
): Promise<Upstream> => {
  const rules = blocks.flatMap((block) => readEntries(block, ruleHead))
  const server = new Server()
  for (const service of servicesIn(loadProtos(dir))) serve(server, service, { rules, seen, name })
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    )
  })
  return { address: `127.0.0.1:${port}`, close: async () => server.forceShutdown() }
}

/** What workspaces may import from `google/` without having it. */
const googleProtos = dirname(fileURLToPath(import.meta.resolve('google-proto-files/package.json')))

/** What the protos of a workspace define. */
export const loadProtos = (workspaceDir: string): protobuf.Root => {
  const dir = join(workspaceDir, 'protos')
  const root = new protobuf.Root()
  root.resolvePath = (_origin, target) =>
    target.startsWith('google/') && !existsSync(join(dir, target)) ? join(googleProtos, target) : join(dir, target)
  root.loadSync(globSync('**/*.proto', { cwd: dir }))
  root.resolveAll()
  return root
}

const servicesIn = (object: protobuf.ReflectionObject): readonly protobuf.Service[] => {
  if (object instanceof protobuf.Service) return [object]
  return object instanceof protobuf.Namespace ? object.nestedArray.flatMap(servicesIn) : []
}

const serve = (server: Server, service: protobuf.Service, conversation: Conversation): void => {
  const definition: Record<string, object> = {}
  const handlers: Record<string, unknown> = {}
  for (const {
    name,
    requestStream,
    responseStream,
    resolvedRequestType,
    resolvedResponseType,
  } of service.methodsArray) {
    if (resolvedRequestType === null || resolvedResponseType === null) continue
    const method = `${service.fullName.slice(1)}/${name}`
    const [asks, tells] = [requestStream === true, responseStream === true]
    definition[name] = {
      path: `/${method}`,
      requestStream: asks,
      responseStream: tells,
      requestSerialize: (value: object) => Buffer.from(resolvedRequestType.encode(value).finish()),
      requestDeserialize: (bytes: Buffer) =>
        resolvedRequestType.toObject(resolvedRequestType.decode(bytes), {
          longs: String,
          enums: String,
          bytes: String,
        }),
      responseSerialize: (value: object) =>
        Buffer.from(resolvedResponseType.encode(resolvedResponseType.fromObject(value)).finish()),
      responseDeserialize: (bytes: Buffer) => resolvedResponseType.decode(bytes),
    }
    handlers[name] = (call: ServerCall, done?: sendUnaryData<object>): void => {
      if (asks) {
        const requests: object[] = []
        call.on('data', (message: object) => requests.push(message))
        call.on('end', () => answer(method, { call, done, conversation, request: requests }))
      } else answer(method, { call, done, conversation, request: call.request })
    }
  }
  server.addService(definition as never, handlers as never)
}

/** What calls of every kind have; streams can be written to. */
type ServerCall = ServerUnaryCall<object, object> & Partial<Pick<ServerWritableStream<object, object>, 'write' | 'end'>>

type Exchange = {
  readonly call: ServerCall
  /** Undefined where answers are streamed. */
  readonly done: sendUnaryData<object> | undefined
  readonly conversation: Conversation
  /** One message, or the list of those that were streamed. */
  readonly request: object
}

const answer = (method: string, exchange: Exchange): void => {
  const { call, conversation } = exchange
  const { rules, seen, name } = conversation
  const request = JSON.stringify(exchange.request)
  const rule = rules.find(
    ({ head: { groups = {} } }) =>
      groups['method'] === method && (groups['request'] === undefined || same(groups['request'], request)),
  )
  const record: SeenCall = {
    upstream: name,
    what: method,
    headers: Object.entries(call.metadata.getMap()).map(([key, value]) => [key, String(value)]),
    body: request,
    cancelled: false,
    answered: rule !== undefined,
  }
  seen.push(record)
  let ended = false
  call.once('cancelled', () => {
    record.cancelled = !ended
  })
  const { outcome = 'UNIMPLEMENTED', delay = '0' } = rule?.head.groups ?? {}
  if (outcome === 'hang') return
  setTimeout(() => {
    if (call.cancelled) return
    ended = true
    reply(exchange, rule, status[outcome as keyof typeof status])
  }, Number(delay))
}

/** Headers of a rule come as metadata, a name that begins with `trailer-` as a trailer. */
const reply = ({ call, done }: Exchange, rule: Entry | undefined, code: status): void => {
  const [metadata, trailers] = [new Metadata(), new Metadata()]
  for (const [name, value] of rule?.headers ?? []) {
    const trailer = /^trailer-(.+)$/.exec(name)?.[1]
    ;(trailer === undefined ? metadata : trailers).add(trailer ?? name, value)
  }
  if (Object.keys(metadata.getMap()).length > 0) call.sendMetadata(metadata)
  const failure = { code, details: rule?.body ?? 'the page says so', metadata: trailers }
  if (done !== undefined) {
    if (code === status.OK) done(null, JSON.parse(rule?.body ?? '{}') as object, trailers)
    else done(failure)
    return
  }
  for (const line of (rule?.body ?? '').split('\n')) if (line !== '') call.write?.(JSON.parse(line) as object)
  if (code === status.OK) call.end?.(trailers)
  else call.emit('error', failure)
}

const same = (a: string, b: string): boolean => jsonText(a) === jsonText(b)
