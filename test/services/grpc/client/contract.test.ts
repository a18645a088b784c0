import { systemClock } from '../../../../src/kernel/clock.ts'
import { guarded } from '../../../../src/services/call.ts'
import { grpcJsExchange } from '../../../../src/services/grpc/client/streaming.ts'
import { type GrpcTargets, openTargets } from '../../../../src/services/grpc/client/targets.ts'
import type { Connection } from '../../../../src/services/grpc/client/wire/call.ts'
import { wireStream } from '../../../../src/services/grpc/client/wire/stream.ts'
import { wireUnary } from '../../../../src/services/grpc/client/wire/unary.ts'
import { serviceGuards } from '../../../../src/services/stack.ts'
import { grpcClientContract, type UnaryClient, type UnaryClientSettings } from '../../../contracts/grpc-client.ts'
import { grpcStreamsContract, type StreamClient, type StreamClientSettings } from '../../../contracts/grpc-streams.ts'
import { calm } from '../../../support/guards.ts'
import { startConnect } from '../fixtures/connect-server.ts'
import { startGrpcJs } from '../fixtures/grpc-js-server.ts'
import { probeService } from '../fixtures/probe.ts'
import { unaryOver } from '../fixtures/unary-over.ts'

const [ask, watch] = ['/probe.v1.Probe/Ask', '/probe.v1.Probe/Watch']
const clients = {
  'our own client': {
    unary: (connection: Connection) => wireUnary(connection, ask),
    stream: (connection: Connection) => wireStream(connection, watch),
  },
  'the client of grpc-js': {
    unary: (connection: Connection) => unaryOver(connection.service, grpcJsExchange(connection, ask)),
    stream: (connection: Connection) => grpcJsExchange(connection, watch),
  },
}
const servers = { 'grpc-js': startGrpcJs, 'connect-node': startConnect }

const connected = (settings: StreamClientSettings): Connection & { readonly targets: GrpcTargets } => {
  const service = probeService(settings)
  return { service, targets: openTargets(service, { clock: systemClock }), clock: systemClock }
}

for (const [clientName, { unary, stream }] of Object.entries(clients))
  for (const [serverName, start] of Object.entries(servers)) {
    const connect = (settings: UnaryClientSettings): UnaryClient => {
      const connection = connected(settings)
      const guards = serviceGuards(connection.service, calm(), { clock: systemClock })
      return { ask: guarded(unary(connection), guards), close: async () => connection.targets.close() }
    }
    grpcClientContract(`${clientName}, asking a server of ${serverName}`, { connect, start })
    const connectStream = (settings: StreamClientSettings): StreamClient => {
      const connection = connected(settings)
      return { open: stream(connection), close: () => connection.targets.close() }
    }
    grpcStreamsContract(`${clientName}, watching a server of ${serverName}`, { connect: connectStream, start })
  }
