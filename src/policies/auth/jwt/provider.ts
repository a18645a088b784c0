import type { KeyObject } from 'node:crypto'
import type { JSONWebKeySet } from 'jose'
import type { JwtIssuerConfig } from './config.ts'

export type JwtAlgorithm = NonNullable<JwtIssuerConfig['algorithms']>[number]

/** Where the keys of an issuer come from. The secret is a key object, so that nothing prints it by accident. */
export type JwtKeys =
  | { readonly kind: 'secret'; readonly secret: KeyObject }
  | { readonly kind: 'file'; readonly file: string; readonly jwks: JSONWebKeySet }
  | { readonly kind: 'remote'; readonly url: string }
  | { readonly kind: 'discovery'; readonly issuer: string }

/** That tokens are held against a list in Redis. */
export type Revocation = {
  /** How long an answer holds. */
  readonly stalenessMs: number
  /** Whether tokens are refused while there is none. */
  readonly failClosed: boolean
}

/** One issuer of a provider: whose tokens are taken, and what they have to be like. */
export type JwtIssuer = {
  /** Its `iss`. */
  readonly name: string
  readonly audience: readonly string[]
  /** HS algorithms only with a secret, the others only with public keys. */
  readonly algorithms: readonly JwtAlgorithm[]
  readonly clockSkewMs: number
  readonly scopeClaim: string
  readonly rolesClaim: string
  readonly groupsClaim: string
  /** Beside `iss`, `aud` and `exp`. */
  readonly requiredClaims: readonly string[]
  /** The `typ` of its tokens, lower case and without `application/`. */
  readonly type: string | undefined
  readonly maxBytes: number
  readonly maxLifetimeMs: number | undefined
  readonly keys: JwtKeys
  readonly revocation: Revocation | undefined
}

/** A provider of tokens as the plan knows it: everything checked, nothing fetched. */
export type JwtProvider = {
  readonly kind: 'jwt'
  readonly name: string
  /** No two share a name. */
  readonly issuers: readonly JwtIssuer[]
}

/** RFC 7518 §3.3 and §3.5: an RSA key of this size or larger must be used. */
export const leastModulusBits = 2_048
