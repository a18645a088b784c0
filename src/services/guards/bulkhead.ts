import type { Clock } from '../../kernel/clock.ts'
import { Problem } from '../../kernel/problem.ts'
import { TimeLimit } from '../../kernel/timer.ts'
import type { Call, CallContext, Guard, Reply } from '../call.ts'
import { abortProblem, deadlineProblem } from './aborted.ts'

export type BulkheadOptions = {
  readonly service: string
  /** Calls in flight at once. */
  readonly max: number
  /** Calls that may wait for a slot. */
  readonly queue: number
  readonly clock: Clock
}

/**
 * Bounds the calls in flight to a service, and those that wait, first come first served. Every call that one guard
 * wraps shares its slots. A call that waits leaves the queue when its signal aborts or its budget ends.
 */
export const bulkhead = (options: BulkheadOptions): Guard => {
  const slots = createSlots(options)
  return <Input, Output>(next: Call<Input, Output>): Call<Input, Output> =>
    // By hand rather than with `await`: this runs for every call, and nearly every call finds a free slot.
    (input, context) => {
      if (context.signal.aborted) return Promise.reject(abortProblem(context.signal, options.service))
      const run = (): Promise<Reply<Output>> => {
        try {
          return next(input, context).then(given, takenBack)
        } catch (thrown) {
          return takenBack(thrown)
        }
      }
      return slots.take() ? run() : slots.wait(context).then(run)
    }

  function given<Value>(reply: Value): Value {
    slots.give()
    return reply
  }
  function takenBack(thrown: unknown): Promise<never> {
    slots.give()
    return Promise.reject(thrown)
  }
}

const createSlots = ({ service, max, queue, clock }: BulkheadOptions) => {
  // A set keeps the order of arrival, and one that gives up leaves from the middle at no cost.
  const waiting = new Set<() => void>()
  let taken = 0

  return {
    take(): boolean {
      if (taken >= max) return false
      taken += 1
      return true
    },

    /** Hands the slot to the one who waits longest, so that newcomers never overtake. */
    give(): void {
      const [first] = waiting
      if (first === undefined) taken -= 1
      else first()
    },

    wait({ signal, deadline }: CallContext): Promise<void> {
      const left = deadline - clock.now()
      if (left <= 0) return Promise.reject(deadlineProblem(service))
      if (waiting.size >= queue) return Promise.reject(overflow(service))
      return new Promise((resolve, reject) => {
        const leave = (): void => {
          waiting.delete(enter)
          limit.end()
          signal.removeEventListener('abort', onAbort)
        }
        const enter = (): void => {
          leave()
          resolve()
        }
        const give = (problem: Problem): void => {
          leave()
          reject(problem)
        }
        const onAbort = (): void => give(abortProblem(signal, service))
        const limit = new TimeLimit(left, { onTime: () => give(deadlineProblem(service)) })
        signal.addEventListener('abort', onAbort)
        waiting.add(enter)
      })
    },
  }
}

const overflow = (service: string): Problem =>
  new Problem('UNAVAILABLE', `There are too many calls to service ${service} at the moment.`, {
    service,
    refused: true,
    reason: 'OVERLOADED',
  })
