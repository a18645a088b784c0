import { hash, randomBytes, timingSafeEqual } from 'node:crypto'
import { type Rights, readRights } from '../rights.ts'
import type { StoredKey } from './file.ts'

/** `portico_<id>_<secret>`: of one form, so that logs and scanners of secrets know a key where they see one. */
const form = /^portico_([0-9a-f]{16})_[A-Za-z0-9_-]{43}$/

/** The id of what is written as a key; undefined for anything else. */
export const keyId = (text: string): string | undefined => form.exec(text)?.[1]

const hashOf = (key: string): string => `sha256:${hash('sha256', key, 'base64url')}`

/** Whether a text is the key of that entry, in the same time whatever it is. */
export const isKey = (text: string, stored: StoredKey): boolean =>
  timingSafeEqual(Buffer.from(hashOf(text)), Buffer.from(stored.hash))

export type KeyOwner = Partial<Rights> & {
  readonly owner: string
  /** When it ends; never where undefined. */
  readonly expires: Date | undefined
}

/** A new key: the text its owner gets, which nobody can read again, and what is kept of it; or why there can be none. */
export const createKey = (
  { owner, expires, ...given }: KeyOwner,
  now: Date,
): { readonly key: string; readonly stored: StoredKey } | { readonly mistake: string } => {
  const rights = readRights(given)
  if (typeof rights === 'string') return { mistake: rights }
  const id = randomBytes(8).toString('hex')
  const key = `portico_${id}_${randomBytes(32).toString('base64url')}`
  const stored: StoredKey = {
    id,
    hash: hashOf(key),
    owner,
    ...rights,
    created: now.toISOString(),
    ...(expires !== undefined && { expires: expires.toISOString() }),
  }
  return { key, stored }
}
