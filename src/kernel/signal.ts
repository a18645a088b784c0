/**
 * What a call needs of an AbortSignal: a real one has all of it. Every call listens to one and every attempt
 * makes one, and Node's are event targets that outlive the young generation of the heap; ours are two fields
 * and a list (`npm run bench -- W3` shows the difference).
 */
export type Signal = {
  readonly aborted: boolean
  /** What it was aborted with; undefined until then. */
  readonly reason: unknown
  addEventListener(type: 'abort', listener: AbortListener): void
  removeEventListener(type: 'abort', listener: AbortListener): void
}

export type AbortListener = (() => void) | { handleEvent(): void }

/** A signal and the hand that aborts it. */
export class Aborter implements Signal {
  aborted = false
  reason: unknown
  #listeners: AbortListener[] = []

  addEventListener(_type: 'abort', listener: AbortListener): void {
    this.#listeners.push(listener)
  }

  removeEventListener(_type: 'abort', listener: AbortListener): void {
    const at = this.#listeners.indexOf(listener)
    if (at >= 0) this.#listeners.splice(at, 1)
  }

  /** Aborts once; listeners are told in the order in which they came. */
  abort(reason?: unknown): void {
    if (this.aborted) return
    this.aborted = true
    this.reason = reason
    const listeners = this.#listeners
    this.#listeners = []
    for (const listener of listeners) {
      if (typeof listener === 'function') listener()
      else listener.handleEvent()
    }
  }
}

/** A real AbortSignal that follows one of ours, for code that is not ours: `fetch` and the like. */
export const abortSignalOf = (signal: Signal): AbortSignal => {
  if (signal instanceof AbortSignal) return signal
  const controller = new AbortController()
  if (signal.aborted) controller.abort(signal.reason)
  else signal.addEventListener('abort', () => controller.abort(signal.reason))
  return controller.signal
}
