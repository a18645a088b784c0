import type { FastifyReply, FastifyRequest } from 'fastify'
import { whenClosed } from '../kernel/ending.ts'
import { Aborter, type Signal } from '../kernel/signal.ts'
import { type TraceContext, traceContext } from '../telemetry/traceparent.ts'
import type { CallContext, ForwardedHeaders } from './call.ts'

/** What the calls of a request share: its end, its caller, and the headers that services may learn of. */
export const callContextOf = (
  request: FastifyRequest,
  reply: FastifyReply,
  deadline: number = request.deadline,
): CallContext => ({
  signal: whenClientLeaves(reply),
  deadline,
  caller: request.caller,
  forward: new HeadersOfRequest(request),
  headers: request.headers,
})

/** The same without an end of its own, for what lives longer than one answer. */
export const sharedContextOf = (
  request: FastifyRequest,
  deadline: number = request.deadline,
): Omit<CallContext, 'signal'> => ({
  deadline,
  caller: request.caller,
  forward: new HeadersOfRequest(request),
  headers: request.headers,
})

/** A new trace is drawn by the first call: what is answered without one needs none. */
class HeadersOfRequest implements ForwardedHeaders {
  readonly authorization: string | undefined
  readonly #headers: FastifyRequest['headers']
  #trace: TraceContext | undefined

  constructor({ headers }: FastifyRequest) {
    this.authorization = headers.authorization
    this.#headers = headers
  }

  get traceparent(): string {
    return this.#traced().traceparent
  }

  get tracestate(): string | undefined {
    return this.#traced().tracestate
  }

  #traced(): TraceContext {
    this.#trace ??= traceContext(this.#headers['traceparent'], this.#headers['tracestate'])
    return this.#trace
  }
}

/**
 * Aborts when the connection closes before the answer is out. Fastify's own `request.signal` also aborts
 * once a request body has been read to its end.
 */
const whenClientLeaves = ({ raw }: FastifyReply): Signal => {
  const gone = new Aborter()
  whenClosed(raw, () => {
    if (!raw.writableFinished) gone.abort()
  })
  return gone
}

/** A request header by its lower-case name; repeated ones joined (RFC 9110 §5.3). */
export const headerOf =
  ({ headers }: FastifyRequest) =>
  (name: string): string | undefined => {
    const value = headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }
