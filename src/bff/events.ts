import type { FastifyRequest } from 'fastify'
import type { ExecutionResult } from '../graph/execute/execute.ts'
import { maskResult } from '../graph/masked.ts'
import type { Operation } from '../graph/operation.ts'
import { checkListSizes } from '../graph/plan/list-sizes.ts'
import { subscribe } from '../graph/subscribe.ts'
import type { Caller } from '../kernel/caller.ts'
import { asProblem, logged } from '../kernel/problem.ts'
import type { Signal } from '../kernel/signal.ts'
import type { CallContext } from '../services/call.ts'
import { headerOf, sharedContextOf } from '../services/call-context.ts'
import { type BffPlan, type BffRuntime, reportFailures } from './bff.ts'
import { chargeOperation } from './charge.ts'
import { checkCost } from './run-operation.ts'

export type EventTools = { readonly bff: BffPlan; readonly runtime: BffRuntime; readonly budgetMs: number }

export type Subscribed = {
  readonly request: FastifyRequest
  /** Who asks: of a WebSocket, who `connection_init` proved it to be. */
  readonly caller: Caller
  /** The Authorization that services get which are told of it. */
  readonly authorization: string | undefined
  readonly operation: Operation
  readonly variables: Readonly<Record<string, unknown>>
  /** The name of a stored operation that has limits of its own. */
  readonly stored?: string | undefined
  /** Whether its limits were charged before it was read. */
  readonly charged?: boolean
  readonly signal: Signal
}

/** The answers of a subscription, one for each event. Throws Problem where it may not be opened or breaks off. */
export async function* eventsOf(
  { request, caller, authorization, operation, variables, stored, charged = false, signal }: Subscribed,
  { bff, runtime, budgetMs }: EventTools,
): AsyncGenerator<ExecutionResult, void, void> {
  const plan = operation.plan(variables)
  checkListSizes(plan, variables, bff.limits.listSize)
  checkCost({ bff, runtime, operation, variables })
  const toRun = { bff, runtime, operation, variables, stored, charged }
  await chargeOperation(toRun, { caller, headers: request.headers }, undefined)
  const shared = sharedContextOf(request)
  const context: CallContext = { ...shared, forward: { ...shared.forward, authorization }, caller, signal }
  const { clock } = runtime.tools
  const masker = runtime.masks?.answersFor(caller)
  const { denied } = runtime.tools
  const told = new Set<unknown>()
  // Each event is executed, and the rule is that of the whole subscription.
  const tools: typeof runtime.tools =
    denied === undefined
      ? runtime.tools
      : {
          ...runtime.tools,
          denied: (who, problem, rule) => {
            if (told.size < told.add(rule).size) denied(who, problem, rule)
          },
        }
  try {
    const results = subscribe(
      {
        plan,
        variables,
        context: { ...context, deadline: Number.POSITIVE_INFINITY },
        header: headerOf(request),
        eventContext: () => ({ ...context, deadline: clock.now() + budgetMs }),
      },
      tools,
    )
    for await (const result of results) {
      if (result.failures.length > 0) reportFailures(result.failures, { bff: bff.name, requestId: request.id, runtime })
      yield masker === undefined ? result : maskResult(result, plan, masker)
    }
  } catch (thrown) {
    if (signal.aborted) return
    const problem = asProblem(thrown)
    runtime.log.warn({ requestId: request.id, bff: bff.name, ...logged(problem) }, 'subscription ended')
    throw problem
  }
}
