import type { FastifyRequest } from 'fastify'
import { parseLossless } from '../../kernel/json.ts'
import { Problem } from '../../kernel/problem.ts'

/** The parameters of a GraphQL request (GraphQL over HTTP §5). */
export type GraphqlParameters = {
  readonly query: string
  readonly operationName: string | undefined
  readonly variables: Readonly<Record<string, unknown>>
}

/** Reads them from a POST's JSON body or a GET's query string. Throws INVALID_ARGUMENT for what they cannot be. */
export const readParameters = (request: FastifyRequest): GraphqlParameters => {
  if (request.method !== 'GET' && !/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? ''))
    throw new Problem('INVALID_ARGUMENT', 'The body should be application/json.', { status: 415 })
  const given = request.method === 'GET' ? fromQuery(request.query as Record<string, unknown>) : fromBody(request.body)
  const { query, operationName, variables, extensions } = given
  if (query === undefined || query === null)
    throw wrong('The parameter query is missing: it holds the GraphQL document.')
  if (typeof query !== 'string') throw wrong('query should be a string.')
  if (!isAbsent(operationName) && typeof operationName !== 'string') throw wrong('operationName should be a string.')
  if (!isAbsent(variables) && !isObject(variables)) throw wrong('variables should be a JSON object.')
  if (!isAbsent(extensions) && !isObject(extensions)) throw wrong('extensions should be a JSON object.')
  return {
    query,
    operationName: typeof operationName === 'string' && operationName !== '' ? operationName : undefined,
    variables: isObject(variables) ? variables : {},
  }
}

const fromBody = (body: unknown): Record<string, unknown> => {
  if (isObject(body)) return body
  throw wrong(
    Array.isArray(body)
      ? 'Send one operation a request; lists of operations are not accepted.'
      : 'The body should be a JSON object.',
  )
}

const fromQuery = (query: Record<string, unknown>): Record<string, unknown> => ({
  ...query,
  variables: parsed(query['variables'], 'variables'),
  extensions: parsed(query['extensions'], 'extensions'),
})

const parsed = (text: unknown, name: string): unknown => {
  if (text === undefined || text === '') return undefined
  if (typeof text !== 'string') throw wrong(`${name} is given more than once.`)
  try {
    return parseLossless(text)
  } catch {
    throw wrong(`${name} should be JSON.`)
  }
}

const wrong = (detail: string): Problem => new Problem('INVALID_ARGUMENT', detail)

const isAbsent = (value: unknown): boolean => value === undefined || value === null

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
