import type { Lease, Resources } from '../services/resources.ts'

/** Things that live longer than one generation, each under a key made of the settings it was made from. */
export type Stores = {
  /** The thing of that key: the one a living generation made already, else what `make` gives. */
  keep<Kept>(key: string, make: () => Kept): Kept
}

/** The stores as one generation holds them. */
export type StoresLease = {
  readonly stores: Stores
  /** Lets go of all this generation kept. What no other living generation keeps is forgotten. */
  release(): Promise<void>
}

/**
 * The stores of one generation, among the resources of the process. Leased when the generation is built and
 * released when it is drained, so that a reload neither forgets what stays nor leaks what went.
 */
export const leaseStores = (resources: Resources): StoresLease => {
  const leases = new Map<string, Lease<unknown>>()
  return {
    stores: {
      keep<Kept>(key: string, make: () => Kept): Kept {
        const lease = leases.get(key) ?? resources.acquire(`policies ${key}`, make, () => undefined)
        leases.set(key, lease)
        return lease.value as Kept
      },
    },
    async release() {
      await Promise.all([...leases.values()].map((lease) => lease.release()))
      leases.clear()
    },
  }
}
