import type { Lease, Resources } from '../resources.ts'
import type { RestService } from '../service.ts'
import { Origin } from './wire/origin.ts'

/** A share in the connections of a service's origin and TLS settings: services at one origin share them. */
export const acquirePool = ({ origin, tls }: RestService, resources: Resources): Lease<Origin> =>
  resources.acquire(
    `rest ${origin} ${tls?.serverName ?? ''} ${tls?.ca ?? ''}`,
    () => new Origin({ origin, tls }),
    (pool) => pool.close(),
  )
