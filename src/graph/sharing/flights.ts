import { Aborter, type Signal } from '../../kernel/signal.ts'
import { TimeLimit } from '../../kernel/timer.ts'

/** Until when one who asked waits, and what it is told when it leaves before the answer. */
export type Waiting = {
  readonly signal: Signal
  /** What it is told when its signal aborts. */
  readonly gone: () => Error
  /** Its own end, where the work may go on for longer. */
  readonly limit?: { readonly milliseconds: number; readonly over: () => Error }
}

/** Work under way: whoever asks the same while it is joins it. */
export class Flight<T> {
  /** When the work ends at the latest, in the clock's monotonic milliseconds. */
  readonly deadline: number
  /** Aborts once the last who waited has left. */
  readonly signal: Signal
  readonly #aborter = new Aborter()
  readonly #waiting = new Set<Waiter<T>>()
  readonly #ended: () => void
  #joined = 0

  constructor(deadline: number, ended: () => void) {
    this.deadline = deadline
    this.signal = this.#aborter
    this.#ended = ended
  }

  /** Waits for what the work comes to. Rejects with what it rejects with, or with the reason to leave. */
  wait(waiting: Waiting): Promise<T> {
    this.#joined += 1
    return new Promise((resolve, reject) => {
      this.#waiting.add(new Waiter(waiting, { resolve, reject, leave: this.#leave }))
    })
  }

  /** Whether more than one ever waited. */
  get shared(): boolean {
    return this.#joined > 1
  }

  settle(give: (waiter: Pick<Waiter<T>, 'resolve' | 'reject'>) => void): void {
    this.#ended()
    for (const waiter of this.#waiting) {
      waiter.end()
      give(waiter)
    }
    this.#waiting.clear()
  }

  readonly #leave = (waiter: Waiter<T>, why: Error): void => {
    this.#waiting.delete(waiter)
    if (this.#waiting.size > 0) return
    this.#ended()
    this.#aborter.abort(why)
  }
}

type Outcome<T> = {
  readonly resolve: (value: T) => void
  readonly reject: (error: unknown) => void
  readonly leave: (waiter: Waiter<T>, why: Error) => void
}

/** One who waits. It is its own abort listener, for one object less. */
class Waiter<T> {
  readonly resolve: Outcome<T>['resolve']
  readonly reject: Outcome<T>['reject']
  readonly #leave: Outcome<T>['leave']
  readonly #waiting: Waiting
  readonly #limit: TimeLimit | undefined

  constructor(waiting: Waiting, { resolve, reject, leave }: Outcome<T>) {
    this.resolve = resolve
    this.reject = reject
    this.#leave = leave
    this.#waiting = waiting
    const { limit, signal } = waiting
    if (limit !== undefined) this.#limit = new TimeLimit(limit.milliseconds, { onTime: () => this.#give(limit.over()) })
    signal.addEventListener('abort', this)
  }

  handleEvent(): void {
    this.#give(this.#waiting.gone())
  }

  end(): void {
    this.#limit?.end()
    this.#waiting.signal.removeEventListener('abort', this)
  }

  #give(why: Error): void {
    this.end()
    this.#leave(this, why)
    this.reject(why)
  }
}

/** Work under way by what it is for. Bounded by what is in flight: nothing outlives its work. */
export class Flights<T> {
  readonly #publish: (value: T) => T
  #table = new Map<string, Flight<T>>()

  /** `publish` makes a value safe to be held by several. */
  constructor(publish: (value: T) => T) {
    this.#publish = publish
  }

  find(key: string): Flight<T> | undefined {
    return this.#table.get(key)
  }

  /** Starts work that others may join; the one who starts it waits for it as the first, at once. */
  start(key: string, deadline: number, work: (signal: Signal) => Promise<T>): Flight<T> {
    const flight = new Flight<T>(deadline, () => {
      if (this.#table.get(key) === flight) this.#table.delete(key)
    })
    this.#table.set(key, flight)
    begun(work, flight.signal).then(
      (value) => {
        const given = flight.shared ? this.#publish(value) : value
        flight.settle(({ resolve }) => resolve(given))
      },
      (error: unknown) => flight.settle(({ reject }) => reject(error)),
    )
    return flight
  }

  /** Nobody joins what is under way now; those who wait get their answers. */
  forget(): void {
    this.#table = new Map()
  }
}

/** What throws at once fails like what fails later: nobody may wait for work that never began. */
const begun = <T>(work: (signal: Signal) => Promise<T>, signal: Signal): Promise<T> => {
  try {
    return work(signal)
  } catch (error) {
    return Promise.reject(error)
  }
}
