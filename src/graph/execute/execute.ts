import type { Step } from '../plan/plan.ts'
import { Execution, type ExecutionRequest, type GraphTools, none } from './execution.ts'
import { fetchStep } from './fetch.ts'
import { gatherOwners } from './gather.ts'
import { type Failure, project } from './project.ts'

export type { ExecutionRequest, GraphTools } from './execution.ts'

export type ExecutionResult = {
  /** Null when a required field of the root failed. */
  readonly data: Record<string, unknown> | null
  readonly failures: readonly Failure[]
  /** Upstream calls made. */
  readonly calls: number
}

/** The object that owns root fields. */
const root: object = Object.freeze({})

/**
 * Runs a plan: first all calls, each step once for all its parents and as early as its inputs are known; then
 * one synchronous pass that makes the answer. Throws nothing that a service, a caller or an operation can cause.
 */
export const execute = async (request: ExecutionRequest, tools: GraphTools): Promise<ExecutionResult> => {
  const { plan, event, introspection } = request
  const execution = new Execution(request, tools)
  try {
    if (event !== undefined) {
      execution.results[event.step.id] = new Map([[root, event.value]])
      await runChildren(execution, event.step, [event.value])
    } else if (plan.kind === 'mutation') {
      for (const step of plan.tops) {
        await runStep(execution, step, [root])
        execution.loads.forget()
      }
    } else await runAll(plan.tops, (step) => runStep(execution, step, [root]))
  } finally {
    execution.end()
  }
  const { results, loads } = execution
  const refused = execution.refused.bind(execution)
  return { ...project(plan.root, root, { results, refused, introspection }), calls: loads.calls }
}

const runStep = async (execution: Execution, step: Step, owners: Iterable<object>): Promise<void> => {
  if (execution.refused(step.rules) !== undefined) return
  const results = new Map<object, unknown>()
  execution.results[step.id] = results
  await fetchStep({ execution, step, owners, results })
  if (step.children.length > 0) await runChildren(execution, step, results.values())
}

const runChildren = (execution: Execution, { children }: Step, values: Iterable<unknown>): Promise<unknown> => {
  if (children.length === 0) return none
  const all = [...values]
  return runAll(children, (child) =>
    runStep(
      execution,
      child,
      gatherOwners(child, all, (rules) => execution.refused(rules) !== undefined),
    ),
  )
}

const runAll = (steps: readonly Step[], run: (step: Step) => Promise<void>): Promise<unknown> => {
  const [only] = steps
  return only !== undefined && steps.length === 1 ? run(only) : Promise.all(steps.map(run))
}
