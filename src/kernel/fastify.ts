import type { Caller } from './caller.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks. Anonymous until an auth policy has verified an identity. */
    caller: Caller
    /** The canonical path (no query): routing, policies, logs and upstream calls all use this one form. */
    canonicalPath: string
    /** Its URL with the key that it showed in its query; undefined where it showed none. Elsewhere the key is gone. */
    sentUrl: string | undefined
    /** When the request's budget ends, in the clock's monotonic milliseconds. */
    deadline: number
    /** What telemetry calls the route, where one route of the router serves many: never what the client sent. */
    pattern: string | undefined
    /** Whether its client may say who it is once its WebSocket is open: that it shows nothing now is no failure. */
    provesLater: boolean
    /** Whether its connection became a WebSocket: answered by 101, long before it is over. */
    upgraded: boolean
  }
}
