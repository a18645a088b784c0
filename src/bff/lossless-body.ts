import type { FastifyInstance } from 'fastify'
import type { JsonLimits } from '../kernel/json-mistake.ts'
import { parseRequestBody } from '../kernel/json-request.ts'
import { asProblem, Problem } from '../kernel/problem.ts'

/** Reads JSON bodies of a scope without losing digits, refusing what readers may read in two ways; other media types are refused with 415. */
export const readLossless = (scope: FastifyInstance, limits: JsonLimits): void => {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, bytes, done) => {
    const encoding = request.headers['content-encoding'] ?? 'identity'
    if (encoding.toLowerCase() !== 'identity')
      return done(new Problem('INVALID_ARGUMENT', 'The body may not be compressed.', { status: 415 }))
    try {
      done(null, bytes.length === 0 ? undefined : parseRequestBody(bytes as Buffer, limits))
    } catch (thrown) {
      done(asProblem(thrown))
    }
  })
}
