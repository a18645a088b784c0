import type { BodySource } from './body-source.ts'
import { WireError } from './error.ts'
import { isFieldValue, isToken, rememberNames } from './fields.ts'

/** One request as it is sent. */
export type WireRequest = {
  readonly method: string
  /** Path and query, encoded; starts with `/`. */
  readonly path: string
  /** Header lines made beforehand, for what every request says alike. */
  readonly lines?: HeaderLines
  /** Name, value, name, value. Neither Host nor what frames a message or a connection: those are the wire's own. */
  readonly headers: readonly string[]
  /** The Host where it is not the origin's own. */
  readonly host?: string | undefined
  /** Text is sent as UTF-8. */
  readonly body: Buffer | string | BodySource | null
  /**
   * Whether it may be sent a second time where a kept-alive connection closes before a byte of the answer: the
   * service closed it just as it was used again. Only for idempotent methods (RFC 9110 §9.2.2) without a streamed body.
   */
  readonly repeatable: boolean
  /** The protocol that the connection is to speak from then on (RFC 9110 §7.8), such as `websocket`. */
  readonly upgrade?: string
}

/** Header lines known to be valid, each with its CRLF. */
export type HeaderLines = string & { readonly __lines: never }

/** Makes lines of headers: name, value, name, value. Throws WireError `invalid_request`. */
export const headerLines = (headers: readonly string[]): HeaderLines => {
  let lines = ''
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] as string
    const value = headers[i + 1] as string
    if (!mayBeSent(name)) throw invalid('a header that may not be sent')
    if (!isFieldValue(value)) throw invalid('a header value with characters that HTTP does not have')
    lines += `${name}: ${value}\r\n`
  }
  return lines as HeaderLines
}

/** The wire's own to say: where the message goes, where it ends, and what becomes of the connection. */
const reserved = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

const mayBeSent = rememberNames((name: string) => isToken(name) && !reserved.has(name.toLowerCase()))
// CONNECT and its 2xx frame their messages in another way (RFC 9112 §6.3).
const mayBeAsked = rememberNames((method: string) => isToken(method) && method !== 'CONNECT')
const outsideOfTargets = /[^\x21-\x7e\x80-\xff]/
const expectsBody = new Set(['POST', 'PUT', 'PATCH'])

/** What stands in every head to an origin: the rest of the request line, Host (RFC 9112 §3.2) and the wish to be kept. */
export const originLines = (host: string): string => ` HTTP/1.1\r\nhost: ${host}\r\n${kept}\r\n`
const kept = 'connection: keep-alive'

/** The head of a request, all of it but for nothing. Latin1 text. Throws WireError `invalid_request`. */
export const requestHead = (request: WireRequest, origin: string): string => {
  const { method, path, lines, headers, body, host, upgrade } = request
  if (!mayBeAsked(method)) throw invalid('a method that may not be sent')
  if (path.charCodeAt(0) !== 0x2f || outsideOfTargets.test(path)) throw invalid('a path that HTTP does not have')
  if (host !== undefined && (host === '' || !isFieldValue(host))) throw invalid('a Host that HTTP does not have')
  const first = host === undefined ? origin : originLines(host)
  const hop = upgrade === undefined ? first : first.replace(kept, `connection: upgrade\r\nupgrade: ${upgrade}`)
  const head = method + ' ' + path + hop + (lines ?? '') + headerLines(headers)
  return head + framing(method, body)
}

const framing = (method: string, body: WireRequest['body']): string => {
  if (body === null) return expectsBody.has(method) ? 'content-length: 0\r\n\r\n' : '\r\n'
  const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length
  return length === undefined ? 'transfer-encoding: chunked\r\n\r\n' : `content-length: ${length}\r\n\r\n`
}

const invalid = (what: string): WireError => new WireError('invalid_request', `The request has ${what}.`)
