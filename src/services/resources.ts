/** A share in something opened once and used by many. */
export type Lease<T> = {
  readonly value: T
  /** Gives the share back; the last one closes the value. A second call does nothing more. */
  release(): Promise<void>
}

/** What outlives a generation: connection pools, channels, slots. A new generation takes its shares before the old one gives its own back. */
export type Resources = {
  /**
   * A share in the value of a key, made by the first who asks. The key names everything that `make` depends on
   * (kind, address, TLS): who asks for the same key gets the same value.
   */
  acquire<T>(key: string, make: () => T, close: (value: T) => void | Promise<void>): Lease<T>
  /** Closes every value, shares or not: for the end of the process. Rejects with an AggregateError where one failed to close. */
  closeAll(): Promise<void>
}

type Entry = { readonly value: unknown; readonly close: () => void | Promise<void>; shares: number }

export const createResources = (): Resources => {
  const entries = new Map<string, Entry>()

  const give = async (key: string, entry: Entry): Promise<void> => {
    entry.shares -= 1
    if (entry.shares > 0 || entries.get(key) !== entry) return
    entries.delete(key)
    await entry.close()
  }

  return {
    acquire<T>(key: string, make: () => T, close: (value: T) => void | Promise<void>): Lease<T> {
      let entry = entries.get(key)
      if (entry === undefined) {
        const value = make()
        entry = { value, close: () => close(value), shares: 0 }
        entries.set(key, entry)
      }
      entry.shares += 1
      const mine = entry
      let released: Promise<void> | undefined
      return { value: mine.value as T, release: () => (released ??= give(key, mine)) }
    },

    async closeAll() {
      const all = [...entries.values()]
      entries.clear()
      const results = await Promise.allSettled(all.map(async ({ close }) => close()))
      const failures = results.filter((result) => result.status === 'rejected').map(({ reason }) => reason as unknown)
      if (failures.length > 0) throw new AggregateError(failures, 'Resources failed to close.')
    },
  }
}
