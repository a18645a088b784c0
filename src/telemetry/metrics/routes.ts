import { Counter, type Registry } from '@prometheus-io/client'
import { children } from './children.ts'

/** Of routes. */
export type RouteMetrics = {
  /** Of a route with several versions, by its path as written. */
  readonly observeVersion: (route: string, version: string) => void
  /** Of a route between several services, by its path as written. */
  readonly observeSplit: (route: string, part: string) => void
  /** A request of a route was answered in the place of its service. */
  readonly observeFallback: (route: string, kind: string) => void
  /** A copy of a request of a route has ended, with a code or `left out`. */
  readonly observeMirror: (route: string, outcome: string) => void
}

export const routeMetrics = (registry: Registry): RouteMetrics => {
  const registers = [registry]
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

  return {
    observeVersion: (route, version) => versions.inc({ route, version }),
    observeSplit: (route, part) => splitChild(route)(part).inc(),
    observeFallback: (route, kind) => fallbacks.inc({ route, kind }),
    observeMirror: (route, outcome) => mirrored.inc({ route, outcome }),
  }
}
