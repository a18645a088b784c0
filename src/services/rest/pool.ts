import { authorityOf } from '../../kernel/authority.ts'
import type { Lease, Resources } from '../resources.ts'
import type { RestService } from '../service.ts'
import type { Address } from '../targets/target.ts'
import { tlsKey } from '../tls.ts'
import { Origin } from './wire/origin.ts'

/** A share in the connections to one address under one name: services that lead there with the same TLS share them. */
export const acquirePool = (
  { origin, tls, resilience }: RestService,
  address: Address,
  resources: Resources,
): Lease<Origin> => {
  const connectTimeoutMs = resilience?.connectMs ?? 10_000
  const { protocol } = new URL(origin)
  const named = `${protocol}//${authorityOf(address.name, address.port)}`
  return resources.acquire(
    `rest ${named} ${address.host} ${tlsKey(tls)} ${connectTimeoutMs}`,
    () => new Origin({ origin: named, host: address.host, tls, connectTimeoutMs }),
    (pool) => pool.retire(),
  )
}
