import type { IncomingMessage } from 'node:http'

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+"
const type = new RegExp(`^${token}/${token}$`)
const parameter = new RegExp(`^${token}=(?:${token}|"[^"\\\\]*")$`)

/**
 * The media type of a Content-Type in lower case, without its parameters (RFC 9110 §8.3.1). Undefined for what readers
 * may read in several ways: a list, a parameter without a value, a quote that holds a `;`.
 */
const mediaType = (field: string): string | undefined => {
  const [first = '', ...parameters] = field.split(';').map((part) => part.replace(/^[ \t]+/, '').trimEnd())
  if (!type.test(first) || !parameters.every((one) => one === '' || parameter.test(one))) return undefined
  return first.toLowerCase()
}

/** The media type of a request's body; undefined for none that all readers agree on. Of several lines Node tells the first, and a service may take the last. */
export const mediaTypeOf = ({ headers, rawHeaders }: IncomingMessage): string | undefined => {
  let lines = 0
  for (let at = 0; at < rawHeaders.length; at += 2)
    if ((rawHeaders[at] as string).toLowerCase() === 'content-type') lines += 1
  return lines === 1 ? mediaType(headers['content-type'] ?? '') : undefined
}

/** Whether a body is announced. What comes by HTTP/2 without a length has been given a coding by the listener. */
export const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
