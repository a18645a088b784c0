import type { ClientHttp2Stream } from 'node:http2'
import type { Clock } from '../../../../kernel/clock.ts'
import type { GrpcService } from '../../../service.ts'
import type { MetadataEntries } from '../exchange.ts'

type RequestHead = {
  readonly service: Pick<GrpcService, 'tls'>
  readonly clock: Clock
  readonly path: string
  readonly authority: string
  readonly deadline: number
  readonly metadata: MetadataEntries
}

/** A list rather than an object: Node sends it as it is, for a third less than it takes to check an object. */
export const requestHeaders = (head: RequestHead): readonly string[] => {
  const headers = [
    ':method',
    'POST',
    ':scheme',
    head.service.tls === undefined ? 'http' : 'https',
    ':authority',
    head.authority,
    ':path',
    head.path,
    'te',
    'trailers',
    'content-type',
    'application/grpc',
    'user-agent',
    'portico',
    'grpc-accept-encoding',
    'identity',
  ]
  const left = head.deadline - head.clock.now()
  if (Number.isFinite(left)) headers.push('grpc-timeout', timeoutText(left))
  for (const [name, value] of head.metadata) headers.push(name, value)
  return headers
}

/** Sends the one message of a request, and that no more come. */
export const sendMessage = (stream: ClientHttp2Stream, message: Buffer): void => {
  if (message.length <= mostCopied) stream.end(framed(message))
  else {
    stream.write(prefixOf(message))
    stream.end(message)
  }
}

/** Copying is cheaper than one more write up to about here. */
const mostCopied = 16_384

/** A message behind its flag (not compressed) and length. */
const framed = (message: Buffer): Buffer => {
  const bytes = Buffer.allocUnsafe(5 + message.length)
  bytes[0] = 0
  bytes.writeUInt32BE(message.length, 1)
  bytes.set(message, 5)
  return bytes
}

const prefixOf = (message: Buffer): Buffer => {
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(message.length, 1)
  return prefix
}

/** At most eight digits and a unit. */
const timeoutText = (milliseconds: number): string => {
  const whole = Math.max(1, Math.ceil(milliseconds))
  return whole < 100_000_000 ? `${whole}m` : `${Math.min(Math.ceil(whole / 1_000), 99_999_999)}S`
}
