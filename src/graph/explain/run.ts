import { maskJson } from '../../kernel/mask/json.ts'
import type { Masker } from '../../kernel/mask/masker.ts'
import { nowhere } from '../../kernel/mask/path.ts'
import { Problem } from '../../kernel/problem.ts'
import { type ExecutionRequest, type ExecutionResult, execute, type GraphTools } from '../execute/execute.ts'
import type { OperationPlan } from '../plan/plan.ts'
import { type Explanation, explanationOf } from './explanation.ts'
import { Recording } from './recording.ts'

/** A result, and how it came about where that was asked for. */
export type Answered = ExecutionResult & { readonly explanation?: Explanation }

export type ToExplain = {
  /** The plan with every condition taken, or why there is none. */
  readonly whole: OperationPlan | Problem
  readonly masker: Masker | undefined
}

/** As `execute`, with an explanation, in which a caller whose answers are masked finds no values. */
export const executeExplained = async (
  request: ExecutionRequest,
  tools: GraphTools,
  { whole, masker }: ToExplain,
): Promise<Answered> => {
  const recording = new Recording(() => tools.clock.now(), masker !== undefined)
  const result = await execute({ ...request, recorder: recording }, tools)
  const explanation = explanationOf({
    plan: request.plan,
    whole: whole instanceof Problem ? request.plan : whole,
    result,
    recording,
  })
  return { ...result, explanation: masker === undefined ? explanation : masked(explanation, masker) }
}

/** Messages and names of what services said; of its own words nothing is at a path of a rule. */
const masked = (explanation: Explanation, masker: Masker): Explanation =>
  JSON.parse(maskJson(JSON.stringify(explanation), masker, { root: nowhere, removed: 'gone' })) as Explanation
