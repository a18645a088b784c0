import { systemClock } from '../../../../src/kernel/clock.ts'
import { guarded } from '../../../../src/services/call.ts'
import { Endpoints } from '../../../../src/services/grpc/client/endpoints.ts'
import { grpcJsExchange } from '../../../../src/services/grpc/client/streaming.ts'
import type { Connection } from '../../../../src/services/grpc/client/wire/call.ts'
import { wireUnary } from '../../../../src/services/grpc/client/wire/unary.ts'
import { serviceGuards } from '../../../../src/services/stack.ts'
import { grpcClientContract, type UnaryClient, type UnaryClientSettings } from '../../../contracts/grpc-client.ts'
import { probeService } from '../fixtures/probe.ts'
import { startConnect, startGrpcJs } from '../fixtures/servers.ts'
import { unaryOver } from '../fixtures/unary-over.ts'

const clients = {
  'our own client': (connection: Connection) => wireUnary(connection, '/probe.v1.Probe/Ask'),
  'the client of grpc-js': (connection: Connection) =>
    unaryOver(connection.service, grpcJsExchange(connection, '/probe.v1.Probe/Ask')),
}
const servers = { 'grpc-js': startGrpcJs, 'connect-node': startConnect }

for (const [clientName, call] of Object.entries(clients))
  for (const [serverName, start] of Object.entries(servers)) {
    const connect = (settings: UnaryClientSettings): UnaryClient => {
      const service = probeService(settings)
      const endpoints = new Endpoints(service, { now: () => systemClock.now() })
      const ask = guarded(
        call({ service, endpoints, clock: systemClock }),
        serviceGuards(service, { clock: systemClock }),
      )
      return { ask, close: async () => endpoints.close() }
    }
    grpcClientContract(`${clientName}, asking a server of ${serverName}`, { connect, start })
  }
