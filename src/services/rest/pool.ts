import { Pool } from 'undici'
import type { Lease, Resources } from '../resources.ts'
import type { RestService } from '../service.ts'

/** The kept-alive connections to one origin. */
export type RestPool = {
  readonly dispatcher: Pool
  /**
   * Whether the request that starts now is the first on its connection. Asked in `onRequestStart` and nowhere else:
   * undici starts a request in the same turn in which its connection opened.
   */
  takesFresh(): boolean
}

/** A share in the pool of a service's origin and TLS settings: services at one origin share its connections. */
export const acquirePool = ({ origin, tls }: RestService, resources: Resources): Lease<RestPool> =>
  resources.acquire(
    `rest ${origin} ${tls?.serverName ?? ''} ${tls?.ca ?? ''}`,
    () => openPool(origin, tls),
    ({ dispatcher }) => dispatcher.destroy(),
  )

const openPool = (origin: string, tls: RestService['tls']): RestPool => {
  const dispatcher = new Pool(origin, {
    // HTTP/1.1 only: raw headers stay lists, and one exchange at a time owns a socket, so that ending it harms no other.
    allowH2: false,
    pipelining: 1,
    // Whoever asks owns the time: the guards of a call, the route of a proxied request.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: {
      rejectUnauthorized: true,
      ...(tls?.ca === undefined ? {} : { ca: tls.ca }),
      ...(tls?.serverName === undefined ? {} : { servername: tls.serverName }),
    },
  })
  let fresh = false
  dispatcher.on('connect', () => {
    fresh = true
  })
  return {
    dispatcher,
    takesFresh() {
      const answer = fresh
      fresh = false
      return answer
    },
  }
}
