import { closeSync, fsyncSync, openSync, renameSync, unlinkSync, writeSync } from 'node:fs'
import { z } from 'zod'
import { readText } from '../../../kernel/snapshot.ts'
import { rightsShape } from '../rights.ts'

const time = z.iso.datetime({ error: 'Expected a time such as 2027-01-31T00:00:00.000Z.' })

/** One key at rest: never the key itself. */
const storedKey = z.strictObject({
  /** What the key begins with; not secret. */
  id: z.string().regex(/^[0-9a-f]{16}$/),
  /** SHA-256 of the whole key, base64url. A random key of 256 bits cannot be guessed, so that slowness buys nothing. */
  hash: z.string().regex(/^sha256:[A-Za-z0-9_-]{43}$/),
  owner: z.string().min(1),
  ...rightsShape,
  created: time,
  expires: time.optional(),
  revoked: time.optional(),
})

export type StoredKey = z.output<typeof storedKey>

const keyFile = z.strictObject({ keys: z.array(storedKey) })

/** The keys of a file, or what is wrong with it, as a sentence without the file's name. */
export const readKeys = (path: string): { readonly keys: readonly StoredKey[] } | { readonly mistake: string } => {
  let json: unknown
  try {
    json = JSON.parse(readText(path))
  } catch (error) {
    return { mistake: error instanceof SyntaxError ? 'is no JSON' : 'cannot be read' }
  }
  const { success, data, error } = keyFile.safeParse(json)
  if (!success)
    return { mistake: `is no list of keys, at ${z.core.toDotPath(error.issues[0]?.path ?? []) || 'its top'}` }
  const ids = data.keys.map(({ id }) => id)
  const twice = ids.find((id, index) => ids.indexOf(id) !== index)
  return twice === undefined ? { keys: data.keys } : { mistake: `has the key ${twice} twice` }
}

/**
 * Changes a file of keys as a whole: who reads it sees the old list or the new one. The new file is the lock too, so
 * that of two changes at once one is refused. Throws Node's own error.
 */
export const writeKeys = (path: string, keys: readonly StoredKey[]): void => {
  const next = `${path}.new`
  const file = openSync(next, 'wx', 0o600)
  try {
    writeSync(file, `${JSON.stringify({ keys }, null, 2)}\n`)
    fsyncSync(file)
    closeSync(file)
    renameSync(next, path)
  } catch (error) {
    unlinkSync(next)
    throw error
  }
}
