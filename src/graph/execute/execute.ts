import { parseLossless } from '../../kernel/json.ts'
import type { Step } from '../plan/plan.ts'
import { Execution, type ExecutionRequest, type GraphTools } from './execution.ts'
import { fetchStep } from './fetch.ts'
import { gatherOwners } from './gather.ts'
import { type Written, writeAnswer } from './write.ts'

export type { ExecutionRequest, GraphTools } from './execution.ts'

/** The `data` of the answer as JSON text, undefined when a required field of the root failed; and what failed of it. */
export type ExecutionResult = Written & {
  /** Upstream calls made. */
  readonly calls: number
  /** Whether several requests get this very result. */
  readonly shared?: true
}

/** The object that owns root fields. */
export const root: object = Object.freeze({})

/** An answer as a value, numbers digit by digit: for the few who change it before it is sent. */
export const dataOf = ({ text }: Pick<ExecutionResult, 'text'>): Record<string, unknown> | null =>
  text === undefined ? null : (parseLossless(text) as Record<string, unknown>)

/**
 * Runs a plan: first all calls, each step once for all its parents and as early as its inputs are known; then
 * one synchronous pass that writes the answer. The result itself where nothing had to be waited for. Throws and
 * rejects with nothing that a service, a caller or an operation can cause.
 *
 * Steps tell each other by callbacks that they are done: a promise for every layer of every step costs more than
 * what the steps do (`npm run bench -- W3`).
 */
export const execute = (request: ExecutionRequest, tools: GraphTools): ExecutionResult | Promise<ExecutionResult> => {
  let outcome: ExecutionResult | undefined
  let fault: { readonly error: unknown } | undefined
  let waiting: PromiseWithResolvers<ExecutionResult> | undefined
  const broken = (error: unknown): void => {
    execution.end()
    if (waiting === undefined) fault = { error }
    else waiting.reject(error)
  }
  const execution = new Execution(request, tools, broken)
  const answer = (): void => {
    execution.end()
    const { loads } = execution
    const known = request.recorder === undefined ? tools.answers : undefined
    const write = (): Written =>
      writeAnswer(request.plan.root, root, {
        results: execution.results,
        refused: execution.refused,
        introspection: request.introspection,
      })
    const { text, failures, absent, same } =
      known === undefined ? write() : known.written(request, loads.exchanges, write)
    const result = { text, failures, absent, same, calls: loads.calls }
    if (waiting === undefined) outcome = result
    else waiting.resolve(result)
  }
  execution.guarded(() => start(execution, answer))
  if (fault !== undefined) throw fault.error
  if (outcome !== undefined) return outcome
  waiting = Promise.withResolvers()
  return waiting.promise
}

const start = (execution: Execution, done: () => void): void => {
  const { plan, event } = execution.request
  if (event !== undefined) {
    execution.results[event.step.id] = new Map([[root, event.value]])
    runChildren(execution, event.step, { values: [event.value], done })
  } else if (plan.kind === 'mutation') runInSeries(execution, plan.tops, done)
  else runAll(plan.tops, done, (step, stepDone) => runStep(execution, step, { owners: [root], done: stepDone }))
}

/**
 * Each change sees what the one before it did, and what is below one is read before the next (GraphQL specification
 * §6.2.2). A loop and no recursion: a thousand functions that answer at once would fill the stack.
 */
const runInSeries = (execution: Execution, steps: readonly Step[], done: () => void): void => {
  let next = 0
  let over = true
  let looping = false
  const proceed = (): void => {
    looping = true
    while (over) {
      const step = steps[next]
      if (step === undefined) return done()
      next += 1
      over = false
      runStep(execution, step, { owners: [root], done: stepDone })
    }
    looping = false
  }
  const stepDone = (): void => {
    execution.loads.forget()
    over = true
    if (!looping) proceed()
  }
  proceed()
}

type Run = { readonly owners: Iterable<object>; readonly done: () => void }

const runStep = (execution: Execution, step: Step, { owners, done }: Run): void => {
  if (execution.refused(step.rules) !== undefined) return done()
  const results = new Map<object, unknown>()
  execution.results[step.id] = results
  const below =
    step.children.length === 0 ? done : () => runChildren(execution, step, { values: results.values(), done })
  const { recorder } = execution.request
  fetchStep({ execution, step, owners, results, done: recorder === undefined ? below : recorder.step(step, below) })
}

const runChildren = (
  execution: Execution,
  { children }: Step,
  { values, done }: { readonly values: Iterable<unknown>; readonly done: () => void },
): void => {
  const all = [...values]
  runAll(children, done, (child, childDone) =>
    runStep(execution, child, { owners: gatherOwners(child, all, execution.refused), done: childDone }),
  )
}

const runAll = (steps: readonly Step[], done: () => void, run: (step: Step, done: () => void) => void): void => {
  const [only] = steps
  if (only === undefined) return done()
  if (steps.length === 1) return run(only, done)
  let left = steps.length
  const oneDone = (): void => {
    left -= 1
    if (left === 0) done()
  }
  for (const step of steps) run(step, oneDone)
}
