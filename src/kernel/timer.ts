/** Node fires timers that are longer than this at once; 24 days is never, for a call. */
const longest = 2_147_483_647

const bounded = (milliseconds: number): number => Math.max(0, Math.min(Math.ceil(milliseconds), longest))

/** A timer that fires at the earliest after so many milliseconds, which may be a fraction or Infinity. */
export const startTimer = (milliseconds: number, expire: () => void): NodeJS.Timeout =>
  setTimeout(expire, bounded(milliseconds))

/** Turns of the event loop: what comes by TLS or by streams of Node's own takes more than one to be there. */
const lastLooks = 3

/** Who waits for something, and is told that its time is over. */
export type Waiting = { onTime(): void }

/**
 * How long something is waited for that comes from elsewhere. Where this process was held up, what has come meanwhile
 * counts as in time, and may end the limit: Node runs timers before it reads what sockets have got, so that the sockets
 * are looked at again first. One function for all limits, so that a call makes no closure for its own.
 */
export class TimeLimit {
  readonly #waiting: Waiting
  readonly #timer: NodeJS.Timeout
  #looksLeft = 0
  #lastLook: NodeJS.Immediate | undefined

  constructor(milliseconds: number, waiting: Waiting) {
    this.#waiting = waiting
    this.#timer = setTimeout(TimeLimit.#expire, bounded(milliseconds), this)
  }

  static readonly #expire = (limit: TimeLimit): void => {
    limit.#looksLeft = lastLooks
    TimeLimit.#look(limit)
  }

  static readonly #look = (limit: TimeLimit): void => {
    if (limit.#looksLeft === 0) return limit.#waiting.onTime()
    limit.#looksLeft -= 1
    limit.#lastLook = setImmediate(TimeLimit.#look, limit)
  }

  /** Begins anew. */
  refresh(): void {
    clearImmediate(this.#lastLook)
    this.#timer.refresh()
  }

  /** Does not keep the process alive. */
  unref(): this {
    this.#timer.unref()
    return this
  }

  /** It has come, or nobody waits any more. */
  end(): void {
    clearTimeout(this.#timer)
    clearImmediate(this.#lastLook)
  }
}
