/**
 * Lossless JSON. A number whose text a double cannot give back (9007199254740993, 1.10, 1e400) is kept
 * as a raw JSON value: `JSON.stringify` writes it exactly as it was read, `numberText` gives its digits.
 */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json } | RawNumber

/** What `JSON.rawJSON` makes (ECMAScript proposal JSON.parse source text access, in Node since 22). */
export type RawNumber = { readonly rawJSON: string }

type SourceContext = { readonly source?: string }
type RawJsonApi = {
  rawJSON(text: string): RawNumber
  isRawJSON(value: unknown): value is RawNumber
  parse(text: string, reviver: (key: string, value: unknown, context: SourceContext) => unknown): unknown
}
const raw = JSON as unknown as RawJsonApi

export const isRawNumber = (value: unknown): value is RawNumber => raw.isRawJSON(value)

/** The digits of a number, exactly as its sender wrote them where that matters. */
export const numberText = (value: number | RawNumber): string =>
  typeof value === 'number' ? String(value) : value.rawJSON

/** The number a text stands for: a double where that gives the text back, else the digits themselves. */
export const exactNumber = (text: string): number | RawNumber =>
  String(Number(text)) === text ? Number(text) : raw.rawJSON(text)

const keepExact = (_key: string, value: unknown, { source }: SourceContext): unknown =>
  typeof value === 'number' && source !== undefined && String(value) !== source ? raw.rawJSON(source) : value

/**
 * Only these texts can hold a number that a double loses: sixteen digits in a row, an exponent, a fraction
 * that ends in zero, starts with many or is long, a negative zero. A match inside a string costs time, never correctness.
 */
const mayLose = /\d{16}|[\d.]{17}|\d[eE]|\.\d*0(?!\d)|\.0{6}|-0/

/** Parses JSON without losing digits. Throws SyntaxError. The reviver runs only where the text may need it. */
export const parseLossless = (text: string): Json => (mayLose.test(text) ? parseRaw(text) : (JSON.parse(text) as Json))

/** The same for a text that is known to hold a number that a double loses. */
export const parseRaw = (text: string): Json => raw.parse(text, keepExact) as Json

const longInteger = /\d{16}/

const keepLongIntegers = (_key: string, value: unknown, { source }: SourceContext): unknown =>
  typeof value === 'number' && !Number.isSafeInteger(value) && source !== undefined && /^-?\d+$/.test(source)
    ? raw.rawJSON(source)
    : value

/** Parses JSON keeping long integers exact, for answers whose only exact fields are ids and 64-bit integers. Throws SyntaxError. */
export const parseExactIntegers = (text: string): Json =>
  (longInteger.test(text) ? raw.parse(text, keepLongIntegers) : JSON.parse(text)) as Json
