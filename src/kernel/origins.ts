import type { FastifyRequest, RouteShorthandOptions } from 'fastify'
import { Problem } from './problem.ts'

/** Which pages may call from a browser: those of the gateway's own origin, and those that `cors` names. */
export type Origins = '*' | readonly string[]

/** Those that the `cors` policy among a route's hooks names. */
export const originsOf = ({ config }: RouteShorthandOptions): Origins => {
  const { origin } = (config as { readonly cors?: { readonly origin?: unknown } } | undefined)?.cors ?? {}
  if (origin === '*') return '*'
  return Array.isArray(origin) ? origin.filter((one): one is string => typeof one === 'string') : []
}

/**
 * Refuses a WebSocket of a page whose origin is not allowed: browsers ask nobody before they open one (RFC 6455
 * §10.2). Throws PERMISSION_DENIED.
 */
export const refuseForeignSocket = (request: FastifyRequest, origins: Origins): void => {
  const { origin } = request.headers
  if (origin === undefined || isAllowedOrigin(origin, request, origins)) return
  throw new Problem('PERMISSION_DENIED', 'Pages of this origin may not connect.')
}

export const isAllowedOrigin = (origin: string, request: FastifyRequest, origins: Origins): boolean =>
  origins === '*' || origins.includes(origin) || (URL.canParse(origin) && new URL(origin).host === request.host)
