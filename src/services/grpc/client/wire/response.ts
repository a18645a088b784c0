import { isGrpcType } from '../../../../kernel/grpc.ts'
import type { StreamError } from '../../../http2/error.ts'
import { type Fields, fieldOf } from '../../../http2/fields.ts'
import type { MetadataEntries } from '../exchange.ts'
import { GrpcFailure } from '../failure.ts'
import { ofTheProtocol } from '../metadata.ts'
import { grpcStatus } from '../status.ts'

/** Before each message: a flag of compression and its length. */
export const prefixBytes = 5

/** What is wrong with headers that are not those of a gRPC answer; undefined where they are. */
export const foreignFailure = (headers: Fields): GrpcFailure | undefined => {
  const status = fieldOf(headers, ':status')
  const type = fieldOf(headers, 'content-type')
  return status !== '200' || !isGrpcType(type)
    ? new GrpcFailure('foreign', grpcStatus.unavailable, `HTTP status ${status}, content type ${type}`)
    : undefined
}

/**
 * How a call ended: its trailers, or the failure they tell. `last` is what the service sent last: its trailers, or
 * headers with nothing after them. Undefined where they hold no status.
 */
export const endingOf = (last: Fields): MetadataEntries | GrpcFailure | undefined => {
  const written = fieldOf(last, 'grpc-status')
  if (written === undefined) return undefined
  const trailers = entriesOf(last)
  const code = statusNumber.test(written) ? Number(written) : grpcStatus.unknown
  return code === grpcStatus.ok
    ? trailers
    : new GrpcFailure('status', code, messageText(fieldOf(last, 'grpc-message') ?? ''), { trailers })
}

/** A stream that broke before it told how its call ended. */
export const failureOfStream = (cause: StreamError): GrpcFailure =>
  cause.unprocessed ? unprocessedFailure(cause.message, cause) : brokenFailure(cause.message, cause)

/** The service says that it did nothing with the call. */
export const unprocessedFailure = (
  message = 'The service did nothing with the call.',
  cause?: StreamError,
): GrpcFailure => new GrpcFailure('unreached', grpcStatus.unavailable, message, { cause })

/** A stream that ended well, as HTTP has it, and did not say how its call did. */
export const noStatusFailure = (): GrpcFailure => brokenFailure('The stream ended without a status.')

export const brokenFailure = (message: string, cause?: unknown): GrpcFailure =>
  new GrpcFailure('broken', grpcStatus.internal, message, { cause })

export const oversizeFailure = (bytes: number): GrpcFailure =>
  new GrpcFailure('oversize', grpcStatus.resourceExhausted, `A message of ${bytes} bytes`)

/** `identity` is all that is asked for. */
export const compressedFailure = (): GrpcFailure => brokenFailure('A compressed message, which was not asked for.')

const statusNumber = /^\d{1,3}$/

/** `grpc-message` is percent-encoded UTF-8; what is not so encoded is kept as it is. */
const messageText = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const none: MetadataEntries = []

/** The metadata in headers or trailers, without what belongs to the protocol. */
export const entriesOf = (fields: Fields): MetadataEntries => {
  let entries: (readonly [string, string])[] | undefined
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at] as string
    if (name.startsWith(':') || ofTheProtocol.has(name)) continue
    entries ??= []
    for (const one of partsOf(name, fields[at + 1] as string)) entries.push([name, one])
  }
  return entries ?? none
}

/** Binary values that came several times are joined by commas, of which base64 has none. */
const partsOf = (name: string, value: string): readonly string[] =>
  name.endsWith('-bin') && value.includes(',') ? value.split(/, */) : [value]
