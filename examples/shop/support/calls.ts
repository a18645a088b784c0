const kept = 1_000

/** A call as the service saw it. */
export interface RecordedCall {
  /** `GET /users?ids=u-1`, or `shop.catalog.v1.Catalog/GetProduct`. */
  readonly name: string
  /** How many ids a batch asked for. */
  readonly keys?: number
  /** HTTP headers or gRPC metadata. */
  readonly headers: Readonly<Record<string, unknown>>
  /** The parsed body or the request message. */
  readonly body?: unknown
  /** What was left of the gRPC deadline on arrival. */
  readonly timeoutMs?: number
}

/** What a service was asked, for tests and demos to look at. */
export interface Calls {
  /** The last 1,000, oldest first. */
  list(): readonly RecordedCall[]
  /** How many of those have `part` in their name; all of them without it. */
  count(part?: string): number
  /** How many the client gave up before the answer. */
  cancelled(): number
  clear(): void
}

export interface CallRecorder extends Calls {
  readonly add: (call: RecordedCall) => void
  readonly addCancelled: () => void
}

export function recordCalls(): CallRecorder {
  let calls: RecordedCall[] = []
  let cancelled = 0

  return {
    list: () => [...calls],
    count: (part = '') => calls.filter(({ name }) => name.includes(part)).length,
    cancelled: () => cancelled,
    clear() {
      calls = []
      cancelled = 0
    },
    add(call) {
      calls.push(call)
      if (calls.length > kept) calls.shift()
    },
    addCancelled() {
      cancelled += 1
    },
  }
}
