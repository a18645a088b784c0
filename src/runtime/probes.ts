import { createServer } from 'node:http'
import type { HostPort } from '../config/scalars.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { openSidePort, type SidePort } from './listener.ts'

/** Whether the process should get traffic now, and why not, or which services do not serve. */
export type Readiness = { readonly ready: boolean; readonly words: string }

type ProbeTools = {
  readonly readiness: () => Readiness | Promise<Readiness>
  readonly metrics: Pick<Metrics, 'render'>
}

/**
 * The port for kubelet and Prometheus: `/livez` while the process runs, `/readyz` while it should get traffic,
 * `/metrics` in the Prometheus text format. Nothing here is secret, and nothing can be changed.
 */
export const openProbes = (address: HostPort, { readiness, metrics }: ProbeTools): Promise<SidePort> => {
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0]
    const say = (status: number, body: string, type = 'text/plain; charset=utf-8'): void => {
      response
        .writeHead(status, { 'content-type': type, 'cache-control': 'no-store' })
        .end(request.method === 'HEAD' ? undefined : body)
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') say(405, 'GET or HEAD\n')
    else if (path === '/livez') say(200, 'ok\n')
    else if (path === '/readyz')
      Promise.resolve(readiness()).then(
        ({ ready, words }) => say(ready ? 200 : 503, `${words}\n`),
        () => say(503, 'not known\n'),
      )
    else if (path === '/metrics')
      metrics.render().then(
        ({ contentType, body }) => say(200, body, contentType),
        () => say(500, 'The metrics could not be read.\n'),
      )
    else say(404, '/livez, /readyz and /metrics\n')
  })
  return openSidePort(server, address)
}
