import type { FastifyRequest } from 'fastify'
import { parseBodyToCheck } from '../../../kernel/json-request.ts'
import { hasBody } from '../../../kernel/media-type.ts'
import { Problem, type RequestError } from '../../../kernel/problem.ts'
import type { ProxyRoute, Validation } from '../route.ts'
import { servicePath } from '../translate.ts'
import type { Found, Operation } from './description.ts'
import { mostMistakes, pointerTo } from './mistakes.ts'
import { textsOf } from './request-texts.ts'

/**
 * Holds a request against its operation. First what its head tells before a byte of the body is read: 404, 405, 415.
 * Then, with the body, all the rest at once: 400. Undefined for what passes unseen. Throws Problem.
 */
export type Inspect = (request: FastifyRequest) => ((body: Buffer | null) => void) | undefined

export const createInspection =
  (route: Pick<ProxyRoute, 'rewrite'>, { description, unknown, json }: Validation): Inspect =>
  (request) => {
    const { method = '', url = '/' } = request.raw
    const mark = url.indexOf('?')
    const path = servicePath(mark < 0 ? url : url.slice(0, mark), route)
    const found = known(description.find(method, path), unknown)
    if (found === undefined) return undefined
    const { operation } = found
    const read = operation.body?.reader(request.raw)
    return (body) => {
      const errors = [
        ...parameterErrors(request, found, { query: mark < 0 ? '' : url.slice(mark + 1), unknown, json }),
        ...presenceErrors(operation, hasBody(request.raw) && body !== null && body.length > 0, unknown),
      ]
      if (read !== undefined && body !== null && body.length > 0) {
        const value = parseBodyToCheck(body, json)
        errors.push(...(read.check?.(value) ?? []).map((mistake) => ({ in: 'body' as const, ...mistake })))
      }
      if (errors.length === 0) return
      throw new Problem('INVALID_ARGUMENT', 'The request is not as its description wants it.', {
        errors: errors.slice(0, mostMistakes),
      })
    }
  }

const known = (found: Found | undefined, unknown: Validation['unknown']) => {
  if (found !== undefined && 'operation' in found) return found
  if (unknown === 'pass') return undefined
  if (found === undefined) throw new Problem('NOT_FOUND', 'There is nothing at this address.')
  const allow = found.allow.join(', ')
  throw new Problem('INVALID_ARGUMENT', `This address answers ${allow}.`, { status: 405, headers: { allow } })
}

const presenceErrors = (
  { body }: Operation,
  isThere: boolean,
  unknown: Validation['unknown'],
): readonly RequestError[] => {
  if (body?.isRequired === true && !isThere) return [{ in: 'body', path: '', message: 'is missing' }]
  return body === undefined && isThere && unknown === 'reject'
    ? [{ in: 'body', path: '', message: 'is not known here' }]
    : []
}

type Asked = Pick<Validation, 'unknown' | 'json'> & { readonly query: string }

const parameterErrors = (
  request: FastifyRequest,
  { operation: { parameters }, path }: Extract<Found, { operation: unknown }>,
  { query, unknown, json }: Asked,
): RequestError[] => {
  const texts = textsOf(request, { path, query })
  const errors = parameters.flatMap((parameter) =>
    parameter.mistakes(texts(parameter.in), json).map((mistake) => ({ in: parameter.in, ...mistake })),
  )
  if (unknown === 'pass' || query === '') return errors
  const takers = parameters.filter((parameter) => parameter.in === 'query')
  for (const name of texts('query').keys())
    if (!takers.some(({ takes }) => takes(name)))
      errors.push({ in: 'query', path: pointerTo(name), message: 'is not known here' })
  return errors
}
