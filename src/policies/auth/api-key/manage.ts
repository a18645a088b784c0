import { existsSync, mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { readKeys, type StoredKey, writeKeys } from './file.ts'
import { createKey, type KeyOwner } from './key.ts'

/** Why a file of keys was not changed; nothing has. */
export type KeyMistake = { readonly mistake: string }

/** The keys of a file; none where there is no file yet. */
export const listKeys = (path: string): { readonly keys: readonly StoredKey[] } | KeyMistake => {
  if (!existsSync(path)) return { keys: [] }
  const read = readKeys(path)
  return 'keys' in read ? read : { mistake: `${path} ${read.mistake}.` }
}

/** Adds a key, with its file and folder where there are none yet. The text of the key is nowhere but in the answer. */
export const addKey = (
  path: string,
  owner: KeyOwner,
  now: Date,
): { readonly key: string; readonly stored: StoredKey } | KeyMistake => {
  const listed = listKeys(path)
  if ('mistake' in listed) return listed
  const made = createKey(owner, now)
  if ('mistake' in made) return made
  mkdirSync(dirname(path), { recursive: true })
  return changed(path, [...listed.keys, made.stored]) ?? made
}

/** Revokes a key from now on. It stays in the list, so that a refusal can say why. */
export const revokeKey = (path: string, id: string, now: Date): { readonly stored: StoredKey } | KeyMistake => {
  const found = findKey(path, id)
  if ('mistake' in found) return found
  const stored = { ...found.stored, revoked: found.stored.revoked ?? now.toISOString() }
  return changed(path, replaced(found.keys, stored)) ?? { stored }
}

/** A new key with the rights of another, which goes on until `until`. */
export const rotateKey = (
  path: string,
  id: string,
  { now, until, expires }: { readonly now: Date; readonly until: Date; readonly expires: Date | undefined },
): { readonly key: string; readonly stored: StoredKey } | KeyMistake => {
  const found = findKey(path, id)
  if ('mistake' in found) return found
  const { owner, plan, scopes, roles, groups, claims, expires: end, revoked } = found.stored
  if (revoked !== undefined) return { mistake: `The key ${id} was revoked; create another.` }
  const made = createKey({ owner, plan, scopes, roles, groups, claims, expires }, now)
  if ('mistake' in made) return made
  const ends = end === undefined || end > until.toISOString() ? until.toISOString() : end
  return changed(path, [...replaced(found.keys, { ...found.stored, expires: ends }), made.stored]) ?? made
}

const findKey = (path: string, id: string): { keys: readonly StoredKey[]; stored: StoredKey } | KeyMistake => {
  const listed = listKeys(path)
  if ('mistake' in listed) return listed
  const stored = listed.keys.find((key) => key.id === id)
  return stored === undefined ? { mistake: `${path} has no key ${id}.` } : { keys: listed.keys, stored }
}

const replaced = (keys: readonly StoredKey[], by: StoredKey): readonly StoredKey[] =>
  keys.map((key) => (key.id === by.id ? by : key))

const changed = (path: string, keys: readonly StoredKey[]): KeyMistake | undefined => {
  try {
    writeKeys(path, keys)
    return undefined
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return {
      mistake:
        code === 'EEXIST' ? `${path}.new is there: another change is under way, or was cut; remove it then.` : message,
    }
  }
}
