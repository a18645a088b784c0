import type { Rights } from '../rights.ts'
import type { StoredPassword } from './password.ts'

/** A user as the plan knows it. */
export type StoredUser = { readonly password: StoredPassword; readonly rights: Rights }

/** Users of a file by name, their passwords hashed. */
export type BasicProvider = {
  readonly kind: 'basic'
  readonly name: string
  readonly users: ReadonlyMap<string, StoredUser>
  /** Whether passwords may come over connections that anybody on the way can read. */
  readonly overAnything: boolean
}
