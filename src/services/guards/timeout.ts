import type { Clock } from '../../kernel/clock.ts'
import { Aborter } from '../../kernel/signal.ts'
import type { Call, CallContext, Guard, Reply } from '../call.ts'
import { abortProblem, deadlineProblem } from './aborted.ts'
import { startTimer } from './timer.ts'

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
    return attempt(next, input, { context, service, deadline, milliseconds: deadline - now })
  }

type Attempt = {
  readonly context: CallContext
  readonly service: string
  readonly deadline: number
  readonly milliseconds: number
}

// One timer, one listener, one signal of our own: `AbortSignal.any` with `AbortSignal.timeout` costs many times as much.
const attempt = <Input, Output>(
  next: Call<Input, Output>,
  input: Input,
  { context, service, deadline, milliseconds }: Attempt,
): Promise<Reply<Output>> =>
  new Promise((resolve, reject) => {
    const aborter = new Aborter()
    const parent = context.signal
    const end = (): void => {
      clearTimeout(timer)
      parent.removeEventListener('abort', onAbort)
    }
    // The call is told first and the caller answered at once: a call that is slow to stop delays nobody.
    const stop = (problem: Error): void => {
      end()
      aborter.abort(problem)
      reject(problem)
    }
    const onAbort = (): void => stop(abortProblem(parent, service))
    const timer = startTimer(milliseconds, () => stop(deadlineProblem(service)))
    parent.addEventListener('abort', onAbort)
    const ended =
      <Value>(then: (value: Value) => void) =>
      (value: Value): void => {
        end()
        then(value)
      }
    try {
      next(input, { ...context, signal: aborter, deadline }).then(ended(resolve), ended(reject))
    } catch (thrown) {
      ended(reject)(thrown)
    }
  })
