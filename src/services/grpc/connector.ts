import { connectivityState } from '@grpc/grpc-js'
import { type Call, guarded } from '../call.ts'
import type { Resources } from '../resources.ts'
import type { GrpcService } from '../service.ts'
import { type GuardTools, serviceGuards } from '../stack.ts'
import { acquireClient } from './client/channel.ts'
import type { GrpcInput } from './client/request.ts'
import { type GrpcStream, serverStream } from './client/stream.ts'
import { unaryCall } from './client/unary.ts'
import type { GrpcMethod } from './method.ts'

/** One gRPC service, connected. */
export type GrpcConnector = {
  /** A unary method as a guarded call. All calls share the service's slots. Throws Problem. */
  call(method: GrpcMethod): Call<GrpcInput>
  /** A server-streaming method. Streams live long: they take no slot, and only the context ends them. */
  stream(method: GrpcMethod): GrpcStream
  /** Whether a connection is up: at once where that is known, else within a second. Starts connecting where it is not. */
  ready(): boolean | Promise<boolean>
  /** Gives the connection back. Calls in flight end first. */
  release(): Promise<void>
}

const readyWithinMs = 1_000

/** Connects lazily: the first call or `ready()` opens the connection. */
export const connectGrpc = (service: GrpcService, resources: Resources, tools: GuardTools): GrpcConnector => {
  const lease = acquireClient(service, resources)
  const client = lease.value
  const guards = serviceGuards(service, tools)
  const connection = { service, client, clock: tools.clock }

  return {
    call: (method) => guarded(unaryCall(connection, method), guards),
    stream: (method) => serverStream(connection, method),
    ready() {
      const state = client.getChannel().getConnectivityState(true)
      if (state === connectivityState.READY) return true
      if (state === connectivityState.TRANSIENT_FAILURE) return false
      return new Promise((resolve) => {
        client.waitForReady(Date.now() + readyWithinMs, (error) => resolve(error === undefined))
      })
    },
    release: () => lease.release(),
  }
}
