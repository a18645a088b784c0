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
  /** Most have one, and an empty list that grows makes room for seventeen. */
  #listeners: AbortListener[] | undefined

  addEventListener(_type: 'abort', listener: AbortListener): void {
    if (this.#listeners === undefined) this.#listeners = [listener]
    else this.#listeners.push(listener)
  }

  removeEventListener(_type: 'abort', listener: AbortListener): void {
    const listeners = this.#listeners
    const at = listeners?.lastIndexOf(listener) ?? -1
    if (listeners === undefined || at < 0) return
    if (at === listeners.length - 1) listeners.pop()
    else listeners.splice(at, 1)
  }

  /** Aborts once; listeners are told in the order in which they came. */
  abort(reason?: unknown): void {
    if (this.aborted) return
    this.aborted = true
    this.reason = reason
    const listeners = this.#listeners
    this.#listeners = undefined
    for (const listener of listeners ?? []) {
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
