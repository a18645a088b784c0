import type { FastifyReply, FastifyRequest } from 'fastify'
import { type ExecutionResult, execute } from '../graph/execute/execute.ts'
import { introspect, type Operation } from '../graph/operation.ts'
import { checkListSizes } from '../graph/plan/list-sizes.ts'
import { type BffPlan, type BffRuntime, reportFailures } from './bff.ts'
import { callContextOf, headerOf } from './call-context.ts'

/** What answers a request: an operation with its variables, coerced. */
export type ToRun = {
  readonly bff: BffPlan
  readonly runtime: BffRuntime
  readonly operation: Operation
  readonly variables: Readonly<Record<string, unknown>>
}

/** Runs an operation for a request, and tells operators what failed of it. Throws INVALID_ARGUMENT for lists that are too long. */
export const runOperation = async (
  { bff, runtime, operation, variables }: ToRun,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<ExecutionResult> => {
  const plan = operation.plan(variables)
  checkListSizes(plan, variables, bff.limits.listSize)
  const result = await execute(
    {
      plan,
      variables,
      context: callContextOf(request, reply),
      header: headerOf(request),
      introspection: introspect(bff.graph, operation, { plan, variables }),
    },
    runtime.tools,
  )
  if (result.failures.length > 0) reportFailures(result.failures, { bff: bff.name, requestId: request.id, runtime })
  return result
}
