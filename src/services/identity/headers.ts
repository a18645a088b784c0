import type { Caller, Identity } from '../../kernel/caller.ts'

/** What a service is told of a verified caller, as header lines: name, value, name, value. Empty for callers nobody knows. */
export type IdentityHeaders = (caller: Caller) => readonly string[]

/** Headers by lower-case name, each with what it says: `subject`, `scopes`, `provider`, `plan` or `claims.NAME`. */
export type IdentityHeaderNames = Readonly<Record<string, string>>

/** What `identity: headers` sends. */
export const usualHeaders: IdentityHeaderNames = {
  'x-auth-provider': 'provider',
  'x-auth-subject': 'subject',
  'x-auth-scopes': 'scopes',
  'x-auth-plan': 'plan',
}

/**
 * Texts go as they are, lists and objects as JSON. What is no visible ASCII is percent-encoded, the percent sign too, so
 * that no value can end a line or be read in two ways. What is not known has no header.
 */
export const identityHeaders = (names: IdentityHeaderNames): IdentityHeaders => {
  const readers = Object.entries(names).map(([name, source]) => [name, readerOf(source)] as const)
  return ({ identity }) => {
    if (identity === undefined) return []
    const lines: string[] = []
    for (const [name, read] of readers) {
      const value = read(identity)
      if (value !== undefined && value !== '') lines.push(name, plain(value))
    }
    return lines
  }
}

const readerOf = (source: string): ((identity: Identity) => string | undefined) => {
  if (source === 'subject') return ({ subject }) => subject
  if (source === 'scopes') return ({ scopes }) => [...scopes].join(' ')
  if (source === 'provider') return ({ provider }) => provider
  if (source === 'plan') return ({ plan }) => plan
  const path = source.split('.').slice(1)
  return ({ claims }) => text(path.reduce<unknown>(member, claims))
}

const member = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined

const text = (value: unknown): string | undefined =>
  value === undefined || value === null || typeof value === 'string' ? (value ?? undefined) : JSON.stringify(value)

// Lone surrogates have no UTF-8.
const plain = (value: string): string =>
  /^[ !-$&-~]*$/.test(value) && value.trim() === value
    ? value
    : value.toWellFormed().replace(/^ +| +$|[^ !-$&-~]+/gu, encodeURIComponent)
