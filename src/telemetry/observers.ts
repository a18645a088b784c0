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

/** Why a WebSocket ended: a side said so or was gone, or the gateway ended it. */
export type SocketEnding =
  | 'client'
  | 'service'
  | 'service broke off'
  | 'idle'
  | 'age'
  | 'expired'
  | 'refused'
  | 'invalid frames'
  | 'invalid messages'
  | 'message too large'
  | 'reads too slowly'
  | 'drain'

/** A WebSocket that is open, as it is counted. */
export type OpenSocket = {
  /** Messages have passed whole, pings and closing left out. The gateway speaks for the service where it answers itself. */
  readonly passed: (from: 'client' | 'service', messages: number) => void
  readonly ended: (why: SocketEnding) => void
}

/** Told of every WebSocket that opens, by the path that it is asked for by, as written. */
export type SocketObserver = (route: string) => OpenSocket
