import type { FastifyReply, FastifyRequest } from 'fastify'
import { GraphQLError } from 'graphql'
import type { ExecutionResult } from '../../graph/execute/execute.ts'
import type { Failure } from '../../graph/execute/write.ts'
import type { Answered } from '../../graph/explain/run.ts'
import { Problem, problemExtensions } from '../../kernel/problem.ts'
import { shortened } from '../../kernel/shortened.ts'
import { missingServices } from '../bff.ts'

/** The two media types of GraphQL over HTTP; the older one says 200 whatever the operation came to. */
export const responseJson = 'application/graphql-response+json; charset=utf-8'
export const legacyJson = 'application/json; charset=utf-8'

/** The media type an Accept header asks for (RFC 9110 §12.5.1); JSON where it says nothing. Throws 406 where neither fits. */
export const negotiate = (accept: string | undefined): string => {
  if (accept === undefined || accept === '' || accept === '*/*' || accept === 'application/json') return legacyJson
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

/** The body of an operation that was executed; `extensions` as JSON text where there are any. */
export const resultBody = (
  { text = 'null', failures, explanation }: Answered,
  { requestId, extensions }: { readonly requestId: string; readonly extensions?: string | undefined },
): string => {
  if (failures.length === 0 && extensions === undefined && explanation === undefined) return `{"data":${text}}`
  const lost = failures.filter(({ fallback }) => fallback === undefined)
  const errors =
    lost.length === 0 ? '' : `"errors":${JSON.stringify(lost.map((failure) => fieldError(failure, requestId)))},`
  const said = [
    extensions?.slice(1, -1),
    fallbacks(failures),
    explanation && `"explain":${JSON.stringify(explanation)}`,
  ]
    .filter((member) => member !== undefined && member !== '')
    .join(',')
  return `{${errors}"data":${text}${said === '' ? '' : `,"extensions":{${said}}`}}`
}

/**
 * What stands in for failed fields, as a member of the extensions. Not among the errors: clients throw away the whole
 * data of an answer that has any, and there is a value.
 */
const fallbacks = (failures: readonly Failure[]): string | undefined => {
  const entries = failures.flatMap(({ path, problem: { code, service }, fallback }) =>
    fallback === undefined ? [] : [{ path, code, ...(service === undefined ? {} : { service }), fallback }],
  )
  return entries.length === 0 ? undefined : `"fallbacks":${JSON.stringify(entries)}`
}

const sharedBodies = new WeakMap<ExecutionResult, Buffer>()

/** The body of a whole result that several requests get, encoded once: a third of what answering one of them costs. */
const sharedBody = (result: ExecutionResult): Buffer => {
  let body = sharedBodies.get(result)
  if (body === undefined) sharedBodies.set(result, (body = Buffer.from(resultBody(result, { requestId: '' }))))
  return body
}

/** An operation that was executed: 200 with what there is. */
export const sendResult = (
  request: FastifyRequest,
  reply: FastifyReply,
  result: Answered & { readonly extensions?: string | undefined },
): FastifyReply => {
  const type = negotiate(request.headers.accept)
  const { failures, extensions, shared, explanation } = result
  // Whoever passes a GET on may keep its answer (RFC 9111 §3), and this one may be of who asked.
  if (request.method !== 'POST') reply.header('cache-control', 'private, no-cache')
  if (shared === true && failures.length === 0 && extensions === undefined)
    return reply.header('content-type', type).send(sharedBody(result))
  if (failures.length > 0 || explanation !== undefined) reply.header('cache-control', 'no-store')
  if (failures.length > 0) reply.header('portico-partial', missingServices(failures).join(', '))
  return reply.header('content-type', type).send(resultBody(result, { requestId: request.id, extensions }))
}

/** A request that was not executed: its document or its variables are wrong. */
export const sendRequestErrors = (
  request: FastifyRequest,
  reply: FastifyReply,
  errors: readonly GraphQLError[],
): FastifyReply => {
  const type = negotiate(request.headers.accept)
  return reply
    .code(type === responseJson ? 400 : 200)
    .header('content-type', type)
    .header('cache-control', 'no-store')
    .send(JSON.stringify({ errors: requestErrors(errors, request.id) }))
}

/** Longer messages are cut: graphql-js repeats what the client sent, which may be long. */
const longestMessage = 500

/** Mistakes of a document or of variables as clients see them. */
export const requestErrors = (errors: readonly GraphQLError[], requestId: string): readonly object[] =>
  errors.map(({ message, locations, extensions }) => ({
    message: shortened(message, longestMessage),
    ...(locations === undefined ? {} : { locations }),
    extensions: { code: 'INVALID_ARGUMENT', retryable: false, ...extensions, requestId },
  }))

/** A problem without a place in an answer, as an entry of `errors`. */
export const problemError = (problem: Problem, requestId: string): object => ({
  message: problem.message,
  extensions: problemExtensions(problem, { requestId }),
})

/** A problem of the request as a whole, in the shape GraphQL clients read. */
export const sendProblem = (request: FastifyRequest, reply: FastifyReply, problem: Problem): FastifyReply =>
  reply
    .code(problem.status)
    .headers(problem.headers)
    .header('content-type', acceptable(request.headers.accept))
    .header('cache-control', 'no-store')
    .send(JSON.stringify({ errors: [problemError(problem, request.id)] }))

const acceptable = (accept: string | undefined): string =>
  accept?.includes('graphql-response+json') === true ? responseJson : legacyJson
