import type { Clock } from '../../kernel/clock.ts'
import { Problem } from '../../kernel/problem.ts'
import type { Call, Guard } from '../call.ts'
import { RollingWindow } from '../rolling-window.ts'
import { abortProblem } from './aborted.ts'
import { isFailureStatus, isServiceFailure } from './failure.ts'

export type BreakerSettings = {
  /** Share of failures, from 0 to 1, over the last ten seconds. */
  readonly rate: number
  /** Calls in the last ten seconds below which the rate says nothing. */
  readonly volume: number
  /** How long it stays open the first time; twice as long each time a trial fails, up to `mostMs`. */
  readonly openMs: number
  readonly mostMs: number
}

export type BreakerState = 'closed' | 'open' | 'trial'

export type BreakerOptions = {
  readonly service: string
  readonly settings: BreakerSettings
  readonly clock: Clock
  /** Told of each change. */
  readonly tell?: ((state: BreakerState) => void) | undefined
}

/**
 * Keeps calls from a service that fails: open, it refuses them at once; after a time it lets one call through, whose
 * end decides. What clients did wrong and what we refused ourselves is no failure; a call that nobody waited for says
 * nothing, and the next one is the trial.
 */
export class Breaker {
  readonly #options: BreakerOptions
  readonly #window = new RollingWindow()
  #state: BreakerState = 'closed'
  #openUntil = 0
  #openMs: number
  #trying = false

  constructor(options: BreakerOptions) {
    this.#options = options
    this.#openMs = options.settings.openMs
  }

  get state(): BreakerState {
    return this.#state
  }

  /** A guard that all calls of the service share. */
  readonly guard: Guard =
    <Input, Output>(next: Call<Input, Output>): Call<Input, Output> =>
    (input, context) => {
      if (context.signal.aborted) return Promise.reject(abortProblem(context.signal, this.#options.service))
      const trial = this.#state !== 'closed'
      if (trial && !this.#mayTry()) return Promise.reject(this.#refusal())
      const failed = (thrown: unknown): Promise<never> => {
        const cancelled = thrown instanceof Problem && thrown.code === 'CANCELLED'
        if (cancelled || (thrown instanceof Problem && thrown.refused)) this.#nothing(trial)
        else this.#ended(isServiceFailure(thrown), trial)
        return Promise.reject(thrown)
      }
      try {
        return next(input, context).then((reply) => {
          this.#ended(isFailureStatus(reply.status), trial)
          return reply
        }, failed)
      } catch (thrown) {
        return failed(thrown)
      }
    }

  #mayTry(): boolean {
    if (this.#trying || this.#options.clock.now() < this.#openUntil) return false
    this.#trying = true
    this.#become('trial')
    return true
  }

  #nothing(trial: boolean): void {
    if (trial) this.#trying = false
  }

  #ended(failed: boolean, trial: boolean): void {
    const { clock, settings } = this.#options
    const now = clock.now()
    if (trial) {
      this.#trying = false
      if (failed) this.#open(now, Math.min(this.#openMs * 2, settings.mostMs))
      else this.#close()
      return
    }
    // A call from before it opened.
    if (this.#state !== 'closed') return
    this.#window.add(now, failed)
    if (
      failed &&
      this.#window.all(now) >= settings.volume &&
      this.#window.some(now) >= settings.rate * this.#window.all(now)
    )
      this.#open(now, settings.openMs)
  }

  #open(now: number, forMs: number): void {
    this.#openMs = forMs
    this.#openUntil = now + forMs
    this.#become('open')
  }

  #close(): void {
    this.#openMs = this.#options.settings.openMs
    this.#window.clear()
    this.#become('closed')
  }

  #become(state: BreakerState): void {
    if (this.#state === state) return
    this.#state = state
    this.#options.tell?.(state)
  }

  #refusal(): Problem {
    const { service, clock } = this.#options
    const seconds = Math.max(1, Math.ceil((this.#openUntil - clock.now()) / 1_000))
    return new Problem('UNAVAILABLE', `Service ${service} has failed too often; it is left alone for a moment.`, {
      service,
      refused: true,
      reason: 'CIRCUIT_OPEN',
      headers: { 'retry-after': String(seconds) },
    })
  }
}
