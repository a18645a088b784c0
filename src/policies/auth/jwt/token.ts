import { Buffer } from 'node:buffer'
import type { JWSHeaderParameters } from 'jose'
import { isRawNumber, type Json, numberText } from '../../../kernel/json.ts'
import { parseRequestJson } from '../../../kernel/json-request.ts'
import type { Problem } from '../../../kernel/problem.ts'
import { type RefusalReason, refused } from '../authenticator.ts'

export type Claims = Readonly<Record<string, Json>>

/** A token as it reads, none of it verified. */
export type Token = { readonly text: string; readonly header: JWSHeaderParameters; readonly claims: Claims }

/** RFC 6750 §3: how a client is asked for a token. */
export const challenge = 'Bearer realm="portico"'

/** RFC 6750 §3.1, `invalid_token`. The sentence names what is wrong, never what would be right. */
export const refusedToken = (reason: RefusalReason, sentence: string, cause?: unknown): Problem =>
  refused(reason, {
    detail: `The token was refused. ${sentence}`,
    challenge: `${challenge}, error="invalid_token"`,
    cause,
  })

/** RFC 6750 §2.1: `Bearer`, one or more spaces, one token. */
export const isBearer = (authorization: string): boolean => /^bearer(?: |$)/i.test(authorization)

const form = /^bearer +([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]*)$/i

// Made once: what is no token of ours costs no more than to see that.
const malformed = refusedToken('malformed', 'It is malformed.')
const tooLarge = refusedToken('too large', 'It is too large.')

/**
 * Reads a signed token in its compact form (RFC 7515 §7.1), strictly: whoever reads it after us, in however lax a way,
 * reads the same. A problem where it is none.
 */
export const readToken = (authorization: string, maxBytes: number): Token | Problem => {
  if (authorization.length > maxBytes + 'Bearer '.length) return tooLarge
  const [, head = '', body = '', signature = ''] = form.exec(authorization) ?? []
  const [header, claims] = [objectOf(head), objectOf(body)]
  if (header === undefined || claims === undefined || !isCanonical(signature)) return malformed
  return { text: `${head}.${body}.${signature}`, header, claims }
}

/** One value has one spelling (RFC 4648 §3.5): stray bits at the end would make a second token of the same. */
const isCanonical = (part: string): boolean => Buffer.from(part, 'base64url').toString('base64url') === part

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** A JSON object without duplicate keys (RFC 7515 §4, RFC 7519 §4), numbers exact. */
const objectOf = (part: string): Claims | undefined => {
  if (!isCanonical(part)) return undefined
  try {
    const value = parseRequestJson(utf8.decode(Buffer.from(part, 'base64url')))
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Claims) : undefined
  } catch {
    return undefined
  }
}

/** The end of the year 9999: times past it are mistakes of unit, and dates of JavaScript end not much later. */
const latest = 253_402_300_799

/** A NumericDate (RFC 7519 §2), in seconds; undefined for anything else. */
export const secondsOf = (value: Json | undefined): number | undefined => {
  if (typeof value !== 'number' && !isRawNumber(value)) return undefined
  const seconds = Number(numberText(value))
  return seconds >= 0 && seconds <= latest ? seconds : undefined
}
