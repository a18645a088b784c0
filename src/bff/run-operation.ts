import type { FastifyReply, FastifyRequest } from 'fastify'
import { refuseCostly } from '../graph/cost/cost.ts'
import { execute } from '../graph/execute/execute.ts'
import { type Answered, executeExplained } from '../graph/explain/run.ts'
import { maskResult } from '../graph/masked.ts'
import { introspect, wholePlan } from '../graph/operation.ts'
import { checkListSizes } from '../graph/plan/list-sizes.ts'
import { callContextOf, headerOf } from '../services/call-context.ts'
import { reportFailures } from './bff.ts'
import { chargeOperation } from './charge.ts'
import { isExplained } from './explain.ts'
import type { ToRun } from './to-run.ts'

/** Counts what an operation costs, where that is counted. Throws RESOURCE_EXHAUSTED where it costs more than it may. */
export const checkCost = ({ bff, runtime, operation, variables }: ToRun): number | undefined => {
  const { cost, limits } = bff
  if (cost === undefined || limits.cost === undefined) return undefined
  const found = cost(operation.plan(variables), variables)
  runtime.observeCost?.(bff.name, found)
  refuseCostly(found, limits.cost)
  return found
}

/**
 * Runs an operation for a request, and tells operators what failed of it; the answer itself where nothing had to be
 * waited for. Throws INVALID_ARGUMENT for lists that are too long.
 */
export const runOperation = (
  toRun: ToRun,
  request: FastifyRequest,
  reply: FastifyReply,
): Answered | Promise<Answered> => {
  const charging = chargeOperation(toRun, request, reply)
  return charging === undefined ? run(toRun, request, reply) : charging.then(() => run(toRun, request, reply))
}

const run = (toRun: ToRun, request: FastifyRequest, reply: FastifyReply): Answered | Promise<Answered> => {
  const { bff, runtime, operation, variables } = toRun
  const plan = operation.plan(variables)
  checkListSizes(plan, variables, bff.limits.listSize)
  checkCost(toRun)
  const asked = {
    plan,
    variables,
    context: callContextOf(request, reply),
    header: headerOf(request),
    introspection: introspect(bff.graph, operation, { plan, variables }),
  }
  const masker = runtime.masks?.answersFor(request.caller)
  const reported = (result: Answered): Answered => {
    if (result.failures.length > 0) reportFailures(result.failures, { bff: bff.name, requestId: request.id, runtime })
    return masker === undefined ? result : maskResult(result, plan, masker)
  }
  const running = isExplained(toRun, request, reply)
    ? executeExplained(asked, runtime.tools, { whole: wholePlan(bff.graph, operation), masker })
    : bff.shareOperations
      ? runtime.sharedOperations.execute(asked, runtime.tools, () => runtime.observeShared(bff.name))
      : execute(asked, runtime.tools)
  return running instanceof Promise ? running.then(reported) : reported(running)
}
