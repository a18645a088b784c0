import type { FastifyRequest } from 'fastify'
import { Problem } from '../../kernel/problem.ts'

/** Headers no page of another origin can send without asking first (Fetch standard, CORS preflight). */
const asking = ['apollo-require-preflight', 'graphql-preflight', 'x-requested-with', 'x-apollo-operation-name'] as const

/** Which pages may call a BFF: those of its own origin, and those its `cors` names. */
export type Origins = '*' | readonly string[]

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
  if (headers.origin !== undefined && isAllowed(headers.origin, request, origins)) return
  throw new Problem(
    'PERMISSION_DENIED',
    'This request comes from another site without a preflight. Send a POST, or the header apollo-require-preflight.',
  )
}

/**
 * Refuses a WebSocket of a page whose origin is not allowed: browsers ask nobody before they open one (RFC 6455
 * §10.2). Throws PERMISSION_DENIED.
 */
export const refuseForeignSocket = (request: FastifyRequest, origins: Origins): void => {
  const { origin } = request.headers
  if (origin === undefined || isAllowed(origin, request, origins)) return
  throw new Problem('PERMISSION_DENIED', 'Pages of this origin may not connect.')
}

const isAllowed = (origin: string, request: FastifyRequest, origins: Origins): boolean =>
  origins === '*' || origins.includes(origin) || (URL.canParse(origin) && new URL(origin).host === request.host)
