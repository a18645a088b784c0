import type { FastifyReply, FastifyRequest } from 'fastify'
import type { ExecutionResult } from '../../graph/execute/execute.ts'
import type { Explanation } from '../../graph/explain/explanation.ts'
import { asProblem, problemJson } from '../../kernel/problem.ts'
import { endpointAnswer } from './answer.ts'
import type { EndpointPlan } from './endpoint.ts'

/**
 * Sends an answer with how it came about as its member `_explain`: an object as it is, anything else as the member
 * `_value`, and a problem too, where a required value is missing. Never to be kept, and without a validator.
 */
export const sendExplained = (
  endpoint: EndpointPlan,
  { result, explanation }: { readonly result: ExecutionResult; readonly explanation: Explanation },
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
): FastifyReply => {
  const explain = JSON.stringify(explanation)
  reply.header('cache-control', 'no-store')
  try {
    const { body, missing } = endpointAnswer(endpoint, result)
    if (missing.length > 0) reply.header('portico-partial', missing.join(', '))
    return reply
      .code(endpoint.status)
      .header('content-type', 'application/json; charset=utf-8')
      .send(withMember(body.startsWith('{') ? body : `{"_value":${body}}`, explain))
  } catch (thrown) {
    const problem = asProblem(thrown)
    return reply
      .code(problem.status)
      .headers(problem.headers)
      .header('content-type', 'application/problem+json; charset=utf-8')
      .send(withMember(JSON.stringify(problemJson(problem, request.id)), explain))
  }
}

/** Never an empty object: an endpoint selects something. */
const withMember = (body: string, explain: string): string => `${body.slice(0, -1)},"_explain":${explain}}`
