import { LRUCache } from 'lru-cache'
import { boundedFetch, clientAuthorization } from '../../../kernel/bounded-fetch.ts'
import type { Identity } from '../../../kernel/caller.ts'
import { Problem } from '../../../kernel/problem.ts'
import { type Authenticator, type AuthenticatorTools, undecided } from '../authenticator.ts'
import { challenge, isBearer, refusedToken, wordsReader } from '../bearer.ts'
import type { OAuth2Provider } from './provider.ts'
import { identityOf, type TokenFacts } from './token-facts.ts'

/** What is known of tokens: so many, and so many that are none, for anybody can make those up. */
const remembered = { max: 10_000, maxSize: 16_777_216, sizeCalculation: (_: unknown, key: string) => key.length }
const refusals = { max: 2_000, maxSize: 2_097_152, sizeCalculation: (_: unknown, key: string) => key.length }
/** How long a token that is not active is not asked about again. */
const inactiveMs = 10_000
/** Tokens that are asked about at once. */
const mostAsking = 200
const longest = 4_096

const malformed = refusedToken('malformed', 'It is malformed.')
const tooLarge = refusedToken('too large', 'It is too large.')

/** Tokens that say nothing of themselves. The authorization server is asked once for each and a while. */
export const openIntrospection = (
  provider: OAuth2Provider,
  { clock, log }: Pick<AuthenticatorTools, 'clock' | 'log'>,
): Authenticator => {
  const active = new LRUCache<string, { readonly identity: Identity; readonly until: number }>(remembered)
  const refused = new LRUCache<string, { readonly problem: Problem; readonly until: number }>(refusals)
  const asking = new Map<string, Promise<Identity>>()
  const ask = introspect(provider)
  const words = wordsReader(provider)

  const judge = async (authorization: string, token: string): Promise<Identity> => {
    let facts: TokenFacts
    try {
      facts = await ask(token)
    } catch (cause) {
      log.warn({ err: cause, provider: provider.name }, 'An authorization server does not tell of tokens.')
      throw undecided('Tokens cannot be verified at the moment.', cause)
    }
    const known = identityOf(facts, provider, clock.date())
    const identity = known instanceof Problem ? known : { ...known, ...words(known.claims) }
    if (identity instanceof Problem) {
      refused.set(authorization, { problem: identity, until: clock.now() + inactiveMs })
      throw identity
    }
    const left = identity.expiresAt === undefined ? Number.POSITIVE_INFINITY : identity.expiresAt * 1_000 - clock.date()
    active.set(authorization, { identity, until: clock.now() + Math.min(provider.maxAgeMs, left) })
    return identity
  }
  return {
    challenge,
    find({ headers: { authorization } }) {
      if (authorization === undefined) return undefined
      const known = active.get(authorization)
      if (known !== undefined && clock.now() < known.until) return known.identity
      if (!isBearer(authorization)) return undefined
      const wrong = refused.get(authorization)
      if (wrong !== undefined && clock.now() < wrong.until) throw wrong.problem
      if (authorization.length > longest) throw tooLarge
      const token = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(authorization)?.[1]
      if (token === undefined) throw malformed
      let judging = asking.get(authorization)
      if (judging === undefined) {
        if (asking.size >= mostAsking) throw undecided('Tokens cannot be verified at the moment.', 'too many at once')
        judging = judge(authorization, token).finally(() => asking.delete(authorization))
        asking.set(authorization, judging)
      }
      return judging
    },
  }
}

/** Asks about a token (RFC 7662 §2). Rejects where the server does not say. */
const introspect = ({ url, client, timeoutMs }: OAuth2Provider): ((token: string) => Promise<TokenFacts>) => {
  const authorization = clientAuthorization(client.id, client.secret.export().toString())
  return async (token) => {
    const response = await boundedFetch(url, {
      method: 'POST',
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
      headers: { authorization, accept: 'application/json' },
      body: new URLSearchParams({ token, token_type_hint: 'access_token' }),
    })
    if (response.status !== 200) throw new Error(`It answered ${response.status}.`)
    const facts: unknown = await response.json()
    if (typeof facts !== 'object' || facts === null || typeof (facts as TokenFacts).active !== 'boolean')
      throw new Error('It answered no token introspection response (RFC 7662 §2.2).')
    return facts as TokenFacts
  }
}
