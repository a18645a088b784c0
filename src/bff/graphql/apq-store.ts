import { LRUCache } from 'lru-cache'
import { within } from '../../kernel/patience.ts'

/** Documents that clients registered by their hash. */
export type ApqStore = {
  readonly get: (hash: string) => Promise<string | undefined>
  readonly set: (hash: string, document: string) => Promise<void>
}

/** What replicas share, as far as documents need it; ioredis has it. */
export type SharedStore = {
  get(key: string): Promise<string | null>
  set(key: string, value: string, unit: 'EX', seconds: number): Promise<unknown>
}

/** Documents kept in memory, by number and by characters in all. */
const most = { max: 5_000, maxSize: 16_777_216 }

/** How long the shared store keeps a document nobody registers again. */
const keptSeconds = 86_400

/** How long a request waits for the shared store; past that it is as if nothing were there. */
const patienceMs = 250

/** In memory, and behind that in what replicas share; where that is not to be had, clients register again. */
export const createApqStore = (shared: SharedStore | undefined, bff: string): ApqStore => {
  const known = new LRUCache<string, string>({ ...most, sizeCalculation: (text) => text.length + 1 })
  const key = (hash: string): string => `portico:apq:${bff}:${hash}`
  return {
    async get(hash) {
      const here = known.get(hash)
      if (here !== undefined || shared === undefined) return here
      const there = await soon(shared.get(key(hash)))
      if (typeof there !== 'string') return undefined
      known.set(hash, there)
      return there
    },
    async set(hash, document) {
      known.set(hash, document)
      if (shared !== undefined) await soon(shared.set(key(hash), document, 'EX', keptSeconds))
    },
  }
}

/** What comes of it in time; undefined where it fails or takes longer. */
const soon = <Value>(promise: Promise<Value>): Promise<Value | undefined> =>
  within(patienceMs, promise).catch(() => undefined)
