import jwtPlugin from '@fastify/jwt'
import type { FastifyInstance } from 'fastify'
import { errors, type JWSHeaderParameters } from 'jose'
import { LRUCache } from 'lru-cache'
import type { Identity } from '../../kernel/caller.ts'
import { Problem } from '../../kernel/problem.ts'
import { type KeyTools, openKeys } from './keys.ts'
import type { JwtProvider } from './provider.ts'

declare module '@fastify/jwt' {
  interface FastifyJWT {
    /** One namespace for each provider. */
    namespaces: string
  }
}

declare module 'fastify' {
  interface FastifyInstance {
    /** The verifier of each auth provider, by name. */
    verifiers: Map<string, Verifier>
  }
}

/** Verifies the value of an Authorization header. At once for a token it knows; throws or rejects with Problem. */
export type Verifier = (authorization: string) => Identity | Promise<Identity>

/** Bounds of the memory of verified tokens, for each provider. */
const remembered = { max: 10_000, maxSize: 16_777_216 }

type Remembered = { readonly identity: Identity; readonly untilMs: number; readonly revision: number }

type Claims = Readonly<Record<string, unknown>>

/** Registers @fastify/jwt for a provider, under its name, and returns what verifies with it. */
export const registerProvider = async (
  app: FastifyInstance,
  provider: JwtProvider,
  tools: KeyTools,
): Promise<Verifier> => {
  const { name, issuer, audience, clockSkewMs, scopeClaim } = provider
  const algorithms: readonly string[] = provider.algorithms
  await app.register(jwtPlugin, {
    namespace: name,
    // Only `public`: the gateway signs nothing. Each verification brings its own key.
    secret: { public: () => Promise.reject(new Error('The key is chosen for each token.')) },
    decode: { complete: true },
    verify: {
      algorithms: [...provider.algorithms],
      allowedIss: issuer,
      allowedAud: [...audience],
      requiredClaims: ['iss', 'aud', 'exp'],
      clockTolerance: clockSkewMs,
      cache: false,
    },
  })
  const jwt = app.jwt[name]
  if (jwt === undefined) throw new Error(`@fastify/jwt did not register ${name}.`)
  const keys = openKeys(provider.keys, tools)
  const verified = new LRUCache<string, Remembered>({ ...remembered, sizeCalculation: (_, key) => key.length })

  const check = async (authorization: string): Promise<Identity> => {
    const token = bearerToken(authorization)
    try {
      const { header } = jwt.decode(token) as { readonly header: JWSHeaderParameters }
      if (!algorithms.includes(String(header.alg)))
        throw invalidToken('It is signed with an algorithm not accepted here.')
      const revision = keys.revision()
      const key = await keys.keyFor(header)
      const claims = jwt.verify<Claims>(token, { key, clockTimestamp: tools.clock.date() })
      const identity = identityOf(claims, { provider: name, scopeClaim })
      const untilMs = (identity.expiresAt ?? 0) * 1_000 + clockSkewMs
      verified.set(authorization, { identity, untilMs, revision })
      return identity
    } catch (thrown) {
      throw thrown instanceof Problem ? thrown : invalidToken(reasonOf(thrown), thrown)
    }
  }
  return (authorization) => {
    const known = verified.get(authorization)
    return known !== undefined && known.revision === keys.revision() && tools.clock.date() <= known.untilMs
      ? known.identity
      : check(authorization)
  }
}

/**
 * Verifies a token that did not come in a header of a request, such as that of a WebSocket's `connection_init`.
 * `authorization` is written as in the header: `Bearer <token>`. Throws Problem.
 */
export const verifyToken = async (
  app: FastifyInstance,
  provider: string,
  authorization: string | undefined,
): Promise<Identity> => {
  const verify = app.verifiers.get(provider)
  if (verify === undefined) throw new Error(`There is no auth provider ${provider}.`)
  if (authorization === undefined) throw missingToken()
  return verify(authorization)
}

/** RFC 6750 §3.1: who sent no token learns only that one is needed. */
export const missingToken = (): Problem =>
  new Problem('UNAUTHENTICATED', 'A bearer token is needed.', {
    headers: { 'www-authenticate': 'Bearer realm="portico"' },
  })

/** RFC 6750 §3.1, `invalid_token`. The reason names what is wrong, never what would be right. */
export const invalidToken = (reason: string, cause?: unknown): Problem =>
  new Problem('UNAUTHENTICATED', `The token was refused. ${reason}`, {
    headers: { 'www-authenticate': 'Bearer realm="portico", error="invalid_token"' },
    cause,
  })

/** RFC 6750 §2.1: `Bearer`, one or more spaces, one token. */
const bearerToken = (authorization: string): string => {
  const token = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i.exec(authorization)?.[1]
  if (token === undefined) throw invalidToken('Expected Authorization: Bearer and one token.')
  return token
}

const identityOf = (
  claims: Claims,
  { provider, scopeClaim }: { readonly provider: string; readonly scopeClaim: string },
): Identity => ({
  provider,
  subject: typeof claims['sub'] === 'string' && claims['sub'] !== '' ? claims['sub'] : undefined,
  scopes: scopesOf(Object.hasOwn(claims, scopeClaim) ? claims[scopeClaim] : undefined),
  claims: Object.freeze(claims),
  expiresAt: Number(claims['exp']),
})

const scopesOf = (claim: unknown): ReadonlySet<string> => {
  if (typeof claim === 'string') return new Set(claim.split(' ').filter((scope) => scope !== ''))
  return new Set(Array.isArray(claim) ? claim.filter((scope) => typeof scope === 'string') : [])
}

/** What may be said of each kind of failure of the verifier, by its code. */
const reasons: Readonly<Record<string, string>> = {
  FAST_JWT_EXPIRED: 'It has expired.',
  FAST_JWT_INACTIVE: 'It is not valid yet.',
  FAST_JWT_INVALID_SIGNATURE: 'Its signature does not match.',
  FAST_JWT_VERIFY_ERROR: 'Its signature does not match.',
  FAST_JWT_MISSING_SIGNATURE: 'It is not signed.',
  FAST_JWT_INVALID_ALGORITHM: 'It is signed with an algorithm not accepted here.',
  FAST_JWT_INVALID_CRIT_HEADER: 'It asks for an extension that is not supported.',
}

const claimCodes: Readonly<Record<string, string>> = {
  FAST_JWT_INVALID_CLAIM_TYPE: 'is malformed',
  FAST_JWT_INVALID_CLAIM_VALUE: 'is not accepted',
  FAST_JWT_MISSING_REQUIRED_CLAIM: 'is missing',
}

const reasonOf = (thrown: unknown): string => {
  if (thrown instanceof errors.JOSEError) return 'It is signed with an unknown key.'
  const { code = '', message } = thrown as { readonly code?: string; readonly message: string }
  const claim = /\b(iss|aud|exp|nbf)\b/.exec(message)?.[1]
  if (claimCodes[code] !== undefined && claim !== undefined) return `Its claim ${claim} ${claimCodes[code]}.`
  return reasons[code] ?? 'It is malformed.'
}
