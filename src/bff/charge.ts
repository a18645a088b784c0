import type { FastifyReply, FastifyRequest } from 'fastify'
import { countSelections, limitedFields } from '../graph/field-limits.ts'
import type { Graph } from '../graph/graph.ts'
import { estimate } from '../graph/plan/estimate.ts'
import type { OperationPlan } from '../graph/plan/plan.ts'
import type { BffPlan } from './bff.ts'
import type { EndpointPlan } from './endpoint/endpoint.ts'
import type { ToRun } from './to-run.ts'

/**
 * Charges the limits that count what an operation does, before it does anything: its calls, its cost, the limited
 * fields it selects, and itself where it is a stored one with limits of its own.
 */
export const chargeOperation = (
  { bff, runtime, operation, variables, stored, charged }: ToRun,
  asked: Pick<FastifyRequest, 'caller' | 'headers'>,
  reply: FastifyReply | undefined,
): undefined | Promise<void> => {
  if (runtime.charge === undefined || charged === true) return undefined
  const plan = operation.plan(variables)
  const selected = selections(bff.graph, plan)
  return runtime.charge(
    {
      calls: () => estimate(plan, variables).calls,
      cost: () => bff.cost?.(plan, variables),
      selected: stored === undefined ? selected : new Map([...selected, [stored, 1]]),
    },
    asked,
    reply,
  )
}

/** What each run of a stored operation counts. A figure is undefined where it depends on variables. */
export type EachRun = {
  readonly calls: number | undefined
  readonly cost: number | undefined
  readonly selected: ReadonlyMap<string, number>
}

/** The same for every run, so that its limits can be charged before it is read; undefined where variables choose what it selects. */
export const eachRun = (
  { graph, cost }: Pick<BffPlan, 'graph' | 'cost'>,
  { operation, limits, name }: Pick<EndpointPlan, 'operation' | 'limits' | 'name'>,
): EachRun | undefined => {
  if (operation.conditional) return undefined
  const plan = operation.plan({})
  const selected = selections(graph, plan)
  return {
    calls: unvarying((variables) => estimate(plan, variables).calls),
    cost: cost === undefined ? 1 : unvarying((variables) => cost(plan, variables)),
    selected: limits.length === 0 ? selected : new Map([...selected, [name, 1]]),
  }
}

/** What is counted where no variable is looked at; undefined where one is. */
const unvarying = (count: (variables: Readonly<Record<string, unknown>>) => number): number | undefined => {
  let looked = false
  const look = (): undefined => void (looked = true)
  const ownKeys = (): [] => (look(), [])
  try {
    const counted = count(new Proxy({}, { get: look, getOwnPropertyDescriptor: look, ownKeys }))
    return looked ? undefined : counted
  } catch {
    return undefined
  }
}

/** Plans are few and run often. */
const known = new WeakMap<OperationPlan, ReadonlyMap<string, number>>()

const selections = (graph: Graph, plan: OperationPlan): ReadonlyMap<string, number> => {
  let counts = known.get(plan)
  if (counts === undefined) known.set(plan, (counts = countSelections(plan, limitedFields(graph))))
  return counts
}
