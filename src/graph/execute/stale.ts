import { LRUCache } from 'lru-cache'
import type { Clock } from '../../kernel/clock.ts'

/** Last good raw values of a BFF, by what was asked and, where the service knows who asks, by whom. */
export type StaleValues = {
  readonly keep: (key: string, value: unknown) => void
  readonly recall: (key: string, maxAgeMs: number) => unknown
}

type Kept = { readonly value: unknown; readonly at: number; readonly bytes: number }

/** Kept for each BFF in each process: values, bytes of all and of one, about. The least used are dropped. */
const most = 1_000
const mostBytes = 33_554_432
const mostOfOne = 1_048_576

export const createStaleValues = (clock: Clock): StaleValues => {
  const values = new LRUCache<string, Kept>({
    max: most,
    maxSize: mostBytes,
    maxEntrySize: mostOfOne,
    sizeCalculation: ({ bytes }) => bytes,
  })
  return {
    keep(key, value) {
      const last = values.peek(key)
      // Answers that come again are the same object (decision 6): it is weighed once.
      const bytes = last !== undefined && last.value === value ? last.bytes : key.length + weightOf(value)
      values.set(key, { value, at: clock.now(), bytes })
    },
    recall(key, maxAgeMs) {
      const found = values.get(key)
      return found === undefined || clock.now() - found.at > maxAgeMs ? undefined : found.value
    },
  }
}

/** About the bytes of a raw value; of one that is too large, not all of them. */
const weightOf = (value: unknown): number => {
  let bytes = 0
  const rest = [value]
  while (rest.length > 0 && bytes <= mostOfOne) {
    const one = rest.pop()
    bytes += 16
    if (typeof one === 'string') bytes += one.length
    else if (Array.isArray(one)) for (const item of one) rest.push(item)
    else if (typeof one === 'object' && one !== null)
      for (const [name, member] of Object.entries(one)) {
        bytes += name.length
        rest.push(member)
      }
  }
  return bytes
}
