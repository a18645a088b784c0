import type { Clock } from '../../kernel/clock.ts'
import { Aborter } from '../../kernel/signal.ts'
import { TimeLimit } from '../../kernel/timer.ts'
import type { Call, CallContext, Guard, Reply, Traits } from '../call.ts'
import { abortProblem } from './aborted.ts'
import type { RetryBudget } from './retry.ts'

export type HedgeOptions = {
  readonly service: string
  /** How long the first try has the call for itself. */
  readonly afterMs: number
  readonly budget: RetryBudget
  readonly clock: Clock
  /** Told of each second try. */
  readonly tell?: (() => void) | undefined
}

/**
 * Asks a second target where the first is slow (Dean and Barroso, The Tail at Scale, 2013), for calls that may be
 * repeated: the first good answer counts, and the other try is cancelled. A try that fails leaves the call to the
 * other; both are bounded by the budget of retries.
 */
export const hedge =
  ({ service, afterMs, budget, clock, tell }: HedgeOptions): Guard =>
  <Input, Output>(next: Call<Input, Output>, { mayRepeat }: Traits<Input>): Call<Input, Output> =>
  (input, context) => {
    if (context.signal.aborted) return Promise.reject(abortProblem(context.signal, service))
    return new Promise((resolve, reject) => {
      const tried = context.tried ?? []
      const under = new Set<Aborter>()
      let failed = 0
      let begun = 0
      let over = false
      const end = (): void => {
        over = true
        limit?.end()
        context.signal.removeEventListener('abort', onAbort)
      }
      const onAbort = (): void => {
        end()
        for (const aborter of under) aborter.abort(context.signal.reason)
        reject(abortProblem(context.signal, service))
      }
      const start = (): void => {
        const aborter = new Aborter()
        const inner: CallContext = { ...context, signal: aborter, tried }
        under.add(aborter)
        begun += 1
        const won = (reply: Reply<Output>): void => {
          under.delete(aborter)
          if (over) return
          end()
          for (const other of under) other.abort()
          resolve(reply)
        }
        const lost = (thrown: unknown): void => {
          under.delete(aborter)
          failed += 1
          if (over || failed < begun) return
          end()
          reject(thrown)
        }
        try {
          next(input, inner).then(won, lost)
        } catch (thrown) {
          lost(thrown)
        }
      }
      const hedged = (): void => {
        if (!budget.hasRoom(clock.now()) || context.takeTry?.() === false) return
        budget.take(clock.now())
        tell?.()
        start()
      }
      const limit = mayRepeat(input) ? new TimeLimit(afterMs, { onTime: hedged }) : undefined
      context.signal.addEventListener('abort', onAbort)
      start()
    })
  }
