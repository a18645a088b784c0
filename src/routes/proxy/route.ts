import type { JsonLimits } from '../../kernel/json-mistake.ts'
import type { RetrySettings } from '../../services/guards/retry.ts'
import type { OwnBreaker, OwnCalls } from '../../services/own-calls.ts'
import type { RestService } from '../../services/service.ts'
import type { Split } from '../../services/split/split.ts'
import type { Respond } from '../respond.ts'
import type { PathRewrite } from '../rewrite.ts'
import type { Description } from './validate/description.ts'
import type { WebSocketSettings } from './websocket/config.ts'

/** A proxy route as the plan knows it: its service found, every default taken. */
export type ProxyRoute = {
  /** Stable over reloads: `routes./users/*`. */
  readonly name: string
  /** As written: `/users/*`. */
  readonly path: string
  /** The path without its wildcard: `/users`; empty for `/*`. */
  readonly prefix: string
  /** Whether paths below the prefix match too. */
  readonly below: boolean
  readonly service: RestService
  /** Methods passed on; the app answers others with 405 and these in Allow. */
  readonly methods: readonly ProxyMethod[]
  /** The path a service is asked for, where it differs. */
  readonly rewrite: PathRewrite | undefined
  /** The Host a service is asked for: the client's own, or a name; undefined for the target's. */
  readonly host: { readonly kept: true } | { readonly name: string } | undefined
  /** The bounds of WebSockets; undefined where it takes none. */
  readonly websocket: WebSocketSettings | undefined
  /** The version of an API that this is: its name, and headers of every answer. */
  readonly version?: { readonly name: string; readonly headers: Readonly<Record<string, string>> }
  /** Several services that answer, each by a route of its own; this one is then the first of them. */
  readonly split?: Split<ProxyRoute>
  /** What a client gets where the service has failed. */
  readonly fallback?: Fallback
  /** Who gets copies of requests. */
  readonly mirror?: Mirror
  /** What some of its requests have otherwise, by the `calls` of its service; undefined where that has none. */
  readonly apart?: readonly Apart[] | undefined
  /** Undefined where it shares its service's. */
  readonly breaker?: OwnBreaker | undefined
  /** Tries after the first; none where it is absent. */
  readonly retry: RetrySettings | undefined
  /** Until the service starts to answer. */
  readonly timeoutMs: number
  readonly maxBodyBytes: number
  /** Whether Early Hints reach clients. */
  readonly earlyHints?: boolean
  /** The largest answer that is held to be masked; undefined where answers pass as they come. */
  readonly mask?: { readonly maxBytes: number } | undefined
  /** What requests are held against before they are passed on; undefined for nothing. */
  readonly validate?: Validation | undefined
}

export const proxyMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const
export type ProxyMethod = (typeof proxyMethods)[number]

/** What a client gets where the service has failed: the first of these that there is. */
export type Fallback = {
  /** The route as the other service would have it. */
  readonly route: ProxyRoute | undefined
  /** How old the last good answer may be. */
  readonly staleMs: number | undefined
  readonly respond: Respond | undefined
}

/** Who gets copies of a route's requests. */
export type Mirror = {
  /** The route as the other service would have it. */
  readonly route: ProxyRoute
  /** From 0 to 1. */
  readonly share: number
  readonly methods: ReadonlySet<string>
}

/** What requests of a route have otherwise that are some calls of its service which say so (`calls`). */
export type Apart = Pick<ProxyRoute, 'service' | 'timeoutMs' | 'retry' | 'breaker'> & { readonly calls: OwnCalls }

/** What the requests of a route are held against. */
export type Validation = {
  readonly description: Description
  /** What becomes of what it does not have. */
  readonly unknown: 'reject' | 'pass'
  readonly json: JsonLimits
}
