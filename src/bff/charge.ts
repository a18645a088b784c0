import type { FastifyReply, FastifyRequest } from 'fastify'
import { countSelections, limitedFields } from '../graph/field-limits.ts'
import type { Graph } from '../graph/graph.ts'
import { estimate } from '../graph/plan/estimate.ts'
import type { OperationPlan } from '../graph/plan/plan.ts'
import type { ToRun } from './to-run.ts'

/**
 * Charges the limits that count what an operation does, before it does anything: its calls, its cost, the limited
 * fields it selects, and itself where it is a stored one with limits of its own.
 */
export const chargeOperation = (
  { bff, runtime, operation, variables, stored }: ToRun,
  asked: Pick<FastifyRequest, 'caller' | 'headers'>,
  reply: FastifyReply | undefined,
): undefined | Promise<void> => {
  if (runtime.charge === undefined) return undefined
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

/** Plans are few and run often. */
const known = new WeakMap<OperationPlan, ReadonlyMap<string, number>>()

const selections = (graph: Graph, plan: OperationPlan): ReadonlyMap<string, number> => {
  let counts = known.get(plan)
  if (counts === undefined) known.set(plan, (counts = countSelections(plan, limitedFields(graph))))
  return counts
}
