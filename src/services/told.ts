/**
 * Every header that the gateway sets towards services, beside those that `identity` names:
 *
 * - `vouched`: its own word on every way to a service; a client's is taken away
 * - `credential`: its own, or the client's where `identity` is `forward`
 * - `framing`: said anew by each connection (RFC 9110 §7.6.1)
 * - `composed`: its own where it makes the request itself; the client's, where a request is passed on
 * - `continued`: what the client says, where that is well-formed; else its own
 * - `appended`: behind what the client says, where a request is passed on
 */
export const headersToServices = {
  'x-forwarded-for': 'vouched',
  'x-forwarded-host': 'vouched',
  'x-forwarded-proto': 'vouched',
  forwarded: 'vouched',
  'portico-mirror': 'vouched',
  'grpc-timeout': 'vouched',
  authorization: 'credential',
  connection: 'framing',
  'content-length': 'framing',
  host: 'framing',
  te: 'framing',
  'transfer-encoding': 'framing',
  upgrade: 'framing',
  accept: 'composed',
  'accept-encoding': 'composed',
  'content-type': 'composed',
  'grpc-accept-encoding': 'composed',
  'user-agent': 'composed',
  traceparent: 'continued',
  tracestate: 'continued',
  via: 'appended',
} as const satisfies Readonly<
  Record<string, 'vouched' | 'credential' | 'framing' | 'composed' | 'continued' | 'appended'>
>

/** Those that nobody but the gateway may set, bindings included. */
export const gatewaysOwn: readonly string[] = Object.entries(headersToServices).flatMap(([name, kind]) =>
  kind === 'composed' || kind === 'continued' ? [] : [name],
)
