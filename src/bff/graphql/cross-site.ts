import type { FastifyRequest } from 'fastify'
import { isAllowedOrigin, type Origins } from '../../kernel/origins.ts'
import { Problem } from '../../kernel/problem.ts'

/** Headers no page of another origin can send without asking first (Fetch standard, CORS preflight). */
const asking = ['apollo-require-preflight', 'graphql-preflight', 'x-requested-with', 'x-apollo-operation-name'] as const

/**
 * Refuses what a page of another site makes a browser send unasked: an image, a link, a form. A GET passes where it
 * could only come after a preflight, where `cors` names its origin, or where no browser says that it is foreign
 * (Fetch Metadata, `Sec-Fetch-Site`); clients that are no browsers need nothing. POSTs are JSON or refused, and
 * JSON is never sent unasked. Throws PERMISSION_DENIED.
 */
export const refuseCrossSite = (request: FastifyRequest, origins: Origins): void => {
  const { headers } = request
  const site = headers['sec-fetch-site']
  if (request.method === 'POST' || site === undefined || site === 'same-origin' || site === 'none') return
  if (asking.some((name) => headers[name] !== undefined)) return
  if (/^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '')) return
  if (headers.origin !== undefined && isAllowedOrigin(headers.origin, request, origins)) return
  throw new Problem(
    'PERMISSION_DENIED',
    'This request comes from another site without a preflight. Send a POST, or the header apollo-require-preflight.',
  )
}
