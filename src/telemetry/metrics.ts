import { collectDefaultMetrics, type MetricObjectWithValues, type MetricValue, Registry } from '@prometheus-io/client'
import { Durations, type DurationsSnapshot } from './durations.ts'
import { type AnswerMetrics, answerMetrics } from './metrics/answers.ts'
import { children } from './metrics/children.ts'
import { type GatewayMetrics, gatewayMetrics } from './metrics/gateway.ts'
import { type PolicyMetrics, policyMetrics } from './metrics/policies.ts'
import { type RouteMetrics, routeMetrics } from './metrics/routes.ts'
import { type ServiceMetrics, serviceMetrics } from './metrics/services.ts'
import { type SocketMetrics, socketMetrics } from './metrics/sockets.ts'
import type { CallObserver, RequestObserver } from './observers.ts'

/** What the gateway counts. Label values are bounded: patterns, names and codes of the workspace, never what clients send. */
export type Metrics = AnswerMetrics &
  GatewayMetrics &
  PolicyMetrics &
  RouteMetrics &
  ServiceMetrics &
  SocketMetrics & {
    readonly observeRequest: RequestObserver
    readonly observeCall: CallObserver
    /** The Prometheus text format. */
    readonly render: () => Promise<RenderedMetrics>
    /** The same as data, to be added up with those of other processes by `renderTogether`. */
    readonly snapshot: () => Promise<MetricsSnapshot>
  }

export type RenderedMetrics = { readonly contentType: string; readonly body: string }

/** The metrics of one process at one time. */
export type MetricsSnapshot = readonly (MetricObjectWithValues<MetricValue<string>> | DurationsSnapshot)[]

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** The metrics of a process, with those of Node and the event loop. One for each process: it outlives generations. */
export const createMetrics = (): Metrics => {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const requests = new Durations(
    'http_server_request_duration_seconds',
    'How long requests took, from their arrival to the end of the answer.',
  )
  const calls = new Durations('portico_upstream_call_duration_seconds', 'How long calls of services took.')
  const requestChild = children((route) =>
    children((method) => children((status: number) => requests.series({ method, route, status: String(status) }))),
  )
  const callChild = children((service) => children((outcome: string) => calls.series({ service, outcome })))

  return {
    ...answerMetrics(registry),
    ...gatewayMetrics(registry),
    ...policyMetrics(registry),
    ...routeMetrics(registry),
    ...serviceMetrics(registry),
    ...socketMetrics(registry),
    observeRequest({ request, status, milliseconds }) {
      const method = methods.has(request.method) ? request.method : 'OTHER'
      const route = request.is404 ? 'unmatched' : (request.pattern ?? request.routeOptions.url ?? 'unmatched')
      requestChild(route)(method)(status).observe(milliseconds)
    },
    observeCall: ({ service, outcome, milliseconds }) => callChild(service)(outcome).observe(milliseconds),
    render: async () => ({
      contentType: registry.contentType,
      body: [requests.text(), calls.text(), await registry.metrics()].join('\n'),
    }),
    snapshot: async () => [requests.snapshot(), calls.snapshot(), ...(await registry.getMetricsAsJSON())],
  }
}
