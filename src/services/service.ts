import type { Root } from 'protobufjs'

/** A service as the plan knows it: everything resolved, nothing opened. */
type Common = {
  readonly name: string
  readonly identity: 'forward' | 'none'
  readonly timeoutMs: number
  readonly concurrency: { readonly max: number; readonly queue: number }
  readonly maxAnswerBytes: number
  /** Present when the connection is TLS; `ca` is PEM text. */
  readonly tls: { readonly ca?: string; readonly serverName?: string } | undefined
}

export type RestService = Common & {
  readonly kind: 'rest'
  /** Scheme, host and port, such as `http://127.0.0.1:5001`. */
  readonly origin: string
  /** Path of the base URL without a trailing slash; empty for none. */
  readonly basePath: string
}

export type GrpcService = Common & {
  readonly kind: 'grpc'
  /** `host:port`. */
  readonly address: string
  /** Every message, enum and service its proto files define, resolved. */
  readonly root: Root
}

export type Service = RestService | GrpcService
