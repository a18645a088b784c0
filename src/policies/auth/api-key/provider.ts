import type { StoredKey } from './file.ts'

/** Keys of a file as the plan knows them: hashed, so that nothing of the plan opens anything. */
export type ApiKeyProvider = {
  readonly kind: 'apiKey'
  readonly name: string
  /** In lower case. */
  readonly header: string
  readonly query: string | undefined
  readonly keys: readonly StoredKey[]
}
