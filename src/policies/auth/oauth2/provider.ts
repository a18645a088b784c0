import type { KeyObject } from 'node:crypto'

/** An authorization server that is asked about tokens. The secret is a key object, so that nothing prints it by accident. */
export type OAuth2Provider = {
  readonly kind: 'oauth2'
  readonly name: string
  readonly url: string
  readonly client: { readonly id: string; readonly secret: KeyObject }
  /** Of which one has to be in `aud`; undefined where that is not looked at. */
  readonly audience: readonly string[] | undefined
  readonly rolesClaim: string
  readonly groupsClaim: string
  readonly maxAgeMs: number
  readonly timeoutMs: number
}
