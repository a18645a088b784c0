import { Problem } from '../../kernel/problem.ts'
import { type ExecutionRequest, type ExecutionResult, execute, type GraphTools } from '../execute/execute.ts'
import type { OperationPlan } from '../plan/plan.ts'
import { type Explanation, explanationOf } from './explanation.ts'
import { Recording } from './recording.ts'

/** A result, and how it came about where that was asked for. */
export type Answered = ExecutionResult & { readonly explanation?: Explanation }

/** As `execute`, with an explanation. `whole` is the plan with every condition taken, or why there is none. */
export const executeExplained = async (
  request: ExecutionRequest,
  tools: GraphTools,
  whole: OperationPlan | Problem,
): Promise<Answered> => {
  const recording = new Recording(() => tools.clock.now())
  const result = await execute({ ...request, recorder: recording }, tools)
  return {
    ...result,
    explanation: explanationOf({
      plan: request.plan,
      whole: whole instanceof Problem ? request.plan : whole,
      result,
      recording,
    }),
  }
}
