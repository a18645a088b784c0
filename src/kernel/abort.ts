import { Aborter, type Signal } from './signal.ts'

/** A signal of its own that also aborts with another one. */
export type LinkedAbort = {
  readonly signal: Signal
  /** Aborts this signal and lets go of the other. */
  end(): void
}

export const linkedAbort = (outer: Signal): LinkedAbort => {
  const inner = new Aborter()
  const abort = (): void => inner.abort(outer.reason)
  if (outer.aborted) abort()
  else outer.addEventListener('abort', abort)
  return {
    signal: inner,
    end() {
      outer.removeEventListener('abort', abort)
      inner.abort()
    },
  }
}

/** An iteration that may be left at any time. */
export type Abortable<T> = AsyncIterableIterator<T, void> & { return(): Promise<IteratorResult<T, void>> }

/**
 * An iteration that `return()` ends at once. A generator alone would go on waiting for its next value, and with it
 * the upstream stream behind it; here its source is given a signal, which aborts first.
 */
export const abortable = <T>(outer: Signal, make: (signal: Signal) => AsyncGenerator<T, void, void>): Abortable<T> => {
  const link = linkedAbort(outer)
  const source = make(link.signal)
  const over = { done: true, value: undefined } as const
  let waiting = 0
  let returned = false
  return {
    [Symbol.asyncIterator]() {
      return this
    },
    async next() {
      waiting += 1
      try {
        return await source.next()
      } catch (error) {
        if (returned) return over
        throw error
      } finally {
        waiting -= 1
      }
    },
    async return() {
      returned = true
      link.end()
      const ended = source.return().catch(() => over)
      // A value that is waited for never comes; the source ends when its signal reaches it.
      return waiting > 0 ? over : ended
    },
  }
}
