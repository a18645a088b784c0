import jwtPlugin from '@fastify/jwt'
import type { FastifyInstance } from 'fastify'
import { errors } from 'jose'
import type { Identity } from '../../../kernel/caller.ts'
import { Problem } from '../../../kernel/problem.ts'
import type { AuthenticatorTools, RefusalReason } from '../authenticator.ts'
import { refusedToken, scopesOf, secondsOf, wordsReader } from '../bearer.ts'
import { type KeyTools, openKeys } from './keys.ts'
import type { JwtIssuer } from './provider.ts'
import { revocationCheck } from './revocation.ts'
import type { Claims, Token } from './token.ts'

declare module '@fastify/jwt' {
  interface FastifyJWT {
    /** One namespace for each issuer. */
    namespaces: string
  }
}

/** Whom a token stands for, and the revision of the keys that say so. */
export type Verified = { readonly identity: Identity; readonly revision: number }

/** One issuer's tokens, while a generation serves. */
export type Verifier = {
  readonly issuer: JwtIssuer
  /** Grows when keys come or go. */
  readonly revision: () => number
  /** Rejects with Problem for a token that was revoked; undefined where none is. */
  readonly revoked: ((identity: Identity) => Promise<void>) | undefined
  /** Whom a token stands for. Rejects with Problem. */
  readonly verify: (token: Token) => Promise<Verified>
}

/** Where an issuer stands: the provider it belongs to, and a name of its own. */
export type VerifierPlace = { readonly app: FastifyInstance; readonly provider: string; readonly namespace: string }

/** Registers @fastify/jwt for an issuer, under a namespace of its own, and returns what verifies with it. */
export const openVerifier = async (
  issuer: JwtIssuer,
  { app, provider, namespace }: VerifierPlace,
  tools: KeyTools & Pick<AuthenticatorTools, 'redis'>,
): Promise<Verifier> => {
  const { name, audience, clockSkewMs, requiredClaims } = issuer
  const algorithms: readonly string[] = issuer.algorithms
  await app.register(jwtPlugin, {
    namespace,
    // Only `public`: the gateway signs nothing. Each verification brings its own key.
    secret: { public: () => Promise.reject(new Error('The key is chosen for each token.')) },
    verify: {
      algorithms: [...issuer.algorithms],
      allowedIss: name,
      allowedAud: [...audience],
      requiredClaims: ['iss', 'aud', 'exp', ...requiredClaims],
      clockTolerance: clockSkewMs,
      cache: false,
    },
  })
  const jwt = app.jwt[namespace]
  if (jwt === undefined) throw new Error(`@fastify/jwt did not register ${namespace}.`)
  const keys = openKeys(issuer.keys, tools)
  const words = wordsReader(issuer)
  return {
    issuer,
    revision: () => keys.revision(),
    revoked: issuer.revocation && tools.redis && revocationCheck(issuer.revocation, tools.redis),
    async verify(token) {
      const { header, claims } = token
      try {
        if (!algorithms.includes(header.alg ?? '')) throw refusedToken(...reasons.FAST_JWT_INVALID_ALGORITHM)
        if ('crit' in header || 'b64' in header) throw refusedToken(...reasons.FAST_JWT_INVALID_CRIT_HEADER)
        const key = await keys.keyFor(header)
        const revision = keys.revision()
        jwt.verify(token.text, { key, clockTimestamp: tools.clock.date() })
        checkType(header.typ, issuer)
        const expiresAt = expiryOf(claims, issuer, tools.clock.date())
        return { identity: { ...identityOf(claims, { provider, issuer, expiresAt }), ...words(claims) }, revision }
      } catch (thrown) {
        throw thrown instanceof Problem ? thrown : refusalOf(thrown, requiredClaims)
      }
    },
  }
}

/** RFC 8725 §3.11: a token made for something else, such as an ID token, does not pass for an access token. */
const checkType = (typ: unknown, { type }: JwtIssuer): void => {
  if (type === undefined) return
  const given = typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : undefined
  if (given !== type) throw refusedToken('claim', 'Its type is not accepted here.')
}

/** The seconds at which a token ends. The verifier has looked at `exp` and `nbf`; not at what JavaScript cannot date. */
const expiryOf = (claims: Claims, { maxLifetimeMs, clockSkewMs }: JwtIssuer, nowMs: number): number => {
  const [expires, issued] = [secondsOf(claims['exp']), secondsOf(claims['iat'])]
  if (expires === undefined) throw refusedToken('claim', 'Its claim exp is malformed.')
  if (issued === undefined && claims['iat'] !== undefined) throw refusedToken('claim', 'Its claim iat is malformed.')
  if (issued !== undefined && issued * 1_000 > nowMs + clockSkewMs)
    throw refusedToken('not yet valid', 'It was issued in the future.')
  if (maxLifetimeMs === undefined) return expires
  if (issued === undefined) throw refusedToken('claim', 'Its claim iat is missing.')
  if ((expires - issued) * 1_000 > maxLifetimeMs)
    throw refusedToken('claim', 'It is valid for longer than is accepted.')
  return expires
}

const identityOf = (
  claims: Claims,
  { provider, issuer, expiresAt }: { provider: string; issuer: JwtIssuer; expiresAt: number },
): Identity => {
  const { sub } = claims
  const { scopeClaim } = issuer
  return {
    provider,
    subject: typeof sub === 'string' && sub !== '' ? sub : undefined,
    scopes: scopesOf(Object.hasOwn(claims, scopeClaim) ? claims[scopeClaim] : undefined),
    claims: Object.freeze(claims),
    expiresAt,
  }
}

/** What may be said of each kind of failure of the verifier, by its code. */
const reasons = {
  FAST_JWT_EXPIRED: ['expired', 'It has expired.'],
  FAST_JWT_INACTIVE: ['not yet valid', 'It is not valid yet.'],
  FAST_JWT_INVALID_SIGNATURE: ['signature', 'Its signature does not match.'],
  FAST_JWT_VERIFY_ERROR: ['signature', 'Its signature does not match.'],
  FAST_JWT_MISSING_SIGNATURE: ['signature', 'It is not signed.'],
  FAST_JWT_INVALID_ALGORITHM: ['algorithm', 'It is signed with an algorithm not accepted here.'],
  FAST_JWT_INVALID_CRIT_HEADER: ['malformed', 'It asks for an extension that is not supported.'],
} as const satisfies Readonly<Record<string, readonly [RefusalReason, string]>>

const claimCodes: Readonly<Record<string, string>> = {
  FAST_JWT_INVALID_CLAIM_TYPE: 'is malformed',
  FAST_JWT_INVALID_CLAIM_VALUE: 'is not accepted',
  FAST_JWT_MISSING_REQUIRED_CLAIM: 'is missing',
}

const refusalOf = (thrown: unknown, required: readonly string[]): Problem => {
  if (thrown instanceof errors.JOSEError)
    return refusedToken('unknown key', 'It is signed with an unknown key.', thrown)
  const { code = '', message } = thrown as { readonly code?: string; readonly message: string }
  const known = ['iss', 'aud', 'exp', 'nbf', 'iat', ...required]
  const claim = message.match(/[\w:/.-]+/g)?.find((word) => known.includes(word))
  if (claimCodes[code] !== undefined && claim !== undefined)
    return refusedToken('claim', `Its claim ${claim} ${claimCodes[code]}.`, thrown)
  const [reason, sentence] = reasons[code as keyof typeof reasons] ?? ['malformed', 'It is malformed.']
  return refusedToken(reason, sentence, thrown)
}
