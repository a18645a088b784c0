import { createHmac } from 'node:crypto'
import type { Find } from './patterns.ts'

/** What stands in the place of a value: `remove` leaves nothing, an object with `text` says it. */
export type Becomes = 'remove' | 'last4' | 'hash' | { readonly text: string }

/** A rule as settings say it, made ready to be applied. */
export type MaskRule = {
  /** Names from the root, `*` for any one and `**` for any number of them; undefined where a pattern finds the values. */
  readonly path: readonly string[] | undefined
  readonly find: Find | undefined
  /** What a text becomes; undefined where nothing is to be left of it. */
  readonly become: ((text: string) => string) | undefined
}

/** Enough that nobody finds two values of one hash, and few enough to read: 128 bits. */
const hashDigits = 32
/** A value this short would be guessed by its end. */
const shortestShown = 8

/** Of `hash` a keyed one (HMAC-SHA-256): card numbers are few enough to be tried all. */
export const becoming = (becomes: Becomes, key: string | undefined): MaskRule['become'] => {
  if (becomes === 'remove') return undefined
  if (becomes === 'last4')
    // Of any length the same, so that the length is no hint.
    return (text) => (text.length < shortestShown ? '****' : `****${text.slice(-4)}`)
  if (becomes === 'hash') {
    if (key === undefined) throw new Error('A hash needs a key.')
    return (text) => createHmac('sha256', key).update(text).digest('hex').slice(0, hashDigits)
  }
  const { text } = becomes
  return () => text
}
