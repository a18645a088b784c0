import type { FastifyRequest } from 'fastify'
import { Problem } from '../kernel/problem.ts'

/**
 * Refuses a query with an escape that is broken or holds no UTF-8. Fastify's parser would give such a parameter as it
 * stands, and `%ff` would go on as the three characters. Throws INVALID_ARGUMENT.
 */
export const checkQuery = ({ url }: FastifyRequest): void => {
  const mark = url.indexOf('?')
  if (mark < 0 || !url.includes('%', mark)) return
  try {
    decodeURIComponent(url.slice(mark + 1))
  } catch (cause) {
    throw new Problem('INVALID_ARGUMENT', 'The query is not well-formed: an escape in it is broken.', { cause })
  }
}
