import { isUtf8 } from 'node:buffer'
import { isRawNumber, type Json, parseRaw } from './json.ts'
import { explainJson, type JsonLimits } from './json-mistake.ts'
import { Problem } from './problem.ts'

/** What holds where a workspace says nothing. */
export const usualJsonLimits: JsonLimits = { depth: 100, values: 100_000 }

/**
 * Parses a request's JSON without losing digits, and takes only what everybody reads alike: an object that has a key
 * twice is refused (RFC 8259 §4 leaves open which counts), and what passes a limit is before it is parsed. `__proto__`
 * is a key like any other. Throws Problem INVALID_ARGUMENT with the line and column. Its time is in proportion to the
 * text.
 */
export const parseRequestJson = (text: string, limits: JsonLimits = usualJsonLimits): Json =>
  parsed(text, limits, parseRaw)

/** The same for a body as it came, which has to be UTF-8 (RFC 8259 §8.1). */
export const parseRequestBody = (bytes: Buffer, limits: JsonLimits = usualJsonLimits): Json =>
  parseRequestJson(utf8(bytes), limits)

/**
 * The same to look at before its bytes are sent on: numbers are doubles, and the key `__proto__` is refused, for who
 * reads the bytes next may take it for an object's prototype.
 */
export const parseBodyToCheck = (bytes: Buffer, limits: JsonLimits): unknown => {
  const text = utf8(bytes)
  const json = parsed(text, limits, (losing) => JSON.parse(losing))
  if (/__proto__|\\u00/.test(text) && namesPrototype(json))
    throw new Problem('INVALID_ARGUMENT', 'The JSON has a key "__proto__", which is not passed on.')
  return json
}

const namesPrototype = (json: Json): boolean => {
  if (typeof json !== 'object' || json === null) return false
  return Object.hasOwn(json, '__proto__') || Object.values(json).some(namesPrototype)
}

const utf8 = (bytes: Buffer): string => {
  if (!isUtf8(bytes)) throw new Problem('INVALID_ARGUMENT', 'The body is not UTF-8.')
  return bytes.toString()
}

const parsed = (text: string, limits: JsonLimits, parseLosing: (text: string) => unknown): Json => {
  const { depth, values, longest, members, loses } = measure(text)
  if (depth > limits.depth || values > limits.values || longest > (limits.string ?? longest))
    throw refused(text, limits)
  let json: Json
  try {
    json = (loses ? parseLosing(text) : JSON.parse(text)) as Json
  } catch {
    throw refused(text, limits)
  }
  // Of a key that is there twice, one is gone.
  if (members > 1 && countMembers(json) !== members) throw refused(text, limits)
  return json
}

const refused = (text: string, limits: JsonLimits): Problem =>
  new Problem('INVALID_ARGUMENT', `The JSON cannot be read: ${explainJson(text, limits)}.`)

const quote = 0x22
const backslash = 0x5c
const colon = 0x3a
const comma = 0x2c
const plus = 0x2b
const minus = 0x2d
const point = 0x2e
const exponent = 0x65
const openBracket = 0x5b
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d

type Measured = {
  /** How deep lists and objects lie inside of one another. */
  readonly depth: number
  /** How many values it holds, itself included; an empty list or object counts twice. */
  readonly values: number
  /** The longest string or key as it is written. */
  readonly longest: number
  /** How many keys all objects have together. */
  readonly members: number
  /** Whether a double would lose one of the numbers. */
  readonly loses: boolean
}

/** What a text is like before it is parsed, if it is JSON at all. */
const measure = (text: string): Measured => {
  let [depth, level, members, values, longest] = [0, 0, 0, 1, 0]
  let loses = false
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at)
    if (unit === quote) {
      const end = endOfString(text, at)
      if (end < 0) break
      if (end - at > longest) longest = end - at
      at = end
    } else if (unit === colon) members += 1
    else if (unit === minus || isDigit(unit)) {
      const start = at
      at = endOfNumber(text, at)
      loses ||= losesDigits(text, start, at + 1)
    } else if (unit === openBrace || unit === openBracket) {
      level += 1
      values += 1
      if (level > depth) depth = level
    } else if (unit === comma) values += 1
    else if (unit === closeBrace || unit === closeBracket) level -= 1
  }
  return { depth, values, longest: longest - 1, members, loses }
}

const isDigit = (unit: number): boolean => unit >= 0x30 && unit <= 0x39

/** The last character of the number that begins there: digits, signs, points and exponents, in whatever order. */
const endOfNumber = (text: string, start: number): number => {
  let at = start + 1
  for (;;) {
    const unit = text.charCodeAt(at)
    if (!isDigit(unit) && unit !== point && unit !== minus && unit !== plus && (unit | 0x20) !== exponent) return at - 1
    at += 1
  }
}

/** Integers of so many digits are exact. */
const exactDigits = 15

/** No number that a double gives back is longer. */
const longestExact = 25

const losesDigits = (text: string, start: number, end: number): boolean => {
  if (end - start > longestExact) return true
  let isInteger = end - start <= exactDigits
  for (let at = start; isInteger && at < end; at += 1) isInteger = isDigit(text.charCodeAt(at))
  if (isInteger) return false
  const number = text.slice(start, end)
  return String(Number(number)) !== number
}

/** Where the quote is that ends the string that begins there; -1 for none. */
const endOfString = (text: string, start: number): number => {
  for (let at = text.indexOf('"', start + 1); at >= 0; at = text.indexOf('"', at + 1)) {
    let slashes = 0
    while (text.charCodeAt(at - 1 - slashes) === backslash) slashes += 1
    if (slashes % 2 === 0) return at
  }
  return -1
}

const countMembers = (json: Json): number => {
  if (typeof json !== 'object' || json === null) return 0
  let count = 0
  if (Array.isArray(json)) {
    for (const item of json as readonly Json[]) if (typeof item === 'object') count += countMembers(item)
    return count
  }
  if (isRawNumber(json)) return 0
  const object = json as { readonly [key: string]: Json }
  for (const key of Object.keys(object)) {
    const value = object[key]
    count += 1
    if (typeof value === 'object' && value !== null) count += countMembers(value)
  }
  return count
}
