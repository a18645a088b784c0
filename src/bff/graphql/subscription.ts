import type { FastifyRequest } from 'fastify'
import {
  buildSchema,
  GraphQLError,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  isObjectType,
  printSchema,
} from 'graphql'
import type { ExecutionResult } from '../../graph/execute/execute.ts'
import { coerceVariables, type OperationStore } from '../../graph/operation.ts'
import { checkListSizes } from '../../graph/plan/list-sizes.ts'
import { withScalars } from '../../graph/scalars.ts'
import { subscribe } from '../../graph/subscribe.ts'
import { abortable } from '../../kernel/abort.ts'
import type { Identity } from '../../kernel/caller.ts'
import { asProblem, logged, type Problem, problemExtensions } from '../../kernel/problem.ts'
import { Aborter, type Signal } from '../../kernel/signal.ts'
import type { CallContext } from '../../services/call.ts'
import { type BffPlan, type BffRuntime, reportFailures } from '../bff.ts'
import { headerOf, sharedContextOf } from '../call-context.ts'
import { fieldError } from './reply.ts'

/** What mercurius hands to a subscription's source: the upgrade request, and what `connection_init` proved. */
export type SubscriptionContext = {
  readonly request: FastifyRequest
  readonly socket: { close(code: number, reason: string): void }
  readonly identity?: Identity
  /** Why the token of `connection_init` was refused. */
  readonly refused?: Problem
  readonly __currentQuery: string
}

type Tools = {
  readonly bff: BffPlan
  readonly store: OperationStore
  readonly runtime: BffRuntime
  readonly budgetMs: number
}

/**
 * The schema mercurius serves over WebSocket. The planner makes each event's whole answer; every field then
 * reads its own response key out of it.
 */
export const subscriptionSchema = (tools: Tools): GraphQLSchema => {
  const schema = withScalars(buildSchema(printSchema(tools.bff.graph.clientSchema)))
  for (const type of Object.values(schema.getTypeMap()))
    if (isObjectType(type) && !type.name.startsWith('__')) readByResponseKey(type)
  for (const field of Object.values(schema.getSubscriptionType()?.getFields() ?? {}))
    field.subscribe = (_root, _args, context: SubscriptionContext, info) => events(context, info, tools)
  return schema
}

const readByResponseKey = (type: GraphQLObjectType): void => {
  for (const field of Object.values(type.getFields()))
    field.resolve = (parent: Readonly<Record<string | number, unknown>>, _args, _context, { path }) => parent[path.key]
}

/** A subscription's answers; leaving them, or the socket's end, cancels the stream behind. */
const events = (context: SubscriptionContext, info: GraphQLResolveInfo, tools: Tools): AsyncIterable<unknown> => {
  const closed = new Aborter()
  context.request.raw.socket.once('close', () => closed.abort())
  return abortable(closed, (signal) => answers({ context, info, signal }, tools))
}

type Subscribed = {
  readonly context: SubscriptionContext
  readonly info: GraphQLResolveInfo
  readonly signal: Signal
}

async function* answers(
  { context, info, signal }: Subscribed,
  { bff, store, runtime, budgetMs }: Tools,
): AsyncGenerator<unknown, void, void> {
  const { request, refused } = context
  if (refused !== undefined) {
    context.socket.close(4403, 'Forbidden')
    throw asGraphQLError(refused, request)
  }
  const operation = store.find(context.__currentQuery, info.operation.name?.value)
  if ('length' in operation) throw operation[0] ?? new GraphQLError('The document is not valid.')
  const coerced = coerceVariables(bff.graph, operation, info.variableValues)
  if ('errors' in coerced) throw coerced.errors[0] ?? new GraphQLError('The variables are not valid.')
  const plan = operation.plan(coerced.values)
  checkListSizes(plan, coerced.values, bff.limits.listSize)
  const caller = context.identity === undefined ? request.caller : { ...request.caller, identity: context.identity }
  const shared: CallContext = { ...sharedContextOf(request), caller, signal }
  const { clock } = runtime.tools
  try {
    const results = subscribe(
      {
        plan,
        variables: coerced.values,
        context: { ...shared, deadline: Number.POSITIVE_INFINITY },
        header: headerOf(request),
        eventContext: () => ({ ...shared, deadline: clock.now() + budgetMs }),
      },
      runtime.tools,
    )
    for await (const result of results) {
      if (result.failures.length > 0) reportFailures(result.failures, { bff: bff.name, requestId: request.id, runtime })
      yield withErrors(result, request.id)
    }
  } catch (thrown) {
    const problem = asProblem(thrown)
    if (signal.aborted) return
    runtime.log.warn({ requestId: request.id, bff: bff.name, ...logged(problem) }, 'subscription ended')
    throw asGraphQLError(problem, request)
  }
}

const asGraphQLError = (problem: Problem, { id }: FastifyRequest): GraphQLError =>
  new GraphQLError(problem.message, { extensions: problemExtensions(problem, { requestId: id }) })

/** An answer with its errors standing where values are missing: graphql-js reports an Error it reads as the field's own. */
const withErrors = ({ data, failures }: ExecutionResult, requestId: string): unknown => {
  const [first] = failures
  if (data === null) throw first === undefined ? new GraphQLError('There is no answer.') : fieldError(first, requestId)
  for (const failure of failures) {
    let at: Record<string | number, unknown> = data
    for (const key of failure.path) {
      const value = at[key]
      if (value === null || value === undefined) {
        at[key] = fieldError(failure, requestId)
        break
      }
      if (typeof value !== 'object' || value instanceof Error) break
      at = value as Record<string | number, unknown>
    }
  }
  return data
}
