import type { FastifyInstance } from 'fastify'
import { parseRequestJson } from '../kernel/json-request.ts'
import { asProblem } from '../kernel/problem.ts'

/** Reads JSON bodies of a scope without losing digits, refusing what readers may read in two ways; other media types are refused with 415. */
export const readLossless = (scope: FastifyInstance): void => {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, text, done) => {
    try {
      done(null, text === '' ? undefined : parseRequestJson(text as string))
    } catch (thrown) {
      done(asProblem(thrown))
    }
  })
}
