import { STATUS_CODES } from 'node:http'
import { type Code, codes } from './code.ts'
import type { Json } from './json.ts'
import type { Reason } from './reason.ts'

/** What may stand beside a problem's code and detail. */
export type ProblemOptions = {
  /** A more exact HTTP status than the code's own, such as 502 for UNAVAILABLE or 413 for RESOURCE_EXHAUSTED. */
  readonly status?: number
  /** Response headers that belong to the problem, such as `retry-after` and `www-authenticate`. Lower-case names. */
  readonly headers?: Readonly<Record<string, string>>
  /** The service whose call failed. */
  readonly service?: string
  /** Whether the gateway refused by itself: the service was not asked, and this says nothing of it. */
  readonly refused?: boolean
  /** What a service says of its failure beyond the code, each with its `@type`: only what clients may see. */
  readonly details?: readonly ProblemDetail[]
  /** What is wrong with which part of a request, where that is known. */
  readonly errors?: readonly RequestError[]
  /** Why the value is missing, where the code alone does not say. */
  readonly reason?: Reason
  /** What really happened: logged, never sent. */
  readonly cause?: unknown
}

/** One typed detail, such as `{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": […]}`. */
export type ProblemDetail = { readonly '@type': string; readonly [member: string]: Json }

/** What is wrong with one part of a request: where (RFC 6901, from that part's start), and in words without the value. */
export type RequestError = {
  readonly in: 'path' | 'query' | 'header' | 'cookie' | 'body'
  readonly path: string
  readonly message: string
}

const noErrors: readonly RequestError[] = []
const noDetails: readonly ProblemDetail[] = []

/** What the gateway means by a code where no service is to blame. */
const ownReasons: { readonly [code in Code]?: Reason } = {
  UNAUTHENTICATED: 'AUTH_DENIED',
  PERMISSION_DENIED: 'AUTH_DENIED',
  INVALID_ARGUMENT: 'TEMPLATE_INVALID',
  RESOURCE_EXHAUSTED: 'COST_LIMIT',
  INTERNAL: 'INTERNAL',
}

/**
 * An error that a client may see. `detail` is written for the client: it never holds an upstream's
 * URL, text, stack or host; those go into `cause`.
 */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly code: Code
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly service: string | undefined
  /** Whether the gateway refused by itself, without asking the service. */
  readonly refused: boolean
  readonly details: readonly ProblemDetail[]
  readonly errors: readonly RequestError[]
  readonly #reason: Reason | undefined

  constructor(
    code: Code,
    detail: string,
    { status, headers, service, refused, details, errors, reason, cause }: ProblemOptions = {},
  ) {
    super(detail, { cause })
    this.code = code
    this.status = status ?? codes[code].status
    this.headers = headers ?? {}
    this.service = service
    this.refused = refused ?? false
    this.details = details ?? noDetails
    this.errors = errors ?? noErrors
    this.#reason = reason
  }

  /** Why a value that this took away is missing: as who made it says, else as the code does. */
  get reason(): Reason {
    if (this.#reason !== undefined) return this.#reason
    if (this.code === 'DEADLINE_EXCEEDED') return 'TIMEOUT'
    if (this.code === 'NOT_FOUND') return 'NOT_FOUND'
    return (this.service === undefined ? ownReasons[this.code] : undefined) ?? 'UPSTREAM_ERROR'
  }

  /** Whether the same request may pass at another time: what is too large (RFC 9110 §15.5.14) or asks for too much never does. */
  get retryable(): boolean {
    return codes[this.code].retryable && this.status !== 413 && this.#reason !== 'COST_LIMIT'
  }

  /** The short name of the status, the same for every problem of that status (RFC 9457 §3.1.3). */
  get title(): string {
    return this.status === codes[this.code].status
      ? codes[this.code].title
      : (STATUS_CODES[this.status] ?? codes[this.code].title)
  }
}

/** Any thrown value as a Problem: what is not one already is our own fault, and says nothing of itself. */
export const asProblem = (thrown: unknown): Problem =>
  thrown instanceof Problem
    ? thrown
    : new Problem('INTERNAL', 'The gateway failed to answer this request.', { cause: thrown })

/** RFC 9457 members, with the canonical code and the request's id as extension members. */
export type ProblemJson = {
  readonly type: 'about:blank'
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: Code
  readonly service?: string
  readonly details?: readonly ProblemDetail[]
  readonly errors?: readonly RequestError[]
  readonly requestId?: string
}

/** The body of an `application/problem+json` answer (RFC 9457). */
export const problemJson = (problem: Problem, requestId?: string): ProblemJson => ({
  type: 'about:blank',
  title: problem.title,
  status: problem.status,
  detail: problem.message,
  code: problem.code,
  ...(problem.service === undefined ? {} : { service: problem.service }),
  ...(problem.details.length === 0 ? {} : { details: problem.details }),
  ...(problem.errors.length === 0 ? {} : { errors: problem.errors }),
  ...(requestId === undefined ? {} : { requestId }),
})

/** The `extensions` of a GraphQL error (GraphQL specification §7.1.2). */
export type ProblemExtensions = {
  readonly code: Code
  readonly service?: string
  readonly coordinate?: string
  readonly retryable: boolean
  readonly details?: readonly ProblemDetail[]
  readonly requestId?: string
}

export const problemExtensions = (
  problem: Problem,
  { coordinate, requestId }: { readonly coordinate?: string | undefined; readonly requestId?: string | undefined },
): ProblemExtensions => ({
  code: problem.code,
  ...(problem.service === undefined ? {} : { service: problem.service }),
  ...(coordinate === undefined ? {} : { coordinate }),
  retryable: problem.retryable,
  ...(problem.details.length === 0 ? {} : { details: problem.details }),
  ...(requestId === undefined ? {} : { requestId }),
})

/** The refusal of an anonymous caller, with the challenge a 401 carries (RFC 6750 §3). */
export const unauthenticated = (): Problem =>
  new Problem('UNAUTHENTICATED', 'This needs a caller who is known; send a token.', {
    headers: { 'www-authenticate': 'Bearer realm="portico"' },
  })

/** What a log line says of a problem: its cause and what caused that, or the whole of it where the gateway itself is at fault. */
export const logged = ({ code, service, cause }: Problem): object => ({
  code,
  ...(service === undefined ? {} : { upstream: service }),
  ...(cause === undefined ? {} : code === 'INTERNAL' ? { err: cause } : { cause: causeText(cause) }),
})

/** More causes of causes say nothing new, and a chain may lead back to its beginning. */
const deepestCause = 4

const causeText = (thrown: unknown, depth = 1): string => {
  if (!(thrown instanceof Error)) return String(thrown)
  const { name, message, code, cause } = thrown as Error & { readonly code?: unknown }
  const text = `${name}: ${message}${typeof code === 'string' ? ` (${code})` : ''}`
  return cause === undefined || depth === deepestCause ? text : `${text}, by ${causeText(cause, depth + 1)}`
}
