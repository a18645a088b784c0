import type { Clock } from '../../kernel/clock.ts'
import { Aborter, type Signal } from '../../kernel/signal.ts'
import { TimeLimit, type Waiting } from '../../kernel/timer.ts'
import type { Call, Guard, Reply } from '../call.ts'
import { abortProblem, deadlineProblem } from './aborted.ts'

export type TimeoutOptions = { readonly service: string; readonly timeoutMs: number; readonly clock: Clock }

/**
 * Ends an attempt after `timeoutMs`, or when the request's budget ends if that is sooner. The call gets a signal
 * of its own, which aborts with the problem as its reason, and a deadline that is the attempt's own end, to send
 * on. A budget already spent makes no call.
 */
export const timeout =
  ({ service, timeoutMs, clock }: TimeoutOptions): Guard =>
  <Input, Output>(next: Call<Input, Output>): Call<Input, Output> =>
  (input, context) => {
    if (context.signal.aborted) return Promise.reject(abortProblem(context.signal, service))
    const now = clock.now()
    const deadline = Math.min(now + timeoutMs, context.deadline)
    if (deadline <= now) return Promise.reject(deadlineProblem(service))
    return new Promise((resolve, reject) => {
      const attempt = new Attempt(context.signal, service, { milliseconds: deadline - now, resolve, reject })
      try {
        next(input, { ...context, signal: attempt, deadline }).then(attempt.succeeded, attempt.failed)
      } catch (thrown) {
        attempt.failed(thrown)
      }
    })
  }

type Attempted<Output> = {
  readonly milliseconds: number
  readonly resolve: (reply: Reply<Output>) => void
  readonly reject: (thrown: unknown) => void
}

/**
 * One try under way, and the signal that its work gets: one object, one timer, one listener.
 * `AbortSignal.any` with `AbortSignal.timeout` costs many times as much.
 */
class Attempt<Output> extends Aborter implements Waiting {
  readonly #parent: Signal
  readonly #service: string
  readonly #reject: Attempted<Output>['reject']
  readonly #limit: TimeLimit
  readonly succeeded: (reply: Reply<Output>) => void
  readonly failed: (thrown: unknown) => void

  constructor(parent: Signal, service: string, { milliseconds, resolve, reject }: Attempted<Output>) {
    super()
    this.#parent = parent
    this.#service = service
    this.#reject = reject
    this.succeeded = (reply) => {
      this.#end()
      resolve(reply)
    }
    this.failed = (thrown) => {
      this.#end()
      reject(thrown)
    }
    this.#limit = new TimeLimit(milliseconds, this)
    parent.addEventListener('abort', this)
  }

  onTime(): void {
    this.#stop(deadlineProblem(this.#service))
  }

  /** The parent's listener. */
  handleEvent(): void {
    this.#stop(abortProblem(this.#parent, this.#service))
  }

  /** The work is told first and the caller answered at once: a call that is slow to stop delays nobody. */
  #stop(problem: Error): void {
    this.#end()
    this.abort(problem)
    this.#reject(problem)
  }

  #end(): void {
    this.#limit.end()
    this.#parent.removeEventListener('abort', this)
  }
}
