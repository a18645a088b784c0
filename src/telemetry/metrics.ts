import {
  Counter,
  collectDefaultMetrics,
  Gauge,
  Histogram,
  type MetricObjectWithValues,
  type MetricValue,
  Registry,
} from '@prometheus-io/client'
import { Durations, type DurationsSnapshot } from './durations.ts'
import type { CallObserver, RequestObserver, SocketObserver } from './observers.ts'

/** What the gateway counts. Label values are bounded: patterns, names and codes of the workspace, never what clients send. */
export type Metrics = {
  readonly observeRequest: RequestObserver
  readonly observeCall: CallObserver
  /** An answer went out without a service's part. */
  readonly observePartial: (bff: string, service: string) => void
  /** An answer lacks values of a field, for one reason. */
  readonly observeMissing: (
    bff: string,
    missing: { readonly coordinate: string; readonly reason: string; readonly count: number },
  ) => void
  /** Something was done about a service's failures, such as `retry` or `breaker open`. */
  readonly observeServiceEvent: (service: string, event: string) => void
  /** Calls or keys of a service that one operation asked for again. */
  readonly observeReused: (service: string, count: number) => void
  /** A call of a service was answered by an identical one in flight. */
  readonly observeSharedCall: (service: string) => void
  /** An operation of a BFF was answered by an identical one in flight. */
  readonly observeSharedOperation: (bff: string) => void
  /** The static cost of an operation, counted before it runs. */
  readonly observeCost: (bff: string, cost: number) => void
  /** A reload ended; `generation` is the one that serves now. */
  readonly observeReload: (result: 'success' | 'failure', generation: number) => void
  /** Of a route with several versions, by its path as written. */
  readonly observeVersion: (route: string, version: string) => void
  /** Of a route between several services, by its path as written. */
  readonly observeSplit: (route: string, part: string) => void
  /** A call, or a request that is passed on, went to a part of its service. */
  readonly observeShare: (service: string, part: string) => void
  /** A request of a route was answered in the place of its service. */
  readonly observeFallback: (route: string, kind: string) => void
  /** A copy of a request of a route has ended, with a code or `left out`. */
  readonly observeMirror: (route: string, outcome: string) => void
  readonly observeOpenSocket: SocketObserver
  /** A request was refused because the event loop lags. */
  readonly observeShed: () => void
  readonly observeRateLimited: (scope: string, limit: string) => void
  /** An event of the audit log was lost, for too many wait to be written. */
  readonly observeAuditLost: () => void
  /** A line of the log was lost, for nobody reads it. */
  readonly observeLogLost: () => void
  /** Limits are counted together with other replicas, or by this process alone because Redis is not to be had. */
  readonly observeLimitsShared: (shared: boolean) => void
  /** A caller of a BFF or route came in by a provider. */
  readonly observeGranted: (scope: string, provider: string) => void
  /** A caller was kept out. */
  readonly observeAuth: (
    outcome: 'failed' | 'denied',
    scope: string,
    why: { readonly provider: string; readonly reason: string },
  ) => void
  /** Read at each scrape: the services whose health is watched, and whether they serve. */
  readonly observeHealth: (
    read: () => readonly { readonly name: string; readonly serving: boolean | undefined }[],
  ) => void
  /** Read at each scrape: targets and breakers of each service. */
  readonly observeServices: (read: () => readonly ObservedService[]) => void
  /** The Prometheus text format. */
  readonly render: () => Promise<RenderedMetrics>
  /** The same as data, to be added up with those of other processes by `renderTogether`. */
  readonly snapshot: () => Promise<MetricsSnapshot>
}

type ObservedService = {
  readonly name: string
  readonly breaker?: keyof typeof breakerStates
  readonly ownBreakers?: readonly { readonly of: string; readonly breaker: keyof typeof breakerStates }[]
  readonly targets: readonly { readonly target: string; readonly state: string }[]
}

const breakerStates = { closed: 0, trial: 1, open: 2 }

export type RenderedMetrics = { readonly contentType: string; readonly body: string }

