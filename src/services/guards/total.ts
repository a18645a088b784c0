import type { Clock } from '../../kernel/clock.ts'
import type { Call, Guard } from '../call.ts'
import { abortProblem } from './aborted.ts'

/** Bounds a call in all, waiting, pauses and every try included: the guards below see no later deadline. */
export const total =
  ({ service, totalMs, clock }: { readonly service: string; readonly totalMs: number; readonly clock: Clock }): Guard =>
  <Input, Output>(next: Call<Input, Output>): Call<Input, Output> =>
  (input, context) => {
    if (context.signal.aborted) return Promise.reject(abortProblem(context.signal, service))
    const deadline = clock.now() + totalMs
    return deadline < context.deadline ? next(input, { ...context, deadline }) : next(input, context)
  }
