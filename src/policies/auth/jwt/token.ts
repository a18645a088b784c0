import { Buffer } from 'node:buffer'
import type { JWSHeaderParameters } from 'jose'
import type { Json } from '../../../kernel/json.ts'
import { parseRequestJson } from '../../../kernel/json-request.ts'
import type { Problem } from '../../../kernel/problem.ts'
import { refusedToken } from '../bearer.ts'

export type Claims = Readonly<Record<string, Json>>

/** A token as it reads, none of it verified. */
export type Token = { readonly text: string; readonly header: JWSHeaderParameters; readonly claims: Claims }

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
