import type { GuardTools } from '../../guard-tools.ts'
import type { Lease, Resources } from '../../resources.ts'
import type { GrpcService } from '../../service.ts'
import type { Lookup } from '../../targets/names.ts'
import { nameOf, TargetSet } from '../../targets/set.ts'
import { settingsKey } from './channel.ts'
import { Endpoint } from './endpoint.ts'
import { watchHealth } from './health.ts'

/** A gRPC service's targets, and the connections to each. */
export type GrpcTargets = TargetSet<Endpoint>

type OpenTools = GuardTools & {
  /** Chance and names, where they are not the system's. */
  readonly random?: () => number
  readonly lookup?: Lookup
}

/** The targets of a service. Opens no connection by itself but to watch their health. */
export const openTargets = (
  service: GrpcService,
  { clock, tell, share, warn, random, lookup }: OpenTools,
): GrpcTargets => {
  const { name, tls, maxAnswerBytes, resilience } = service
  const connectMs = resilience?.connectMs
  return new TargetSet<Endpoint>(service.targets, {
    now: () => clock.now(),
    date: () => clock.date(),
    open: (address) => new Endpoint(address, { tls, maxAnswerBytes, connectMs, random, now: () => clock.now() }),
    close: (endpoint) => endpoint.close(),
    shared: (part) => share?.(name, part),
    rampStopped: (words) => {
      tell?.(name, 'ramp stopped')
      warn?.(`Service ${name}: ${words}`)
    },
    tell(event, target) {
      tell?.(name, event)
      warn?.(`Service ${name}: ${event}, ${nameOf(target)}.`)
    },
    ...(random === undefined ? {} : { random }),
    ...(lookup === undefined ? {} : { lookup }),
    ...(service.health === undefined
      ? {}
      : { watch: (target) => watchHealth(service, target, { clock, warn: warn ?? ignored }) }),
  })
}

/** A share in the targets of a service: services with the same ones, TLS and health use the same. */
export const acquireTargets = (service: GrpcService, resources: Resources, tools: GuardTools): Lease<GrpcTargets> =>
  resources.acquire(
    `grpc ${settingsKey(service)}`,
    () => openTargets(service, tools),
    (targets) => targets.close(),
  )

const ignored = (): void => undefined
