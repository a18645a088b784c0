import type { Clock } from '../../../../kernel/clock.ts'
import { grpcTimeout } from '../../../../kernel/grpc.ts'
import type { Fields } from '../../../http2/fields.ts'
import { headerBlock } from '../../../http2/hpack/encoder.ts'
import type { MetadataEntries } from '../exchange.ts'
import { prefixBytes } from './response.ts'

/** Who is asked. */
export type Origin = { readonly authority: string; readonly scheme: 'http' | 'https' }

/** What the head of a call says beside what all calls of its method say. */
export type RequestHead = {
  readonly path: string
  readonly clock: Clock
  /** In the clock's milliseconds. */
  readonly deadline: number
  readonly metadata: MetadataEntries
}

/** What every call of a method begins with, ready to be sent. */
export const requestBlock = (path: string, { authority, scheme }: Origin): Buffer =>
  headerBlock([
    ':method',
    'POST',
    ':scheme',
    scheme,
    ':authority',
    authority,
    ':path',
    path,
    'te',
    'trailers',
    'content-type',
    'application/grpc',
    'user-agent',
    'portico',
    'grpc-accept-encoding',
    'identity',
  ])

/** The fields of one call. */
export const requestFields = ({ clock, deadline, metadata }: RequestHead): Fields => {
  const fields: string[] = []
  const left = deadline - clock.now()
  if (Number.isFinite(left)) fields.push('grpc-timeout', grpcTimeout(left))
  for (const [name, value] of metadata) fields.push(name, value)
  return fields
}

/** A message behind its flag (not compressed) and length. */
export const framed = (message: Buffer): Buffer => {
  const bytes = Buffer.allocUnsafe(prefixBytes + message.length)
  bytes[0] = 0
  bytes.writeUInt32BE(message.length, 1)
  bytes.set(message, prefixBytes)
  return bytes
}
