import { LRUCache } from 'lru-cache'
import type { Identity } from '../../../kernel/caller.ts'
import { Problem } from '../../../kernel/problem.ts'
import type { Authenticator, AuthenticatorTools } from '../authenticator.ts'
import { challenge, isBearer, refusedToken } from '../bearer.ts'
import type { JwtProvider } from './provider.ts'
import { readToken } from './token.ts'
import { openVerifier, type Verifier } from './verify.ts'

/** Bounds of the memory of verified tokens, for each provider. */
const remembered = { max: 10_000, maxSize: 16_777_216 }
/** Of tokens that other providers have to judge: anybody can make some. */
const strangers = { max: 1_000, maxSize: 1_048_576 }

type Remembered = {
  readonly identity: Identity
  readonly untilMs: number
  readonly verifier: Verifier
  /** Of the verifier's keys. */
  readonly revision: number
  /** When it has to be held against the list of revoked tokens again, in the clock's monotonic milliseconds. */
  freshUntil: number
  /** Is held against it at this moment. */
  asking: Promise<Identity> | undefined
}

const sizeCalculation = (_: unknown, key: string): number => key.length

/**
 * Tokens of the issuers of one provider. A token says itself who issued it, and is then held against the keys of that
 * issuer alone; one of an unknown issuer is left to other providers.
 */
export const openJwt = async (
  { name, issuers }: JwtProvider,
  { app, ...tools }: AuthenticatorTools,
): Promise<Authenticator> => {
  const verifiers = new Map<unknown, Verifier>()
  for (const [index, issuer] of issuers.entries()) {
    const verifier = await openVerifier(issuer, { app, provider: name, namespace: `${name} ${index}` }, tools)
    verifiers.set(issuer.name, verifier)
  }
  const { clock } = tools
  const maxBytes = Math.max(...issuers.map((issuer) => issuer.maxBytes))
  const verified = new LRUCache<string, Remembered>({ ...remembered, sizeCalculation })
  const foreign = new LRUCache<string, Problem>({ ...strangers, sizeCalculation })

  const judge = (authorization: string): Promise<Identity> | Problem => {
    const token = readToken(authorization, maxBytes)
    if (token instanceof Problem) return token
    const { iss } = token.claims
    const verifier = verifiers.get(iss)
    if (verifier === undefined) {
      const stranger = iss === undefined ? anonymous : unknown
      foreign.set(authorization, stranger)
      return stranger
    }
    return verifier.verify(token).then(({ identity, revision }) => {
      const untilMs = (identity.expiresAt ?? 0) * 1_000 + verifier.issuer.clockSkewMs
      const fresh = { identity, untilMs, verifier, revision, freshUntil: Number.NEGATIVE_INFINITY, asking: undefined }
      verified.set(authorization, fresh)
      return verifier.revoked === undefined ? identity : confirm(authorization, fresh)
    })
  }
  /** Once for all who bring the token meanwhile. One that was revoked is forgotten. */
  const confirm = (authorization: string, known: Remembered): Promise<Identity> =>
    (known.asking ??= ask(authorization, known))
  const ask = async (authorization: string, known: Remembered): Promise<Identity> => {
    const { identity, verifier } = known
    const askedAt = clock.now()
    try {
      await verifier.revoked?.(identity)
      known.freshUntil = askedAt + (verifier.issuer.revocation?.stalenessMs ?? 0)
      return identity
    } catch (problem) {
      verified.delete(authorization)
      throw problem
    } finally {
      known.asking = undefined
    }
  }
  return {
    challenge,
    find({ headers: { authorization } }) {
      if (authorization === undefined) return undefined
      const known = verified.get(authorization)
      if (known !== undefined && known.revision === known.verifier.revision() && clock.date() <= known.untilMs)
        return known.verifier.revoked === undefined || clock.now() < known.freshUntil
          ? known.identity
          : confirm(authorization, known)
      if (!isBearer(authorization)) return undefined
      return foreign.get(authorization) ?? judge(authorization)
    },
  }
}

const unknown = refusedToken('unknown issuer', 'Its claim iss is not accepted.')
const anonymous = refusedToken('unknown issuer', 'Its claim iss is missing.')
