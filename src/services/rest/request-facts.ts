/** In which headers a service is told where a request comes from. */
export type ForwardedKind = 'x-forwarded' | 'forwarded' | 'both'

/** What the gateway itself says of a request; nothing of it comes from headers of an untrusted peer. */
export type RequestFacts = {
  /** The verified addresses, client first, as X-Forwarded-For has them; the peer's own where no proxy is trusted. */
  readonly forwardedFor: string
  readonly proto: string
  readonly host: string
  /** HTTP version of the client's request, for Via (RFC 9110 §7.6.3). */
  readonly version: string
  /** Which headers say so; X-Forwarded-* by default. */
  readonly forwardedHeaders?: ForwardedKind | undefined
  /** Whether the service gets the caller's credentials (Authorization and Cookie). */
  readonly credentials: boolean
  /** Names in lower case that this service does not hear from clients. */
  readonly withheld?: ReadonlySet<string> | undefined
}
