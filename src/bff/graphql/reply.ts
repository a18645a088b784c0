import type { FastifyReply, FastifyRequest } from 'fastify'
import { GraphQLError } from 'graphql'
import type { ExecutionResult } from '../../graph/execute/execute.ts'
import type { Failure } from '../../graph/execute/project.ts'
import { Problem, problemExtensions } from '../../kernel/problem.ts'
import { missingServices } from '../bff.ts'

/** The two media types of GraphQL over HTTP; the older one says 200 whatever the operation came to. */
export const responseJson = 'application/graphql-response+json; charset=utf-8'
export const legacyJson = 'application/json; charset=utf-8'

/** The media type an Accept header asks for (RFC 9110 §12.5.1); JSON where it says nothing. Throws 406 where neither fits. */
export const negotiate = (accept: string | undefined): string => {
  if (accept === undefined || accept === '') return legacyJson
  let best = { type: '', quality: 0 }
  for (const range of accept.split(',')) {
    const [name = '', ...parameters] = range.trim().toLowerCase().split(';')
    const type = offered(name.trim())
    const quality = Number(
      parameters.map((text) => /^\s*q=([\d.]+)\s*$/.exec(text)?.[1]).find((q) => q !== undefined) ?? 1,
    )
    if (type !== undefined && quality > best.quality) best = { type, quality }
  }
  if (best.type !== '') return best.type
  throw new Problem('INVALID_ARGUMENT', 'Answers are application/graphql-response+json or application/json.', {
    status: 406,
  })
}

const offered = (range: string): string | undefined => {
  if (range === 'application/graphql-response+json') return responseJson
  return range === 'application/json' || range === 'application/*' || range === '*/*' ? legacyJson : undefined
}

/** A failed field as a GraphQL error with its place in the answer. */
export const fieldError = ({ problem, path, coordinate, node }: Failure, requestId: string): GraphQLError =>
  new GraphQLError(problem.message, {
    nodes: node,
    path,
    extensions: problemExtensions(problem, { coordinate, requestId }),
  })

/** An operation that was executed: 200 with what there is. */
export const sendResult = (
  request: FastifyRequest,
  reply: FastifyReply,
  { data, failures }: ExecutionResult,
): FastifyReply => {
  const type = negotiate(request.headers.accept)
  if (failures.length === 0) return reply.header('content-type', type).send(`{"data":${JSON.stringify(data)}}`)
  const errors = failures.map((failure) => fieldError(failure, request.id))
  reply.header('portico-partial', missingServices(failures).join(', ')).header('cache-control', 'no-store')
  return reply.header('content-type', type).send(JSON.stringify({ errors, data }))
}

/** A request that was not executed: its document or its variables are wrong. */
export const sendRequestErrors = (
  request: FastifyRequest,
  reply: FastifyReply,
  errors: readonly GraphQLError[],
): FastifyReply => {
  const type = negotiate(request.headers.accept)
  const body = {
    errors: errors.map(({ message, locations, extensions }) => ({
      message,
      ...(locations === undefined ? {} : { locations }),
      extensions: { code: 'INVALID_ARGUMENT', retryable: false, ...extensions, requestId: request.id },
    })),
  }
  return reply
    .code(type === responseJson ? 400 : 200)
    .header('content-type', type)
    .header('cache-control', 'no-store')
    .send(JSON.stringify(body))
}

/** A problem of the request as a whole, in the shape GraphQL clients read. */
export const sendProblem = (request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply => {
  const error = { message: problem.message, extensions: problemExtensions(problem, { requestId: request.id }) }
  return reply
    .code(problem.status)
    .headers(problem.headers)
    .header('content-type', acceptable(request.headers.accept))
    .header('cache-control', 'no-store')
    .send(JSON.stringify({ errors: [error] }))
}

const acceptable = (accept: string | undefined): string =>
  accept?.includes('graphql-response+json') === true ? responseJson : legacyJson
