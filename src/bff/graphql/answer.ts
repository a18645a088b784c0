import type { FastifyReply, FastifyRequest } from 'fastify'
import { coerceVariables, type OperationStore } from '../../graph/operation.ts'
import { Problem } from '../../kernel/problem.ts'
import type { BffPlan, BffRuntime } from '../bff.ts'
import { runOperation } from '../run-operation.ts'
import { readParameters } from './parameters.ts'
import { sendRequestErrors, sendResult } from './reply.ts'

/** Answers GraphQL over HTTP (https://graphql.github.io/graphql-over-http/draft/) from the planner. */
export const graphqlAnswer = (bff: BffPlan, { store, runtime }: { store: OperationStore; runtime: BffRuntime }) => {
  const { graph } = bff
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { query, operationName, variables: given } = readParameters(request)
    const operation = store.find(query, operationName)
    if ('length' in operation) return sendRequestErrors(request, reply, operation)
    const kind = operation.node.operation
    if (kind === 'mutation' && request.method === 'GET')
      throw new Problem('INVALID_ARGUMENT', 'A GET changes nothing; send mutations by POST.', {
        status: 405,
        headers: { allow: 'POST' },
      })
    if (kind === 'subscription')
      throw new Problem('INVALID_ARGUMENT', 'Subscriptions are served over WebSocket (graphql-transport-ws).')
    const coerced = coerceVariables(graph, operation, given)
    if ('errors' in coerced) return sendRequestErrors(request, reply, coerced.errors)
    const result = await runOperation({ bff, runtime, operation, variables: coerced.values }, request, reply)
    return sendResult(request, reply, result)
  }
}
