import type { IncomingHttpHeaders, IncomingHttpStatusHeader } from 'node:http2'
import type { MetadataEntries } from '../exchange.ts'
import { GrpcFailure } from '../failure.ts'
import { ofTheProtocol } from '../metadata.ts'
import { grpcStatus } from '../status.ts'

/** Before each message: a flag of compression and its length. */
export const prefixBytes = 5

/** What is wrong with headers that are not those of a gRPC answer; undefined where they are. */
export const foreignFailure = (headers: IncomingHttpHeaders & IncomingHttpStatusHeader): GrpcFailure | undefined => {
  const { ':status': status, 'content-type': type } = headers
  return status !== 200 || type === undefined || !grpcType.test(type)
    ? new GrpcFailure('foreign', grpcStatus.unavailable, `HTTP status ${status}, content type ${type}`)
    : undefined
}

/**
 * How a call ended: its trailers, or the failure they tell. `last` is what the service sent last: its trailers, or
 * headers with nothing after them. Undefined where they hold no status.
 */
export const endingOf = (last: IncomingHttpHeaders): MetadataEntries | GrpcFailure | undefined => {
  const written = last['grpc-status']
  if (typeof written !== 'string') return undefined
  const trailers = entriesOf(last)
  const code = statusNumber.test(written) ? Number(written) : grpcStatus.unknown
  return code === grpcStatus.ok
    ? trailers
    : new GrpcFailure('status', code, messageText(last['grpc-message']), { trailers })
}

/** A stream that was closed before it told how its call ended. */
export const closedFailure = (rstCode: number, cause: Error | undefined): GrpcFailure =>
  brokenFailure(cause?.message ?? `The stream was closed with code ${rstCode} and without a status.`, cause)

export const brokenFailure = (message: string, cause?: unknown): GrpcFailure =>
  new GrpcFailure('broken', grpcStatus.internal, message, { cause })

export const oversizeFailure = (bytes: number): GrpcFailure =>
  new GrpcFailure('oversize', grpcStatus.resourceExhausted, `A message of ${bytes} bytes`)

/** `identity` is all that is asked for. */
export const compressedFailure = (): GrpcFailure => brokenFailure('A compressed message, which was not asked for.')

/** Not gRPC-Web, which frames its trailers otherwise. */
const grpcType = /^application\/grpc(?:$|[+;])/
const statusNumber = /^\d{1,3}$/

/** `grpc-message` is percent-encoded UTF-8; what is not so encoded is kept as it is. */
const messageText = (written: string | readonly string[] | undefined): string => {
  const text = typeof written === 'string' ? written : ''
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const none: MetadataEntries = []

/** The metadata in headers or trailers, without what belongs to the protocol. */
export const entriesOf = (headers: IncomingHttpHeaders): MetadataEntries => {
  let entries: (readonly [string, string])[] | undefined
  for (const name in headers) {
    if (name.startsWith(':') || ofTheProtocol.has(name)) continue
    const value = headers[name]
    if (value === undefined) continue
    entries ??= []
    for (const one of typeof value === 'string' ? partsOf(name, value) : value) entries.push([name, one])
  }
  return entries ?? none
}

/** Binary values that came several times are joined by commas, of which base64 has none. */
const partsOf = (name: string, value: string): readonly string[] =>
  name.endsWith('-bin') && value.includes(',') ? value.split(/, */) : [value]
