import { type Call, type Guard, guarded } from '../call.ts'
import type { GuardTools } from '../guard-tools.ts'
import { type Introduction, introduce } from '../identity/introduction.ts'
import { findOwnCalls } from '../own-calls.ts'
import { acquireResilience, createOwnBreakers, type OwnBreakers, type Resilience } from '../resilience.ts'
import type { Resources } from '../resources.ts'
import type { GrpcService } from '../service.ts'
import { guardsOfCalls, type LaneGuards, laneGuards } from '../stack.ts'
import { readWish } from '../targets/affinity.ts'
import type { GrpcAnswer, GrpcRequest, OpenExchange } from './client/exchange.ts'
import { type GrpcStream, jsonCall, jsonStream } from './client/json.ts'
import { type PassOn, passOn } from './client/pass.ts'
import type { GrpcInput } from './client/request.ts'
import { grpcJsExchange } from './client/streaming.ts'
import { acquireTargets, type GrpcTargets } from './client/targets.ts'
import { wireStream } from './client/wire/stream.ts'
import { wireUnary } from './client/wire/unary.ts'
import type { GrpcMethod } from './method.ts'

/** One gRPC service, connected. */
export type GrpcConnector = {
  /** A unary method as a guarded call, bytes in and out. All calls share the service's slots. Throws Problem. */
  unary(method: GrpcMethod): Call<GrpcRequest, GrpcAnswer>
  /** A unary method as a guarded call in JSON, of the same slots. Throws Problem. */
  call(method: GrpcMethod): Call<GrpcInput>
  /** A streaming method of any kind. Streams live long: they take no slot, and only the context ends them. */
  open(method: GrpcMethod): OpenExchange
  /** A server-streaming method in JSON. */
  stream(method: GrpcMethod): GrpcStream
  /** Begins a call that is passed on as it comes; `laneGuards` guard it. */
  readonly passOn: PassOn
  readonly laneGuards: LaneGuards
  /** What the service is told of the caller. */
  readonly introduction: Introduction
  /** Where it is. */
  readonly targets: GrpcTargets
  /** What is remembered of its failures. */
  readonly resilience: Resilience
  /** The breakers that some of its calls, and routes to it, have of their own. */
  readonly ownBreakers: OwnBreakers['all']
  /** Whether health checks let calls through: true where there are none, undefined until they have said something. */
  serves(): boolean | undefined
  /** Gives the connection back. Calls in flight end first. */
  release(): Promise<void>
}

/** Connects lazily: the first call opens the connection. */
export const connectGrpc = (service: GrpcService, resources: Resources, tools: GuardTools): GrpcConnector => {
  const lease = acquireTargets(service, resources, tools)
  const targets = lease.value
  const memory = acquireResilience(service, resources, tools)
  const own = createOwnBreakers(service.name, memory.value, { ...tools, resources })
  const introduction = introduce(service, resources, tools)
  const guarding = { ...tools, own: own.resilienceOf, introducing: introduction.guards }
  const guardsOf = guardsOfCalls(service, memory.value, guarding)
  const usual = guardsOf(undefined)
  const find = findOwnCalls(service.ownCalls ?? [])
  const guardsFor = ({ path }: GrpcMethod): readonly Guard[] => {
    const calls = find(path.slice(1))
    return calls === undefined ? usual : guardsOf(calls)
  }
  const connection = {
    service,
    introduction,
    targets,
    affinity: readWish(service.targets),
    clock: tools.clock,
  }

  return {
    unary: (method) =>
      guarded(wireUnary(connection, method.path), guardsFor(method), { mayRepeat: () => method.mayRepeat }),
    call: (method) =>
      guarded(jsonCall(service.name, wireUnary(connection, method.path), method), guardsFor(method), {
        mayRepeat: () => method.mayRepeat,
      }),
    open: ({ path, requestStream }) => (requestStream ? grpcJsExchange : wireStream)(connection, path),
    stream: (method) => jsonStream(service.name, wireStream(connection, method.path), method),
    passOn: passOn(connection),
    laneGuards: laneGuards(service, memory.value, guarding),
    introduction,
    targets,
    resilience: memory.value,
    ownBreakers: own.all,
    serves: () => targets.serving,
    release: async () => {
      await Promise.all([lease, memory, introduction, own].map((one) => one.release()))
    },
  }
}
