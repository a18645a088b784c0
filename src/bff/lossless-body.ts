import type { FastifyInstance } from 'fastify'
import { parseLossless } from '../kernel/json.ts'
import { Problem } from '../kernel/problem.ts'

/** Reads JSON bodies of a scope without losing digits; other media types are refused with 415. */
export const readLossless = (scope: FastifyInstance): void => {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, text, done) => {
    try {
      done(null, text === '' ? undefined : parseLossless(text as string))
    } catch (cause) {
      done(new Problem('INVALID_ARGUMENT', 'The body is not valid JSON.', { cause }))
    }
  })
}
