import type { Identity } from '../../../kernel/caller.ts'
import { type Authenticator, type AuthenticatorTools, type Bearer, refusals } from '../authenticator.ts'
import { holderIdentity } from '../rights.ts'
import type { StoredKey } from './file.ts'
import { isKey, keyId } from './key.ts'
import type { ApiKeyProvider } from './provider.ts'
import { takeFromQueries } from './query.ts'

/** Keys are few bytes to hash, so that each request is judged anew and at once. */
export const openApiKeys = (
  { name, header, query, keys }: ApiKeyProvider,
  { app, clock }: Pick<AuthenticatorTools, 'app' | 'clock'>,
): Authenticator => {
  if (query !== undefined) takeFromQueries(app, query)
  const known = new Map(keys.map((stored) => [stored.id, { stored, identity: identityOf(name, stored) }]))
  const challenge = `ApiKey realm="portico", header="${header}"`
  const refusal = refusals('API key', challenge)
  const unknown = refusal('unknown credential', 'It is not known here.')
  const ambiguous = refusal('ambiguous', 'There are two.')
  return {
    challenge,
    find(bearer) {
      const given = bearer.headers[header]
      const asked = query === undefined ? [] : parametersOf(bearer, query)
      const [text = given] = asked
      if (text === undefined) return undefined
      if (asked.length + (given === undefined ? 0 : 1) > 1) throw ambiguous
      const id = typeof text === 'string' ? keyId(text) : undefined
      const entry = id === undefined ? undefined : known.get(id)
      // Another provider may have keys in the same header.
      if (entry === undefined) return unknown
      const { stored, identity } = entry
      if (!isKey(text as string, stored)) throw unknown
      if (stored.revoked !== undefined) throw refusal('revoked', 'It was revoked.')
      if (identity.expiresAt !== undefined && clock.date() >= identity.expiresAt * 1_000)
        throw refusal('expired', 'It has expired.')
      return identity
    },
  }
}

/** Most requests have no query, and most queries no key: those cost no parsing. */
const parametersOf = ({ url: now, sentUrl: url = now }: Bearer, name: string): readonly string[] => {
  const mark = url.indexOf('?')
  return mark < 0 || !(url.includes(name, mark) || url.includes('%', mark))
    ? []
    : new URLSearchParams(url.slice(mark + 1)).getAll(name)
}

/** Who shows a key. */
export const identityOf = (provider: string, { id, owner, expires, ...rights }: StoredKey): Identity => {
  const expiresAt = expires === undefined ? undefined : Date.parse(expires) / 1_000
  return holderIdentity({ provider, subject: owner, keyId: id, expiresAt }, rights)
}
