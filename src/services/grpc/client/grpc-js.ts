import { Metadata, type StatusObject, status } from '@grpc/grpc-js'
import { connectWords } from './connect-words.ts'
import type { MetadataEntries } from './exchange.ts'
import { type FailureKind, GrpcFailure } from './failure.ts'
import { ofTheProtocol } from './metadata.ts'

/** What crosses the border to grpc-js: metadata and failures, in its words and in ours. */

export const grpcJsMetadata = (entries: MetadataEntries): Metadata => {
  const metadata = new Metadata()
  for (const [name, value] of entries) metadata.add(name, name.endsWith('-bin') ? Buffer.from(value, 'base64') : value)
  return metadata
}

export const metadataEntries = (metadata: Metadata): MetadataEntries => {
  const entries: (readonly [string, string])[] = []
  for (const [name, values] of Object.entries(metadata.toJSON()))
    if (!ofTheProtocol.has(name))
      for (const value of values) entries.push([name, typeof value === 'string' ? value : value.toString('base64')])
  return entries
}

/**
 * A status of grpc-js as a failure. It makes statuses of its own and does not mark them; they are told from the
 * service's by their words and by the absence of trailers, where at least a content type would be.
 */
export const failureOf = ({ code, details, metadata }: StatusObject, headers: Metadata | undefined): GrpcFailure => {
  const kind = kindOf({ code, details, metadata }, headers)
  const words = kind === 'unreached' ? connectWords(details) : details
  return new GrpcFailure(kind, code, words, { trailers: metadataEntries(metadata) })
}

const kindOf = ({ code, details, metadata }: StatusObject, headers: Metadata | undefined): FailureKind => {
  if (details.startsWith('Received HTTP status code') || isForeign(headers)) return 'foreign'
  const alone = Object.keys(metadata.getMap()).length === 0
  if (!alone) return 'status'
  if (code === status.DEADLINE_EXCEEDED) return headers === undefined ? 'deadline' : 'status'
  if (code === status.RESOURCE_EXHAUSTED && oversizeWords.test(details)) return 'oversize'
  if (foreignWords.test(details)) return 'foreign'
  if (brokenWords.test(details)) return 'broken'
  return code === status.UNAVAILABLE && headers === undefined ? 'unreached' : 'status'
}

const isForeign = (headers: Metadata | undefined): boolean => {
  const type = headers?.get('content-type')[0]
  return headers !== undefined && !(typeof type === 'string' && /^application\/grpc(?:$|[+;])/.test(type))
}

/** An HTTP/1.1 server's bytes, where HTTP/2 was expected. */
const foreignWords = /Protocol error|Frame size error/
const oversizeWords = /^Received message (?:larger than max|that decompresses to a size larger)/
const brokenWords =
  /^(?:Connection dropped|Call cancelled$|Received RST_STREAM|Bandwidth exhausted|read E|write E|Stream refused)/
