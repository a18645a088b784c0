import type { FastifyReply, FastifyRequest } from 'fastify'
import { Aborter, type Signal } from '../kernel/signal.ts'
import type { CallContext } from '../services/call.ts'
import { traceContext } from '../telemetry/traceparent.ts'

/** What the calls of a request share: its end, its caller, and the headers that services may learn of. */
export const callContextOf = (request: FastifyRequest, reply: FastifyReply): CallContext => ({
  ...sharedContextOf(request),
  signal: whenClientLeaves(reply),
})

/** The same without an end of its own, for what lives longer than one answer. */
export const sharedContextOf = (request: FastifyRequest): Omit<CallContext, 'signal'> => {
  const { authorization, traceparent, tracestate } = request.headers
  return {
    deadline: request.deadline,
    caller: request.caller,
    forward: { authorization, ...traceContext(traceparent, tracestate) },
  }
}

/**
 * Aborts when the connection closes before the answer is out. Fastify's own `request.signal` also aborts
 * once a request body has been read to its end.
 */
const whenClientLeaves = ({ raw }: FastifyReply): Signal => {
  const gone = new Aborter()
  raw.once('close', () => {
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
