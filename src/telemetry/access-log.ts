import type { Logger } from 'pino'
import type { RequestObserver } from './observers.ts'

/** The longest query that is logged. */
const longestQuery = 512

/**
 * One line for each request. The subject stands for the caller, never the token; values of secret-like parameters
 * are removed by the log itself. `partial` names the services an answer did without.
 */
export const accessLog =
  (log: Logger): RequestObserver =>
  ({ request, reply, status, milliseconds, bytes, truncated }) => {
    const subject = (request.caller as typeof request.caller | null)?.identity?.subject
    const partial = reply.getHeader('portico-partial')
    const query = request.url.indexOf('?')
    log.info(
      {
        requestId: request.id,
        method: request.method,
        path: request.canonicalPath ?? pathOf(request.url),
        ...(query >= 0 && { query: queryText(request.url.slice(query)) }),
        route: request.pattern ?? request.routeOptions.url ?? null,
        status,
        ms: Math.round(milliseconds * 1_000) / 1_000,
        bytes,
        ...(subject !== undefined && { subject }),
        ...(partial !== undefined && { partial: String(partial) }),
        ...(truncated && { truncated }),
      },
      'request',
    )
  }

/** Whole parameters only: what masks and removes secrets does not know half a value. */
const queryText = (query: string): string => {
  if (query.length <= longestQuery) return query
  const end = query.lastIndexOf('&', longestQuery)
  return `${query.slice(0, Math.max(end, 1))}…`
}

const pathOf = (url: string): string => url.split('?', 1)[0] ?? url
