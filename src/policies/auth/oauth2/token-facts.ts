import type { Identity } from '../../../kernel/caller.ts'
import type { Problem } from '../../../kernel/problem.ts'
import { refusedToken, scopesOf, secondsOf } from '../bearer.ts'
import type { OAuth2Provider } from './provider.ts'

/** What an authorization server says of a token (RFC 7662 §2.2). */
export type TokenFacts = { readonly active: boolean; readonly [member: string]: unknown }

const inactive = refusedToken('unknown credential', 'It is not active.')

/** Whom a token stands for, by what the server said of it; or why it is refused. */
export const identityOf = (
  { active, ...claims }: TokenFacts,
  { name, audience }: Pick<OAuth2Provider, 'name' | 'audience'>,
  nowMs: number,
): Identity | Problem => {
  if (!active) return inactive
  const { sub, client_id: client, scope, aud, exp, nbf } = claims
  const expiresAt = exp === undefined ? undefined : secondsOf(exp)
  if (exp !== undefined && (expiresAt === undefined || expiresAt * 1_000 <= nowMs))
    return refusedToken('expired', 'It has expired.')
  if (nbf !== undefined && (secondsOf(nbf) ?? Number.POSITIVE_INFINITY) * 1_000 > nowMs)
    return refusedToken('not yet valid', 'It is not valid yet.')
  if (audience !== undefined && ![aud].flat().some((one) => typeof one === 'string' && audience.includes(one)))
    return refusedToken('claim', 'Its claim aud is not accepted.')
  const subject = [sub, client].find((one) => typeof one === 'string' && one !== '') as string | undefined
  return { provider: name, subject, scopes: scopesOf(scope), claims: Object.freeze(claims), expiresAt }
}
