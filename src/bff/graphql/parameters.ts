import type { FastifyRequest } from 'fastify'
import type { JsonLimits } from '../../kernel/json-mistake.ts'
import { parseRequestJson } from '../../kernel/json-request.ts'
import { asProblem, Problem } from '../../kernel/problem.ts'
import { checkQuery } from '../query.ts'

/** The parameters of a GraphQL request (GraphQL over HTTP §5). */
export type GraphqlParameters = {
  /** Undefined where the document is named by an id. */
  readonly query: string | undefined
  readonly documentId: string | undefined
  /** `extensions.persistedQuery.sha256Hash`. */
  readonly hash: string | undefined
  readonly operationName: string | undefined
  readonly variables: Readonly<Record<string, unknown>>
}

/** Reads them from a POST's JSON body or a GET's query string. Throws INVALID_ARGUMENT for what they cannot be. */
export const readParameters = (request: FastifyRequest, limits: JsonLimits): GraphqlParameters => {
  const inBody = request.method === 'POST'
  if (inBody && !/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? ''))
    throw new Problem('INVALID_ARGUMENT', 'The body should be application/json.', { status: 415 })
  if (inBody) return checkParameters(fromBody(request.body))
  checkQuery(request)
  return checkParameters(fromQuery(request.query as Record<string, unknown>, limits))
}

/** What a client may send, wherever it stands: a body, a query string, the message of a WebSocket. Throws INVALID_ARGUMENT. */
export const checkParameters = (given: Readonly<Record<string, unknown>>): GraphqlParameters => {
  const { query, documentId, operationName, variables, extensions } = given
  if (!isAbsent(query) && typeof query !== 'string') throw wrong('query should be a string.')
  if (!isAbsent(documentId) && (typeof documentId !== 'string' || documentId === ''))
    throw wrong('documentId should be a string.')
  if (!isAbsent(operationName) && typeof operationName !== 'string') throw wrong('operationName should be a string.')
  if (!isAbsent(variables) && !isObject(variables)) throw wrong('variables should be a JSON object.')
  if (!isAbsent(extensions) && !isObject(extensions)) throw wrong('extensions should be a JSON object.')
  return {
    // An empty query beside an id is what some clients send for none.
    query: typeof query === 'string' && (query !== '' || isAbsent(documentId)) ? query : undefined,
    documentId: typeof documentId === 'string' ? documentId : undefined,
    hash: isObject(extensions) ? hashOf(extensions['persistedQuery']) : undefined,
    operationName: typeof operationName === 'string' && operationName !== '' ? operationName : undefined,
    variables: isObject(variables) ? variables : {},
  }
}

const hashOf = (persisted: unknown): string | undefined => {
  if (isAbsent(persisted)) return undefined
  const hash = isObject(persisted) && persisted['version'] === 1 ? persisted['sha256Hash'] : undefined
  if (typeof hash === 'string' && /^[0-9a-f]{64}$/i.test(hash)) return hash
  throw wrong('extensions.persistedQuery should be { "version": 1, "sha256Hash": "<64 hex digits>" }.')
}

const fromBody = (body: unknown): Record<string, unknown> => {
  if (isObject(body)) return body
  throw wrong(
    Array.isArray(body)
      ? 'Send one operation a request; lists of operations are not accepted.'
      : 'The body should be a JSON object.',
  )
}

const fromQuery = (query: Record<string, unknown>, limits: JsonLimits): Record<string, unknown> => ({
  ...query,
  variables: parsed(query['variables'], 'variables', limits),
  extensions: parsed(query['extensions'], 'extensions', limits),
})

const parsed = (text: unknown, name: string, limits: JsonLimits): unknown => {
  if (text === undefined || text === '') return undefined
  if (typeof text !== 'string') throw wrong(`${name} is given more than once.`)
  try {
    return parseRequestJson(text, limits)
  } catch (thrown) {
    throw wrong(`${name}: ${asProblem(thrown).message}`)
  }
}

const wrong = (detail: string): Problem => new Problem('INVALID_ARGUMENT', detail)

const isAbsent = (value: unknown): boolean => value === undefined || value === null

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
