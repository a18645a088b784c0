import { connectGrpc, type GrpcConnector } from './grpc/connector.ts'
import type { GuardTools } from './guard-tools.ts'
import type { Resources } from './resources.ts'
import { connectRest, type RestConnector } from './rest/connector.ts'
import type { Service } from './service.ts'

/** A service, connected: calls of its kind can be made. */
export type Connector = ({ readonly kind: 'rest' } & RestConnector) | ({ readonly kind: 'grpc' } & GrpcConnector)

/** Every service of a plan by name, each with its guards. Opens nothing until the first call. */
export const connectServices = (
  services: Iterable<Service>,
  resources: Resources,
  tools: GuardTools,
): ReadonlyMap<string, Connector> => {
  const connectors = new Map<string, Connector>()
  for (const service of services)
    connectors.set(
      service.name,
      service.kind === 'rest'
        ? { kind: 'rest', ...connectRest(service, resources, tools) }
        : { kind: 'grpc', ...connectGrpc(service, resources, tools) },
    )
  return connectors
}
