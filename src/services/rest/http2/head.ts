import type { Fields } from '../../http2/fields.ts'
import { rememberNames } from '../wire/fields.ts'
import type { HeaderLines, WireRequest } from '../wire/request.ts'

/** Who is asked. */
export type Origin = { readonly scheme: 'http' | 'https'; readonly authority: string }

const lowerCase = rememberNames((name: string) => name.toLowerCase())

/** Lines that were made beforehand are few, and the same for every request of a kind. */
const known = new Map<HeaderLines, Fields>()

const fieldsOf = (lines: HeaderLines): Fields => {
  let fields = known.get(lines)
  if (fields === undefined) {
    fields = lines
      .split('\r\n')
      .slice(0, -1)
      .flatMap((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)])
    if (known.size < 64) known.set(lines, fields)
  }
  return fields
}

const expectsBody = new Set(['POST', 'PUT', 'PATCH'])

/** The fields of a request that is known to be valid (RFC 9113 §8.3.1). */
export const requestFields = (
  { method, path, lines, headers, host, body }: WireRequest,
  { scheme, authority }: Origin,
): Fields => {
  const fields = [':method', method, ':scheme', scheme, ':authority', host ?? authority, ':path', path]
  if (lines !== undefined) fields.push(...fieldsOf(lines))
  for (let at = 0; at + 1 < headers.length; at += 2)
    fields.push(lowerCase(headers[at] as string), headers[at + 1] as string)
  const length = lengthOf(method, body)
  if (length !== undefined) fields.push('content-length', String(length))
  return fields
}

const lengthOf = (method: string, body: WireRequest['body']): number | undefined => {
  if (body === null) return expectsBody.has(method) ? 0 : undefined
  return typeof body === 'string' ? Buffer.byteLength(body) : body.length
}
