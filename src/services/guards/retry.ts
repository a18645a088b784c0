import type { Clock } from '../../kernel/clock.ts'
import { asProblem, type Problem } from '../../kernel/problem.ts'
import { startTimer } from '../../kernel/timer.ts'
import type { Call, CallContext, Guard, Reply, Traits } from '../call.ts'
import { RollingWindow } from '../rolling-window.ts'
import { abortProblem } from './aborted.ts'
import { isTransient, neverSent, withheld } from './failure.ts'

export type RetrySettings = {
  /** Tries after the first. */
  readonly times: number
  /** The longest pause before the first further try; doubled for each next one, up to `mostMs`. */
  readonly baseMs: number
  readonly mostMs: number
  /** Further tries of the last ten seconds as a share, from 0 to 1, of the calls. */
  readonly budget: number
}

/** So many further tries in ten seconds are always allowed: else a service that is seldom called would get none. */
const always = 10

/** Bounds the further tries of a service, so that retries cannot drown one that is already in trouble. */
export class RetryBudget {
  readonly #window = new RollingWindow()
  readonly #share: number

  constructor(share: number) {
    this.#share = share
  }

  /** A call begins. */
  called(now: number): void {
    this.#window.add(now, false)
  }

  /** Whether there is room for one more try. */
  hasRoom(now: number): boolean {
    const tries = this.#window.some(now)
    return tries < Math.max(always, this.#share * (this.#window.all(now) - tries))
  }

  /** Of the last ten seconds: calls, further tries of them, and whether there is room for one more. */
  state(now: number): { readonly calls: number; readonly tries: number; readonly room: boolean } {
    const tries = this.#window.some(now)
    return { calls: this.#window.all(now) - tries, tries, room: this.hasRoom(now) }
  }

  /** One more try begins. */
  take(now: number): void {
    this.#window.add(now, true)
  }
}

export type RetryOptions = {
  readonly service: string
  readonly settings: RetrySettings
  readonly budget: RetryBudget
  readonly clock: Clock
  readonly random?: (() => number) | undefined
  /** Told of each further try, and of each that the bound of its operation withheld. */
  readonly tell?: ((event: 'retry' | 'retry withheld') => void) | undefined
}

/**
 * Tries a call again where that may go better: calls that may be repeated when the service was unavailable or late,
 * and any call that was never sent. Pauses are drawn from zero to a bound that doubles (full jitter), or are as long
 * as the service asks by Retry-After; a pause that the budget of the request does not have is not begun.
 */
export const retry =
  (options: RetryOptions): Guard =>
  <Input, Output>(next: Call<Input, Output>, { mayRepeat }: Traits<Input>): Call<Input, Output> =>
  (input, context) => {
    if (context.signal.aborted) return Promise.reject(abortProblem(context.signal, options.service))
    const { budget, clock, settings } = options
    budget.called(clock.now())
    let times = 0
    /** The pause before the try that would follow a problem; undefined where none does. */
    const pauseAfter = (problem: Problem): number | undefined => {
      if (times >= settings.times || context.signal.aborted) return undefined
      if (!neverSent(problem) && !(isTransient(problem) && mayRepeat(input))) return undefined
      const pause = pauseMs(problem, times, options)
      const now = clock.now()
      return now + pause < context.deadline && budget.hasRoom(now) ? pause : undefined
    }
    const wouldTryAgain = (problem: Problem): boolean => pauseAfter(problem) !== undefined
    const inner: CallContext = { ...context, tried: [], wouldTryAgain }
    const attempt = (): Promise<Reply<Output>> => {
      try {
        return next(input, inner).catch(again)
      } catch (thrown) {
        return again(thrown)
      }
    }
    const again = (thrown: unknown): Promise<Reply<Output>> => {
      const problem = asProblem(thrown)
      const pause = pauseAfter(problem)
      if (pause === undefined) return Promise.reject(thrown)
      if (context.takeTry?.() === false) {
        options.tell?.('retry withheld')
        return Promise.reject(withheld(problem))
      }
      budget.take(clock.now())
      times += 1
      options.tell?.('retry')
      return waited(pause, context, options.service).then(attempt)
    }
    return attempt()
  }

const pauseMs = (
  { headers }: Problem,
  times: number,
  { settings: { baseMs, mostMs }, clock, random = Math.random }: RetryOptions,
): number => {
  const drawn = random() * Math.min(baseMs * 2 ** times, mostMs)
  const asked = headers['retry-after']
  if (asked === undefined) return drawn
  // Seconds or a date (RFC 9110 §10.2.3).
  const ms = /^\d+$/.test(asked) ? Number(asked) * 1_000 : Date.parse(asked) - clock.date()
  return Math.max(drawn, ms)
}

const waited = (ms: number, { signal }: CallContext, service: string): Promise<void> =>
  new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(abortProblem(signal, service))
    }
    const timer = startTimer(ms, () => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    })
    signal.addEventListener('abort', onAbort)
  })
