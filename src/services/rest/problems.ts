import { codeOfStatus } from '../../kernel/code.ts'
import { Problem } from '../../kernel/problem.ts'
import { deadlineProblem } from '../guards/aborted.ts'
import type { RestService } from '../service.ts'

/** The service broke the exchange: 502, and only its name is told. */
export const badGateway = (service: string, what: string, cause?: unknown): Problem =>
  new Problem('UNAVAILABLE', `Service ${service} ${what}.`, { status: 502, service, cause })

/** What a connection's error means for the client. `started` says whether the request was on its way. */
export const connectionProblem = (service: string, error: Error & { code?: string }, started: boolean): Problem => {
  if (error instanceof Problem) return error
  if (error.code === 'UND_ERR_CONNECT_TIMEOUT') return deadlineProblem(service, error)
  if (error.code === 'UND_ERR_INVALID_ARG')
    return new Problem('INVALID_ARGUMENT', `A value cannot be sent to service ${service}.`, { service, cause: error })
  return badGateway(service, started ? 'broke off before its answer was complete' : 'could not be reached', error)
}

/**
 * The problem an answer of 300 and above means. Who may see 401 and 403 is decided by whose credentials the
 * service judged: the caller's own, or ours.
 */
export const statusProblem = (
  { name, identity }: RestService,
  status: number,
  retryAfter: string | undefined,
): Problem => {
  if (status < 400) return badGateway(name, 'answered with a redirect, which is not followed')
  if ((status === 401 || status === 403) && identity !== 'forward') return badGateway(name, 'refused the gateway')
  const headers = retryAfter !== undefined && validRetryAfter.test(retryAfter) ? { 'retry-after': retryAfter } : {}
  const said = sentences[status]
  if (status < 500)
    return new Problem(codeOfStatus(status), `Service ${name} ${said ?? 'refused the request'}.`, {
      status,
      service: name,
      headers: status === 429 ? headers : {},
    })
  if (status === 503) return new Problem('UNAVAILABLE', `Service ${name} is unavailable.`, { service: name, headers })
  return status === 504 ? deadlineProblem(name) : badGateway(name, 'failed')
}

const sentences: Readonly<Record<number, string>> = {
  401: 'asks for other credentials',
  403: 'does not permit this',
  404: 'has no such resource',
  409: 'reports a conflict',
  429: 'takes no more requests at the moment',
}

/** Seconds or an HTTP date (RFC 9110 §10.2.3); anything else is not passed on. */
const validRetryAfter = /^(?:\d{1,9}|[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT)$/
