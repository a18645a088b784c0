import type { OutgoingHttpHeaders } from 'node:http'
import type { FastifyRequest } from 'fastify'
import { maskHeader } from '../../kernel/mask/headers.ts'
import type { Masker } from '../../kernel/mask/masker.ts'
import { Problem } from '../../kernel/problem.ts'
import type { MetadataEntries } from '../../services/grpc/client/exchange.ts'
import { isOwnOfClient } from '../../services/rest/headers.ts'

/** Which headers pass between clients and a service, in lower case. */
export type MetadataRules = { readonly request: readonly string[]; readonly response: ReadonlySet<string> }

/** Names that gRPC or the gateway itself gives a meaning. */
const own =
  /^(?:grpc-.*|connect-.*|content-.*|accept.*|host|user-agent|te|trailer|traceparent|tracestate|origin|sec-.*|authorization|cookie|range|if-.*|vary|etag|date|server|set-cookie|cache-control|www-authenticate|location|allow|access-control-.*|strict-transport-security|x-request-id|via)$/

/** Why a header may not pass, in words; undefined where it may. */
export const refusedHeader = (name: string): string | undefined => {
  if (own.test(name)) return `${name} has a meaning of its own, and passes by other rules or never.`
  if (!isOwnOfClient(name)) return `${name} says who calls or how; only the gateway may.`
  return undefined
}

const none: MetadataEntries = []

/** The metadata of a request. Throws Problem INVALID_ARGUMENT for a `-bin` value that is not base64. */
export const requestMetadata = ({ request: names }: MetadataRules, { headers }: FastifyRequest): MetadataEntries => {
  if (names.length === 0) return none
  const entries: [string, string][] = []
  for (const name of names) {
    const value = headers[name]
    if (value === undefined) continue
    const text = Array.isArray(value) ? value.join(',') : value
    if (!name.endsWith('-bin')) entries.push([name, text])
    // Binary values may be joined in one header (gRPC over HTTP/2, "Custom-Metadata").
    else for (const part of text.split(',')) entries.push([name, base64(name, part.trim())])
  }
  return entries
}

const base64 = (name: string, text: string): string => {
  if (/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return text
  throw new Problem('INVALID_ARGUMENT', `The header ${name} should be base64.`)
}

const fieldValue = /^[\t\x20-\x7e]*$/

/** What of a service's metadata becomes response headers, masked for one caller: values of one name stay separate. */
export const responseHeaders = (
  { response }: MetadataRules,
  masker: Masker | undefined,
  ...parts: readonly MetadataEntries[]
): OutgoingHttpHeaders => {
  const headers: Record<string, string[]> = Object.create(null) as Record<string, string[]>
  if (response.size === 0) return headers
  for (const entries of parts)
    for (const [name, value] of entries) {
      if (!response.has(name) || !fieldValue.test(value)) continue
      const shown = masker === undefined ? value : maskHeader(name, value, masker)
      if (shown !== undefined) (headers[name] ??= []).push(shown)
    }
  return headers
}
