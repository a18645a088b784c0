import type { Root } from 'protobufjs'
import type { DetailName } from './grpc/client/details.ts'
import type { ResilienceSettings } from './guards/settings.ts'
import type { IdentityHeaderNames } from './identity/headers.ts'
import type { ClientCredentials } from './identity/token.ts'
import type { OpenApiDocument } from './openapi/document.ts'
import type { OwnCalls } from './own-calls.ts'
import type { HttpHealth } from './rest/health.ts'
import type { ForwardedKind } from './rest/request-facts.ts'
import type { TargetSettings } from './targets/settings.ts'
import type { TlsSettings } from './tls.ts'

/** A service as the plan knows it: everything resolved, nothing opened. */
type Common = {
  readonly name: string
  /** What it learns of the caller: the client's own credentials, headers of ours, a token of ours, or nothing. */
  readonly identity: 'forward' | 'headers' | 'service' | 'none'
  /** With `headers`: what they say, by lower-case name. */
  readonly identityHeaders?: IdentityHeaderNames
  /** With `service`: how the gateway gets its token. */
  readonly clientCredentials?: ClientCredentials
  /** Headers in lower case, beside Authorization and Cookie, that it gets only where `identity` is `forward`. */
  readonly credentialHeaders?: readonly string[] | undefined
  /** In which headers it is told where requests come from that are passed on to it; X-Forwarded-* by default. */
  readonly forwardedHeaders?: ForwardedKind | undefined
  /** How long one try may take. */
  readonly timeoutMs: number
  readonly concurrency: { readonly max: number; readonly queue: number }
  readonly maxAnswerBytes: number
  /** Whether identical safe calls in flight are one, across requests. */
  readonly shareCalls?: boolean
  readonly resilience?: ResilienceSettings
  /** Calls that have settings of their own. */
  readonly ownCalls?: readonly OwnCalls[] | undefined
  /** Present when the connection is TLS; `ca` is PEM text. */
  readonly tls: TlsSettings | undefined
}

export type RestService = Common & {
  readonly kind: 'rest'
  /** What the service is called: scheme, host and port of its first target, such as `http://127.0.0.1:5001`. */
  readonly origin: string
  readonly targets: TargetSettings
  /** Whether it is spoken to in HTTP/2, and in nothing else. */
  readonly http2?: boolean | undefined
  /** How each target is asked whether it is well. */
  readonly health?: HttpHealth | undefined
  /** Path of the base URL without a trailing slash; empty for none. */
  readonly basePath: string
  /** What it says of its operations; bindings are checked against it, and nothing else reads it. */
  readonly openapi?: OpenApiDocument
}

export type GrpcService = Omit<Common, 'tls'> & {
  readonly kind: 'grpc'
  readonly targets: TargetSettings
  /** Present when the connection is TLS; all PEM text. `cert` and `key` come together: what the gateway shows of itself. */
  readonly tls: TlsSettings | undefined
  /** The largest message sent. */
  readonly maxRequestBytes: number
  /** What clients may see of a failure's details. */
  readonly errorDetails: readonly DetailName[]
  /**
   * Whose health the service is asked for (grpc.health.v1), where the empty name stands for the whole server; and
   * whether the gateway is not ready without it.
   */
  readonly health: { readonly service: string; readonly required: boolean } | undefined
  /** Every message, enum and service its proto files define, resolved. */
  readonly root: Root
}

export type Service = RestService | GrpcService

/** Whether a service judges callers, not the gateway: then they may learn what it says of them. */
export const judgesCallers = ({ identity }: Pick<Service, 'identity'>): boolean =>
  identity === 'forward' || identity === 'headers'
