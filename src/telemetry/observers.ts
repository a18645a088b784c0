import type { FastifyReply, FastifyRequest } from 'fastify'

/** One call of a service, over. `outcome` is `OK` or a code of `kernel/code.ts`. */
export type ObservedCall = { readonly service: string; readonly outcome: string; readonly milliseconds: number }

/** Told of every call, by services, which know nothing of what becomes of it. */
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
