import type { FastifyRequest } from 'fastify'
import {
  buildSchema,
  GraphQLError,
  type GraphQLObjectType,
  type GraphQLSchema,
  isObjectType,
  printSchema,
} from 'graphql'
import { dataOf, type ExecutionResult } from '../../graph/execute/execute.ts'
import { withScalars } from '../../graph/scalars.ts'
import { abortable } from '../../kernel/abort.ts'
import { asProblem, type Problem, problemExtensions } from '../../kernel/problem.ts'
import { type EventTools, eventsOf } from '../events.ts'
import { fieldError } from './reply.ts'
import type { Session } from './session.ts'

/** What mercurius hands to a subscription's source: the connection, and the id of the subscription on it. */
export type SubscriptionContext = { readonly session: Session; readonly id: string }

/**
 * The schema mercurius serves over WebSocket. The planner makes each event's whole answer; every field then
 * reads its own response key out of it.
 */
export const subscriptionSchema = (tools: EventTools): GraphQLSchema => {
  const schema = withScalars(buildSchema(printSchema(tools.bff.graph.clientSchema)))
  for (const type of Object.values(schema.getTypeMap()))
    if (isObjectType(type) && !type.name.startsWith('__')) readByResponseKey(type)
  for (const field of Object.values(schema.getSubscriptionType()?.getFields() ?? {}))
    field.subscribe = (_root, _args, { session, id }: SubscriptionContext) => valuesOf(session, id, tools)
  return schema
}

const readByResponseKey = (type: GraphQLObjectType): void => {
  for (const field of Object.values(type.getFields()))
    field.resolve = (parent: Readonly<Record<string | number, unknown>>, _args, _context, { path }) => parent[path.key]
}

/** The root values of a subscription's events; leaving them, or the socket's end, cancels the stream behind. */
const valuesOf = (session: Session, id: string, tools: EventTools): AsyncIterable<unknown> => {
  const { request } = session
  const open = session.find(id)
  if (open === undefined) throw new GraphQLError('The subscription is over.')
  const caller = { ...request.caller, identity: session.identity() }
  return abortable(open.signal, async function* (signal) {
    try {
      const subscribed = { ...open, request, caller, authorization: session.authorization(), signal }
      for await (const result of eventsOf(subscribed, tools)) yield withErrors(result, request.id)
    } catch (thrown) {
      throw thrown instanceof GraphQLError ? thrown : asGraphQLError(asProblem(thrown), request)
    }
  })
}

const asGraphQLError = (problem: Problem, { id }: FastifyRequest): GraphQLError =>
  new GraphQLError(problem.message, { extensions: problemExtensions(problem, { requestId: id }) })

/** An answer with its errors standing where values are missing: graphql-js reports an Error it reads as the field's own. */
const withErrors = (result: ExecutionResult, requestId: string): unknown => {
  const data = dataOf(result)
  const { failures } = result
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
