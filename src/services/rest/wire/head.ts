import { malformed } from './error.ts'
import { isFieldValue, isToken, rememberNames } from './fields.ts'

/** How long a head may be, interim answers before it included, and how many fields it may have. */
export const mostHeadBytes = 65_536
const mostFields = 256

/** Where a body ends, of an answer that may have one (RFC 9112 §6.3). */
export type Framing =
  | { readonly kind: 'length'; readonly length: number }
  | { readonly kind: 'chunked' | 'until_close' }

/** The head of an answer. Equal heads share one, so nobody may change it. */
export class ResponseHead {
  readonly status: number
  /** Name, value, name, value; names in lower case, each value on its own and in latin1. */
  readonly headers: readonly string[]
  readonly framing: Framing
  /** Whether the connection may be used again. */
  readonly persistent: boolean
  /** How long the service keeps an idle connection, in milliseconds; undefined where it does not say. */
  readonly keepAliveMs: number | undefined

  constructor(status: number, headers: readonly string[], rest: Omit<ResponseHead, 'status' | 'headers' | 'get'>) {
    this.status = status
    this.headers = headers
    this.framing = rest.framing
    this.persistent = rest.persistent
    this.keepAliveMs = rest.keepAliveMs
  }

  /** The first value of a header, by its name in lower case. */
  get(name: string): string | undefined {
    const { headers } = this
    for (let i = 0; i < headers.length; i += 2) if (headers[i] === name) return headers[i + 1]
    return undefined
  }
}

const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/

/**
 * Reads a head, given without its last two CRLFs. Strict, because what two readers frame differently is an answer
 * somebody else gets (RFC 9112 §11.1): no folded lines, no space before a colon, no bare CR or LF, no second
 * Content-Length, none beside Transfer-Encoding, no coding but `chunked`. Throws WireError `malformed`.
 */
export const parseHead = (text: string): ResponseHead => {
  let at = text.indexOf('\r\n')
  const status = statusLine.exec(at < 0 ? text : text.slice(0, at))
  if (status === null) throw malformed('no status line of HTTP/1.1')
  const headers: string[] = []
  const facts: Facts = { length: undefined, coding: undefined, connection: '', keepAlive: undefined }
  while (at >= 0) {
    const start = at + 2
    at = text.indexOf('\r\n', start)
    const end = at < 0 ? text.length : at
    const colon = text.indexOf(':', start)
    const name = colon < 0 || colon > end ? '' : lowerCase(text.slice(start, colon))
    if (name === '') throw malformed('a header line that is none')
    const value = trimmed(text, colon + 1, end)
    if (!isFieldValue(value)) throw malformed('a header value with characters that HTTP does not have')
    if (headers.length >= 2 * mostFields) throw malformed('too many headers')
    headers.push(name, value)
    note(facts, name, value)
  }
  return new ResponseHead(Number(status[2]), headers, {
    framing: framingOf(facts, status[1] === '1'),
    persistent: isPersistent(facts.connection, status[1] === '1'),
    keepAliveMs: facts.keepAlive,
  })
}

type Facts = {
  length: string | undefined
  coding: string | undefined
  connection: string
  keepAlive: number | undefined
}

const note = (facts: Facts, name: string, value: string): void => {
  if (name === 'content-length') {
    if (facts.length !== undefined) throw malformed('two lengths')
    facts.length = value
  } else if (name === 'transfer-encoding') {
    if (facts.coding !== undefined) throw malformed('two transfer codings')
    facts.coding = value
  } else if (name === 'connection') facts.connection += `${value.toLowerCase()},`
  else if (name === 'keep-alive') {
    const seconds = /(?:^|[ ,;])timeout=(\d{1,9})(?:[ ,;]|$)/i.exec(value)?.[1]
    if (seconds !== undefined) facts.keepAlive = Number(seconds) * 1_000
  }
}

const chunked: Framing = { kind: 'chunked' }
const untilClose: Framing = { kind: 'until_close' }

const framingOf = ({ length, coding }: Facts, isOneOne: boolean): Framing => {
  if (coding !== undefined) {
    // RFC 9112 §6.1: a coding beside a length, or in an HTTP/1.0 message, is a sign of smuggling.
    if (length !== undefined || !isOneOne || coding.toLowerCase() !== 'chunked')
      throw malformed('a transfer coding that cannot be trusted')
    return chunked
  }
  if (length === undefined) return untilClose
  if (!/^\d{1,16}$/.test(length) || !Number.isSafeInteger(Number(length))) throw malformed('a length that is none')
  return { kind: 'length', length: Number(length) }
}

/** RFC 9112 §9.3. `connection` ends each of its members with a comma. */
const isPersistent = (connection: string, isOneOne: boolean): boolean => {
  if (connection === '') return isOneOne
  const options = connection.split(',').map((option) => option.trim())
  return !options.includes('close') && (isOneOne || options.includes('keep-alive'))
}

/** The name in lower case; empty where it is no name. */
const lowerCase = rememberNames((name: string) => (isToken(name) ? name.toLowerCase() : ''))

const trimmed = (text: string, from: number, to: number): string => {
  let start = from
  let end = to
  while (start < end && isSpace(text.charCodeAt(start))) start += 1
  while (end > start && isSpace(text.charCodeAt(end - 1))) end -= 1
  return text.slice(start, end)
}

const isSpace = (code: number): boolean => code === 0x20 || code === 0x09

/** Heads that a service sends again and again, within a second the same to the byte: read once. */
const rememberedHeads = 128
const longestRemembered = 1_024

/** A reader of heads that knows the last ones again. What it keeps is bounded by their number and length. */
export const createHeadReader = (): ((text: string) => ResponseHead) => {
  const known = new Map<string, ResponseHead>()
  return (text) => {
    let head = known.get(text)
    if (head === undefined) {
      head = parseHead(text)
      if (text.length <= longestRemembered) {
        if (known.size >= rememberedHeads) known.clear()
        known.set(text, head)
      }
    }
    return head
  }
}

/** Reads a trailer section, given without its last CRLF: name, value, name, value; names in lower case. Throws WireError `malformed`. */
export const parseTrailers = (text: string): readonly string[] => {
  const trailers: string[] = []
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':')
    const name = colon < 1 ? '' : lowerCase(line.slice(0, colon))
    const value = trimmed(line, colon + 1, line.length)
    if (name === '' || !isFieldValue(value)) throw malformed('a trailer line that is none')
    trailers.push(name, value)
  }
  return trailers
}
