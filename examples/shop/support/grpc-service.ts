import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import * as grpc from '@grpc/grpc-js'
import { type CallRecorder, recordCalls } from './calls.ts'
import { startControl } from './control.ts'
import { type FaultBook, faultBook, type GrpcFault, grpcFault } from './faults.ts'
import { type Message, serviceDefinition } from './proto.ts'
import { Refusal } from './refusal.ts'
import type { RunningService, ServiceOptions } from './running-service.ts'

/** Answers one request. `never` lets each handler say what its request looks like. */
export type Answer = (request: never) => object

/** Sends messages until the function it returns is called. */
export type Watch = (request: never, send: (message: object) => void) => () => void

export interface GrpcDefinition {
  readonly name: string
  /** The full name in the proto. */
  readonly service: string
  readonly root: Parameters<typeof serviceDefinition>[0]
  readonly answers: Readonly<Record<string, Answer>>
  readonly watches?: Readonly<Record<string, Watch>>
}

interface GrpcTools {
  readonly faults: FaultBook<GrpcFault>
  readonly calls: CallRecorder
}

type Incoming = grpc.ServerUnaryCall<Message, object> | grpc.ServerWritableStream<Message, object>

/** The names by which `on` finds a gRPC call: its method's, alone and in full. */
type Names = readonly [method: string, fullName: string]

/** Field 1 says 127 bytes follow, none do: no message type decodes it. */
const garbage = Buffer.from([0x0a, 0x7f])

/** Runs a gRPC service that records its calls and meets its faults. */
export async function startGrpcService(
  definition: GrpcDefinition,
  { port = 0, host = '127.0.0.1', control = false }: ServiceOptions,
): Promise<RunningService<GrpcFault>> {
  const tools: GrpcTools = { faults: faultBook(), calls: recordCalls() }
  const server = new grpc.Server()
  server.addService(serviceDefinition(definition.root, definition.service), implementation(definition, tools))

  const bind = promisify(server.bindAsync.bind(server))
  const bound = await bind(`${host}:${port}`, grpc.ServerCredentials.createInsecure())
  const controller = control === false ? undefined : await startControl(control, { ...tools, faultShape: grpcFault })
  return {
    name: definition.name,
    address: `${host}:${bound}`,
    port: bound,
    ...(controller && { controlUrl: controller.url }),
    ...tools,
    async close() {
      server.forceShutdown()
      await controller?.close()
    },
  }
}

function implementation({ service, answers, watches = {} }: GrpcDefinition, tools: GrpcTools) {
  const namesOf = (method: string) => [method, `${service}/${method}`] as const
  return Object.fromEntries<grpc.UntypedHandleCall>([
    ...Object.entries(answers).map(([method, answer]) => [method, unary(answer, namesOf(method), tools)] as const),
    ...Object.entries(watches).map(([method, watch]) => [method, streaming(watch, namesOf(method), tools)] as const),
  ])
}

function unary(answer: Answer, names: Names, tools: GrpcTools): grpc.handleUnaryCall<Message, object> {
  return async (call, callback) => {
    const reply: typeof callback = (error, message) => {
      settle(call, tools)
      callback(error, message)
    }
    const goesOn = await receive(call, names, tools, { refuse: reply, sendGarbage: () => reply(null, garbage) })
    if (!goesOn) return
    try {
      reply(null, answer(call.request as never))
    } catch (error) {
      reply(statusOf(error))
    }
  }
}

function streaming(watch: Watch, names: Names, tools: GrpcTools): grpc.handleServerStreamingCall<Message, object> {
  return async (call) => {
    const goesOn = await receive(call, names, tools, {
      refuse(error) {
        settle(call, tools)
        call.emit('error', error)
      },
      sendGarbage() {
        settle(call, tools)
        call.write(garbage)
        call.end()
      },
    })
    if (!goesOn || call.cancelled) return
    // At once, not with the first message: the caller learns that it is being listened to.
    call.sendMetadata(new grpc.Metadata())
    const stop = watch(call.request as never, (message) => call.write(message))
    call.once('cancelled', stop)
  }
}

interface Misbehaviour {
  readonly refuse: (error: grpc.ServerErrorResponse) => void
  readonly sendGarbage: () => void
}

/** Records a call and lets it meet its fault; says whether it goes on. */
async function receive(
  call: Incoming,
  names: Names,
  { faults, calls }: GrpcTools,
  { refuse, sendGarbage }: Misbehaviour,
): Promise<boolean> {
  calls.add(recorded(names[1], call))
  call.once('cancelled', calls.addCancelled)

  const fault = faults.take(names)
  if (!fault || fault.mode === 'ok') return true
  if (fault.mode === 'slow') {
    await delay(fault.delayMs, undefined, { ref: false })
    return true
  }
  if (fault.mode === 'fail') refuse(statusOf(new Refusal(fault.code, 'Told to fail.')))
  if (fault.mode === 'garbage') sendGarbage()
  return false
}

/** grpc-js says "cancelled" after every call, also after one that was answered. */
const settle = (call: Incoming, { calls }: GrpcTools) => call.off('cancelled', calls.addCancelled)

function recorded(name: string, call: Incoming) {
  const ids = Object.values(call.request).find(Array.isArray)
  const timeoutMs = Number(call.getDeadline()) - Date.now()
  return {
    name,
    headers: call.metadata.getMap(),
    body: call.request,
    ...(ids && { keys: ids.length }),
    ...(Number.isFinite(timeoutMs) && { timeoutMs }),
  }
}

function statusOf(error: unknown): grpc.ServerErrorResponse {
  const code = error instanceof Refusal ? grpc.status[error.code] : grpc.status.INTERNAL
  const details = error instanceof Error ? error.message : String(error)
  return { name: 'ServiceError', message: details, code, details }
}
