import type { GuardTools } from '../guard-tools.ts'
import type { Lease, Resources } from '../resources.ts'
import type { RestService } from '../service.ts'
import { nameOf, TargetSet } from '../targets/set.ts'
import { tlsKey } from '../tls.ts'
import { watchHttpHealth } from './health.ts'
import { acquirePool } from './pool.ts'
import type { RestLink } from './wire/flight.ts'

/** A service's targets, and the connections to each. */
export type RestTargets = TargetSet<RestLink>

/** A share in the targets of a service: what is known of them outlives a generation whose settings of them are the same. */
export const acquireTargets = (
  service: RestService,
  resources: Resources,
  { clock, tell, share, warn }: GuardTools,
): Lease<RestTargets> => {
  const { name, origin, tls, http2, targets, health } = service
  return resources.acquire(
    `rest targets ${JSON.stringify([name, origin, tlsKey(tls), http2, targets, health])}`,
    () => {
      const leases = new Map<RestLink, Lease<RestLink>>()
      return new TargetSet<RestLink>(targets, {
        now: () => clock.now(),
        date: () => clock.date(),
        open(address) {
          const lease = acquirePool(service, address, resources)
          leases.set(lease.value, lease)
          return lease.value
        },
        close(pool) {
          const lease = leases.get(pool)
          leases.delete(pool)
          void lease?.release()
        },
        ...(health === undefined ? {} : { watch: (target) => watchHttpHealth(target, { health, clock }) }),
        shared: (part) => share?.(name, part),
        rampStopped: (words) => {
          tell?.(name, 'ramp stopped')
          warn?.(`Service ${name}: ${words}`)
        },
        tell(event, target) {
          tell?.(name, event)
          warn?.(`Service ${name}: ${event}, ${nameOf(target)}.`)
        },
      })
    },
    (set) => set.close(),
  )
}
