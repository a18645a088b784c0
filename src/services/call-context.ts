import type { FastifyReply, FastifyRequest } from 'fastify'
import { whenClosed } from '../kernel/ending.ts'
import { Aborter, type Signal } from '../kernel/signal.ts'
import { traceContext } from '../telemetry/traceparent.ts'
import type { CallContext } from './call.ts'

/** What the calls of a request share: its end, its caller, and the headers that services may learn of. */
export const callContextOf = (
  request: FastifyRequest,
  reply: FastifyReply,
  deadline: number = request.deadline,
): CallContext => ({ ...sharedContextOf(request, deadline), signal: whenClientLeaves(reply) })

/** The same without an end of its own, for what lives longer than one answer. */
export const sharedContextOf = (
  request: FastifyRequest,
  deadline: number = request.deadline,
): Omit<CallContext, 'signal'> => {
  const { authorization, traceparent, tracestate } = request.headers
  return {
    deadline,
    caller: request.caller,
    forward: { authorization, ...traceContext(traceparent, tracestate) },
    headers: request.headers,
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
