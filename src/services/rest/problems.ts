import { codeOfStatus } from '../../kernel/code.ts'
import type { Json } from '../../kernel/json.ts'
import { Problem } from '../../kernel/problem.ts'
import { deadlineProblem } from '../guards/aborted.ts'
import { judgesCallers, type RestService } from '../service.ts'
import { NoTarget, noTarget } from '../targets/set.ts'
import type { WireError } from './wire/error.ts'

/** The service broke the exchange: 502, and only its name is told. */
export const badGateway = (service: string, what: string, cause?: unknown): Problem =>
  new Problem('UNAVAILABLE', `Service ${service} ${what}.`, { status: 502, service, cause })

/** The headers of a failure, by lower-case names, and its JSON; undefined where it is none, or long. */
export type Said = { readonly header: (name: string) => string | undefined; readonly body: Json | undefined }

/** What a service answered, as the cause of a problem: clients see the gateway's own status. */
export class AnsweredStatus {
  readonly status: number
  /** What it said beside, for who asked for it. */
  readonly said: Said | undefined
  constructor(status: number, said?: Said) {
    this.status = status
    this.said = said
  }
  toString(): string {
    return `HTTP status ${this.status}`
  }
}

/** What an exchange's error means for the client. */
export const connectionProblem = (service: string, error: WireError): Problem => {
  // A request's body that broke off says itself why.
  if (error.cause instanceof Problem) return error.cause
  if (error.code === 'connect_timeout') return deadlineProblem(service, error)
  if (error.code === 'invalid_request')
    return new Problem('INVALID_ARGUMENT', `A value cannot be sent to service ${service}.`, {
      service,
      reason: 'TEMPLATE_INVALID',
      cause: error,
    })
  if (error.cause instanceof NoTarget && error.cause.reason === 'unhealthy') return noTarget(service, error.cause)
  const unreached = error.code === 'unreachable' || error.code === 'closed'
  return badGateway(service, unreached ? 'could not be reached' : 'broke off before its answer was complete', error)
}

/**
 * The problem an answer of 300 and above means. Who may see 401 and 403 is decided by whose credentials the
 * service judged: the caller's own, or ours.
 */
export const statusProblem = (
  { name, identity }: RestService,
  status: number,
  { retryAfter, said }: { readonly retryAfter?: string | undefined; readonly said?: Said | undefined },
): Problem => {
  const cause = new AnsweredStatus(status, said)
  if (status < 400) return badGateway(name, 'answered with a redirect, which is not followed', cause)
  if ((status === 401 || status === 403) && !judgesCallers({ identity }))
    return badGateway(name, 'refused the gateway', cause)
  const headers = retryAfter !== undefined && validRetryAfter.test(retryAfter) ? { 'retry-after': retryAfter } : {}
  const sentence = sentences[status]
  if (status < 500)
    return new Problem(codeOfStatus(status), `Service ${name} ${sentence ?? 'refused the request'}.`, {
      status,
      service: name,
      headers: status === 429 ? headers : {},
      cause,
    })
  if (status === 503)
    return new Problem('UNAVAILABLE', `Service ${name} is unavailable.`, { service: name, headers, cause })
  return status === 504 ? deadlineProblem(name, cause) : badGateway(name, 'failed', cause)
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
