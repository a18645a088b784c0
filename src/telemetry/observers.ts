import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Code } from '../kernel/code.ts'

/** One call of a service, over. */
export type ObservedCall = {
  readonly service: string
  readonly outcome: Code | 'OK'
  readonly milliseconds: number
}

/** Told once of every call, when it has ended, by services, which know nothing of what becomes of it. It must not throw. */
export type CallObserver = (call: ObservedCall) => void

/** One request, answered or given up. */
export type ObservedRequest = {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  /** What was sent; 499 where the client went away before the whole answer was. */
  readonly status: number
  readonly milliseconds: number
  /** Bytes written to the connection for this answer, head included. */
  readonly bytes: number
  /** Whether the answer broke off on our side, after its head was sent. */
  readonly truncated: boolean
}

export type RequestObserver = (observed: ObservedRequest) => void
