import { asProblem, Problem } from './problem.ts'

/** Any thrown value as a Problem. What Fastify refuses by itself keeps its status and says so in our words. */
export const problemOf = (thrown: unknown): Problem => {
  if (thrown instanceof Problem) return thrown
  const { statusCode, code } = (typeof thrown === 'object' && thrown !== null ? thrown : {}) as {
    statusCode?: number
    code?: string
  }
  if (statusCode === undefined || statusCode < 400 || statusCode >= 500) return asProblem(thrown)
  if (statusCode === 413)
    return new Problem('RESOURCE_EXHAUSTED', 'The request body is too large.', { status: 413, cause: thrown })
  if (statusCode === 415)
    return new Problem('INVALID_ARGUMENT', 'The body should be application/json.', { status: 415, cause: thrown })
  return new Problem('INVALID_ARGUMENT', refused[code ?? ''] ?? 'The request is not valid.', {
    status: statusCode,
    cause: thrown,
  })
}

const refused: Readonly<Record<string, string>> = {
  FST_ERR_CTP_EMPTY_JSON_BODY: 'The body is empty, but its type says JSON.',
  FST_ERR_BAD_URL: 'The path holds bytes that are not UTF-8.',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'The body is not as long as Content-Length says.',
}
