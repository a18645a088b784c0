import type { Clock } from '../../kernel/clock.ts'
import type { Code } from '../../kernel/code.ts'
import { asProblem } from '../../kernel/problem.ts'
import type { CallObserver } from '../../telemetry/observers.ts'
import type { Call, Guard } from '../call.ts'
import { abortProblem } from './aborted.ts'

export type ObservedOptions = { readonly service: string; readonly clock: Clock; readonly observe: CallObserver }

/** Says how each call ended and how long it took, waiting included. */
export const observed =
  ({ service, clock, observe }: ObservedOptions): Guard =>
  <Input, Output>(next: Call<Input, Output>): Call<Input, Output> =>
  (input, context) => {
    const start = clock.now()
    const ended = (outcome: Code | 'OK'): void => observe({ service, outcome, milliseconds: clock.now() - start })
    const failed = (thrown: unknown): Promise<never> => {
      ended(asProblem(thrown).code)
      return Promise.reject(thrown)
    }
    if (context.signal.aborted) return failed(abortProblem(context.signal, service))
    try {
      return next(input, context).then((reply) => {
        ended('OK')
        return reply
      }, failed)
    } catch (thrown) {
      return failed(thrown)
    }
  }