/** The metrics of one process at one time. */
export type MetricsSnapshot = readonly (MetricObjectWithValues<MetricValue<string>> | DurationsSnapshot)[]

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** The metrics of a process, with those of Node and the event loop. One for each process: it outlives generations. */
export const createMetrics = (): Metrics => {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })

  let health: Parameters<Metrics['observeHealth']>[0] = () => []
  let services: () => readonly ObservedService[] = () => []
  const requests = new Durations(
    'http_server_request_duration_seconds',
    'How long requests took, from their arrival to the end of the answer.',
  )
  const calls = new Durations('portico_upstream_call_duration_seconds', 'How long calls of services took.')
  const partials = new Counter({
    name: 'portico_partial_answers_total',
    help: 'Answers that went out without a service’s part.',
    labelNames: ['bff', 'service'],
    registers,
  })
  const missing = new Counter({
    name: 'portico_missing_values_total',
    help: 'Values that answers lack because something failed, by field and reason.',
    labelNames: ['bff', 'coordinate', 'reason'],
    registers,
  })
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
  const sharedOperations = new Counter({
    name: 'portico_shared_operations_total',
    help: 'Operations that were answered by an identical one in flight.',
    labelNames: ['bff'],
    registers,
  })
  const costs = new Histogram({
    name: 'portico_graphql_operation_cost',
    help: 'What operations cost by @cost and @listSize, before they run.',
    labelNames: ['bff'],
    buckets: [1, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 100_000],
    registers,
  })
  const reloads = new Counter({
    name: 'portico_config_reload_total',
    help: 'Reloads of the workspace.',
    labelNames: ['result'],
    // Workers reload together.
    aggregator: 'max',
    registers,
  })
  const generations = new Gauge({
    name: 'portico_config_generation',
    help: 'The generation that serves.',
    aggregator: 'max',
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
  const versions = new Counter({
    name: 'portico_api_version_requests_total',
    help: 'Requests passed on to each version of an API.',
    labelNames: ['route', 'version'],
    registers,
  })
  const splits = new Counter({
    name: 'portico_split_requests_total',
    help: 'Requests passed on to each part of a split.',
    labelNames: ['route', 'part'],
    registers,
  })
  const splitChild = children((route: string) => children((part: string) => splits.labels(route, part)))
  const shares = new Counter({
    name: 'portico_service_split_calls_total',
    help: 'Calls and proxied requests of each part of a service; further tries stay with their part and do not count.',
    labelNames: ['service', 'part'],
    registers,
  })
  const shareChild = children((service: string) => children((part: string) => shares.labels(service, part)))
  const fallbacks = new Counter({
    name: 'portico_fallback_answers_total',
    help: 'Requests answered in the place of a service that had failed: by another service, stale or static.',
    labelNames: ['route', 'kind'],
    registers,
  })
  const mirrored = new Counter({
    name: 'portico_mirrored_requests_total',
    help: 'Copies of requests, by how they ended.',
    labelNames: ['route', 'outcome'],
    registers,
  })
  const sockets = new Gauge({
    name: 'portico_websockets_open',
    help: 'WebSockets that are open by each route, or by the address of a BFF.',
    labelNames: ['route'],
    registers,
  })
  const socketEnds = new Counter({
    name: 'portico_websockets_ended_total',
    help: 'WebSockets that have ended, by why: a side ended them or broke off, or the gateway did.',
    labelNames: ['route', 'reason'],
    registers,
  })
  const socketMessages = new Counter({
    name: 'portico_websocket_messages_total',
    help: 'Messages of WebSockets, by who sent them; the gateway speaks for the service where it answers itself.',
    labelNames: ['route', 'from'],
    registers,
  })
  const socketMessageChild = children((route: string) =>
    children((from: 'client' | 'service') => socketMessages.labels(route, from)),
  )
  const shed = new Counter({
    name: 'portico_shed_requests_total',
    help: 'Requests that were refused because the event loop lagged.',
    registers,
  })
  const refused = new Counter({
    name: 'portico_rate_limited_total',
    help: 'Requests that a limit refused.',
    labelNames: ['scope', 'limit'],
    registers,
  })
  const auditLost = new Counter({
    name: 'portico_audit_lost_total',
    help: 'Events of the audit log that were lost because too many wait to be written.',
    registers,
  })
  const logLost = new Counter({
    name: 'portico_log_lost_total',
    help: 'Lines of the log that were lost because nobody reads it.',
    registers,
  })
  const limitsLocal = new Gauge({
    name: 'portico_limits_local',
    help: 'Whether this process counts limits by itself because Redis is not to be had: 1 or 0.',
    aggregator: 'max',
    registers,
  })
  const authenticated = new Counter({
    name: 'portico_auth_total',
    help: 'Decisions on who may come in: granted by a provider, failed or denied for a reason.',
    labelNames: ['scope', 'provider', 'outcome', 'reason'],
    registers,
  })
  const grantedChild = children((scope: string) =>
    children((provider: string) => authenticated.labels(scope, provider, 'granted', '')),
  )

  const requestChild = children((route) =>
    children((method) => children((status: number) => requests.series({ method, route, status: String(status) }))),
  )
  const reusedChild = children((service: string) => reused.labels(service))
  const sharedCallChild = children((service: string) => sharedCalls.labels(service))
  const sharedOperationChild = children((bff: string) => sharedOperations.labels(bff))
  const callChild = children((service) => children((outcome: string) => calls.series({ service, outcome })))

  return {
    observeRequest({ request, status, milliseconds }) {
      const method = methods.has(request.method) ? request.method : 'OTHER'
      const route = request.is404 ? 'unmatched' : (request.pattern ?? request.routeOptions.url ?? 'unmatched')
      requestChild(route)(method)(status).observe(milliseconds)
    },
    observeCall: ({ service, outcome, milliseconds }) => callChild(service)(outcome).observe(milliseconds),
    observePartial: (bff, service) => partials.inc({ bff, service }),
    observeMissing: (bff, { coordinate, reason, count }) => missing.inc({ bff, coordinate, reason }, count),
    observeCost: (bff, cost) => costs.labels(bff).observe(cost),
    observeServiceEvent: (service, event) => serviceEvents.inc({ service, event }),
    observeReused: (service, count) => reusedChild(service).inc(count),
    observeSharedCall: (service) => sharedCallChild(service).inc(),
    observeSharedOperation: (bff) => sharedOperationChild(bff).inc(),
    observeReload(result, generation) {
      reloads.inc({ result })
      generations.set(generation)
    },
    observeHealth(read) {
      health = read
    },
    observeServices(read) {
      services = read
    },
    observeVersion: (route, version) => versions.inc({ route, version }),
    observeSplit: (route, part) => splitChild(route)(part).inc(),
    observeShare: (service, part) => shareChild(service)(part).inc(),
    observeFallback: (route, kind) => fallbacks.inc({ route, kind }),
    observeMirror: (route, outcome) => mirrored.inc({ route, outcome }),
    observeOpenSocket(route) {
      sockets.inc({ route })
      const messagesFrom = socketMessageChild(route)
      return {
        passed: (from, messages) => messagesFrom(from).inc(messages),
        ended(reason) {
          sockets.dec({ route })
          socketEnds.inc({ route, reason })
        },
      }
    },
    observeShed: () => shed.inc(),
    observeRateLimited: (scope, limit) => refused.inc({ scope, limit }),
    observeAuditLost: () => auditLost.inc(),
    observeLogLost: () => logLost.inc(),
    observeLimitsShared: (shared) => limitsLocal.set(shared ? 0 : 1),
    observeGranted: (scope, provider) => grantedChild(scope)(provider).inc(),
    observeAuth: (outcome, scope, { provider, reason }) => authenticated.labels(scope, provider, outcome, reason).inc(),
    render: async () => ({
      contentType: registry.contentType,
      body: [requests.text(), calls.text(), await registry.metrics()].join('\n'),
    }),
    snapshot: async () => [requests.snapshot(), calls.snapshot(), ...(await registry.getMetricsAsJSON())],
  }
}

/** Makes each child once: on the hot path a few map look-ups, no label objects. */
const children = <Child, Key = string>(make: (key: Key) => Child): ((key: Key) => Child) => {
  const made = new Map<Key, Child>()
  return (key) => {
    let child = made.get(key)
    if (child === undefined) {
      child = make(key)
      made.set(key, child)
    }
    return child
  }
}
