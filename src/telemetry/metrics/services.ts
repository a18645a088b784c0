import { Counter, Gauge, type Registry } from '@prometheus-io/client'
import { children } from './children.ts'

/** Of services, and of the calls they get. */
export type ServiceMetrics = {
  /** Something was done about a service's failures, such as `retry` or `breaker open`. */
  readonly observeServiceEvent: (service: string, event: string) => void
  /** Calls or keys of a service that one operation asked for again. */
  readonly observeReused: (service: string, count: number) => void
  /** A call of a service was answered by an identical one in flight. */
  readonly observeSharedCall: (service: string) => void
  /** A call, or a request that is passed on, went to a part of its service. */
  readonly observeShare: (service: string, part: string) => void
  /** Read at each scrape: the services whose health is watched, and whether they serve. */
  readonly observeHealth: (
    read: () => readonly { readonly name: string; readonly serving: boolean | undefined }[],
  ) => void
  /** Read at each scrape: targets and breakers of each service. */
  readonly observeServices: (read: () => readonly ObservedService[]) => void
}

type ObservedService = {
  readonly name: string
  readonly breaker?: keyof typeof breakerStates
  readonly ownBreakers?: readonly { readonly of: string; readonly breaker: keyof typeof breakerStates }[]
  readonly targets: readonly { readonly target: string; readonly state: string }[]
}

const breakerStates = { closed: 0, trial: 1, open: 2 }

export const serviceMetrics = (registry: Registry): ServiceMetrics => {
  const registers = [registry]
  let health: Parameters<ServiceMetrics['observeHealth']>[0] = () => []
  let services: () => readonly ObservedService[] = () => []
  const serviceEvents = new Counter({
    name: 'portico_service_events_total',
    help: 'What was done about failures of services: retries, hedges, breakers, targets taken out and back.',
    labelNames: ['service', 'event'],
    registers,
  })
  const sharedCalls = new Counter({
    name: 'portico_shared_calls_total',
    help: 'Calls that were answered by an identical one in flight.',
    labelNames: ['service'],
    registers,
  })
  const reused = new Counter({
    name: 'portico_reused_total',
    help: 'Calls and keys that an operation asked for again and had already.',
    labelNames: ['service'],
    registers,
  })
  void new Gauge({
    name: 'portico_service_serving',
    help: 'Whether a service serves by its health checks: 1 or 0.',
    labelNames: ['service'],
    aggregator: 'min',
    registers,
    collect() {
      this.reset()
      for (const { name, serving: serves } of health()) this.set({ service: name }, serves === true ? 1 : 0)
    },
  })
  void new Gauge({
    name: 'portico_target_up',
    help: 'Whether a target of a service gets calls: 1, or 0 while it is unhealthy, ejected, unreachable or on trial.',
    labelNames: ['service', 'target'],
    aggregator: 'min',
    registers,
    collect() {
      this.reset()
      for (const { name, targets } of services())
        for (const { target, state } of targets) this.set({ service: name, target }, state === 'up' ? 1 : 0)
    },
  })
  void new Gauge({
    name: 'portico_breaker_state',
    help: 'The circuit breaker of a service: 0 closed, 1 trial, 2 open.',
    labelNames: ['service'],
    aggregator: 'max',
    registers,
    collect() {
      this.reset()
      for (const { name, breaker } of services())
        if (breaker !== undefined) this.set({ service: name }, breakerStates[breaker])
    },
  })
  void new Gauge({
    name: 'portico_own_breaker_state',
    help: 'The circuit breaker that some calls of a service, or a route to it, have of their own: 0 closed, 1 trial, 2 open.',
    labelNames: ['service', 'of'],
    aggregator: 'max',
    registers,
    collect() {
      this.reset()
      for (const { name, ownBreakers = [] } of services())
        for (const { of, breaker } of ownBreakers) this.set({ service: name, of }, breakerStates[breaker])
    },
  })
  const shares = new Counter({
    name: 'portico_service_split_calls_total',
    help: 'Calls and proxied requests of each part of a service; further tries stay with their part and do not count.',
    labelNames: ['service', 'part'],
    registers,
  })
  const shareChild = children((service: string) => children((part: string) => shares.labels(service, part)))
  const reusedChild = children((service: string) => reused.labels(service))
  const sharedCallChild = children((service: string) => sharedCalls.labels(service))

  return {
    observeServiceEvent: (service, event) => serviceEvents.inc({ service, event }),
    observeReused: (service, count) => reusedChild(service).inc(count),
    observeSharedCall: (service) => sharedCallChild(service).inc(),
    observeShare: (service, part) => shareChild(service)(part).inc(),
    observeHealth(read) {
      health = read
    },
    observeServices(read) {
      services = read
    },
  }
}
