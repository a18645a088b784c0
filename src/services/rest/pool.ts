import { authorityOf } from '../../kernel/authority.ts'
import type { Lease, Resources } from '../resources.ts'
import type { RestService } from '../service.ts'
import type { Address } from '../targets/target.ts'
import { tlsKey } from '../tls.ts'
import { Http2Origin } from './http2/origin.ts'
import type { RestLink } from './wire/flight.ts'
import { Origin } from './wire/origin.ts'

/** A share in the connections to one address under one name: services that lead there with the same TLS share them. */
export const acquirePool = (
  { origin, tls, http2, resilience }: RestService,
  address: Address,
  resources: Resources,
): Lease<RestLink> => {
  const connectTimeoutMs = resilience?.connectMs ?? 10_000
  const { protocol } = new URL(origin)
  const named = `${protocol}//${authorityOf(address.name, address.port)}`
  const Kind = http2 === true ? Http2Origin : Origin
  return resources.acquire(
    `rest ${Kind.name} ${named} ${address.host} ${tlsKey(tls)} ${connectTimeoutMs}`,
    () => new Kind({ origin: named, host: address.host, tls, connectTimeoutMs }),
    (pool) => pool.retire(),
  )
}
