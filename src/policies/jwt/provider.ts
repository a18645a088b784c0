import type { KeyObject } from 'node:crypto'
import type { JSONWebKeySet } from 'jose'
import type { JwtProviderConfig } from './config.ts'

export type JwtAlgorithm = NonNullable<JwtProviderConfig['algorithms']>[number]

/** Where the keys of a provider come from. The secret is a key object, so that nothing prints it by accident. */
export type JwtKeys =
  | { readonly kind: 'secret'; readonly secret: KeyObject }
  | { readonly kind: 'file'; readonly file: string; readonly jwks: JSONWebKeySet }
  | { readonly kind: 'remote'; readonly url: string }

/** A provider of `auth:` as the plan knows it: everything checked, nothing fetched. */
export type JwtProvider = {
  readonly name: string
  readonly issuer: string
  readonly audience: readonly string[]
  /** HS algorithms only with a secret, the others only with public keys. */
  readonly algorithms: readonly JwtAlgorithm[]
  readonly clockSkewMs: number
  readonly scopeClaim: string
  readonly keys: JwtKeys
}

/** RFC 7518 §3.3 and §3.5: an RSA key of this size or larger must be used. */
export const leastModulusBits = 2_048
