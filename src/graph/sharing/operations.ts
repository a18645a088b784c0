import type { Clock } from '../../kernel/clock.ts'
import { Problem } from '../../kernel/problem.ts'
import { type ExecutionRequest, type ExecutionResult, execute, type GraphTools } from '../execute/execute.ts'
import type { OperationPlan } from '../plan/plan.ts'
import { type Flight, Flights } from './flights.ts'
import { inputsOf, type NotShareable, type PlanInputs, valuesOf } from './inputs.ts'

/** Whole operations in flight, for all BFFs of a generation that share theirs. */
export type SharedOperations = {
  /** As `execute`, once for all who ask the same at the same time. */
  execute(request: ExecutionRequest, tools: GraphTools, shared: () => void): Promise<ExecutionResult>
  /** What comes after a change is asked anew. */
  forget(): void
}

type Known = { readonly id: number; readonly inputs: PlanInputs | NotShareable }

/**
 * Identical operations in flight are one: the same plan, and for it the same variables, claims, headers, rights and
 * credentials, as far as the plan reads them. `traceparent` is nobody's input: the first one's goes upstream.
 *
 * An execution keeps to the deadline of who began it, so that slow parts are cut and the others stay. Who has to
 * answer sooner runs its own; who has more time than a result was cut for asks again, with others of its kind.
 */
export const createSharedOperations = (clock: Clock): SharedOperations => {
  const flights = new Flights<ExecutionResult>((result) => ({ ...result, shared: true }))
  const plans = new WeakMap<OperationPlan, Known>()
  let next = 0
  const known = (plan: OperationPlan): Known => {
    let found = plans.get(plan)
    if (found === undefined) plans.set(plan, (found = { id: next++, inputs: inputsOf(plan) }))
    return found
  }
  const cutShort = ({ deadline }: Flight<ExecutionResult>, { failures }: ExecutionResult): boolean =>
    clock.now() >= deadline && failures.some(({ problem }) => problem.code === 'DEADLINE_EXCEEDED')

  return {
    forget: () => flights.forget(),
    async execute(request, tools, shared) {
      const { id, inputs } = known(request.plan)
      const { context } = request
      if (!inputs.shareable || request.event !== undefined) return execute(request, tools)
      const { signal, deadline } = context
      const waiting = { signal, gone: () => new Problem('CANCELLED', 'The client went away before the answer came.') }
      const key = `${id}${valuesOf(inputs, request)}`
      for (;;) {
        if (signal.aborted) throw waiting.gone()
        const found = flights.find(key)
        if (found !== undefined && found.deadline <= deadline) {
          shared()
          const result = await found.wait(waiting)
          if (found.deadline === deadline || !cutShort(found, result)) return result
          continue
        }
        if (found !== undefined) return execute(request, tools)
        return flights
          .start(key, deadline, async (flight) =>
            execute({ ...request, context: { ...context, signal: flight } }, tools),
          )
          .wait(waiting)
      }
    },
  }
}
