import { globSync } from 'node:fs'
import { join } from 'node:path'
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from '@grpc/grpc-js'
import protobuf from 'protobufjs'
import { jsonText } from './spec-compare.ts'
import { type Block, type Entry, readEntries } from './spec-page.ts'
import type { SeenCall, Upstream } from './spec-upstream.ts'

/** `shop.v1.Catalog/Get {"id":"p-1"} → OK after 50ms`; without a request it answers every one. */
const ruleHead =
  /^(?<method>[\w.]+\/\w+)(?: (?<request>\{.*\}))? (?:→|->) (?<outcome>[A-Z_]+|hang)(?: after (?<delay>\d+)ms)?$/

type Conversation = { readonly rules: readonly Entry[]; readonly seen: SeenCall[]; readonly name: string }

/** A real gRPC server of every unary method the workspace's protos define, answering as a page says. */
export const startGrpcUpstream = async (
  name: string,
  { blocks, seen, dir }: { readonly blocks: readonly Block[]; readonly seen: SeenCall[]; readonly dir: string },
): Promise<Upstream> => {
  const rules = blocks.flatMap((block) => readEntries(block, ruleHead))
  const server = new Server()
  for (const service of servicesIn(loadRoot(join(dir, 'protos')))) serve(server, service, { rules, seen, name })
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    )
  })
  return { address: `127.0.0.1:${port}`, close: async () => server.forceShutdown() }
}

const loadRoot = (dir: string): protobuf.Root => {
  const root = new protobuf.Root()
  const resolvePath = root.resolvePath.bind(root)
  root.resolvePath = (origin, target) =>
    target.startsWith('google/') ? resolvePath(origin, target) : join(dir, target)
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
  const handlers: Record<string, (call: ServerUnaryCall<object, object>, done: sendUnaryData<object>) => void> = {}
  for (const { name, resolvedRequestType, resolvedResponseType } of service.methodsArray) {
    if (resolvedRequestType === null || resolvedResponseType === null) continue
    const method = `${service.fullName.slice(1)}/${name}`
    definition[name] = {
      path: `/${method}`,
      requestStream: false,
      responseStream: false,
      requestSerialize: (value: object) => Buffer.from(resolvedRequestType.encode(value).finish()),
      requestDeserialize: (bytes: Buffer) =>
        resolvedRequestType.toObject(resolvedRequestType.decode(bytes), { longs: String, enums: String }),
      responseSerialize: (value: object) =>
        Buffer.from(resolvedResponseType.encode(resolvedResponseType.fromObject(value)).finish()),
      responseDeserialize: (bytes: Buffer) => resolvedResponseType.decode(bytes),
    }
    handlers[name] = (call, done) => answer(method, { call, done, conversation })
  }
  server.addService(definition as never, handlers)
}

type Exchange = {
  readonly call: ServerUnaryCall<object, object>
  readonly done: sendUnaryData<object>
  readonly conversation: Conversation
}

const answer = (method: string, { call, done, conversation: { rules, seen, name } }: Exchange): void => {
  const request = JSON.stringify(call.request)
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
    const code = status[outcome as keyof typeof status]
    if (code === status.OK) done(null, JSON.parse(rule?.body ?? '{}') as object)
    else done({ code, details: rule?.body ?? 'the page says so' })
  }, Number(delay))
}

const same = (a: string, b: string): boolean => jsonText(a) === jsonText(b)
