import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { type Rights, readRights, writtenRights } from '../rights.ts'

/** A password at rest, as the PHC string format has it: `$scrypt$ln=15,r=8,p=1$<salt>$<hash>`, base64 without padding. */
export type StoredPassword = {
  readonly cost: { readonly N: number; readonly r: number; readonly p: number }
  readonly salt: Buffer
  readonly hash: Buffer
}

const form = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/

/** At least what OWASP's Password Storage Cheat Sheet asks of scrypt; at most what a gateway has memory for (128 MiB). */
const [leastLn, mostLn] = [14, 17]

/** What is wrong with a stored password, as a sentence on it, or the password. */
export const readPassword = (text: string): StoredPassword | string => {
  const [, ln, r, p, salt = '', hash = ''] = form.exec(text) ?? []
  if (ln === undefined) return formats.find(([start]) => start.test(text))?.[1] ?? 'is of no form that is known'
  const logarithm = Number(ln)
  if (logarithm < leastLn || logarithm > mostLn || Number(r) !== 8 || Number(p) < 1 || Number(p) > 8)
    return `has a cost that is not taken: ln from ${leastLn} to ${mostLn}, r=8, p from 1 to 8`
  return {
    cost: { N: 2 ** logarithm, r: 8, p: Number(p) },
    salt: Buffer.from(salt, 'base64'),
    hash: Buffer.from(hash, 'base64'),
  }
}

const formats: readonly (readonly [RegExp, string])[] = [
  [/^\$2[abxy]?\$/, 'is of bcrypt, which needs a library that this gateway does not have'],
  [/^\$apr1\$|^\$1\$/, 'is of MD5, which is guessed in no time'],
  [/^\{SHA\}/, 'is of SHA-1 without salt, which is guessed in no time'],
  [/^\$[56]\$/, 'is of SHA-crypt, which is not taken'],
  [/^\$argon2/, 'is of Argon2, which is not taken'],
  [/^[./A-Za-z0-9]{13}$/, 'is of crypt(3), which is guessed in no time'],
]

const derive = (
  password: string,
  { cost, salt, length }: { cost: StoredPassword['cost']; salt: Buffer; length: number },
) =>
  new Promise<Buffer>((done, fail) => {
    // Both spellings of a letter with an accent are one password (RFC 8265 §4.2.2).
    const options = { ...cost, maxmem: 256 * cost.N * cost.r }
    scrypt(password.normalize('NFC'), salt, length, options, (error, key) => (error === null ? done(key) : fail(error)))
  })

/** Whether a password is the stored one. Takes tens of milliseconds of another thread, whatever the answer. */
export const isPassword = async (password: string, { cost, salt, hash }: StoredPassword): Promise<boolean> =>
  timingSafeEqual(await derive(password, { cost, salt, length: hash.length }), hash)

/** Compared with where there is no such user, lest the time tell. */
export const nobodysPassword: StoredPassword = {
  cost: { N: 2 ** 15, r: 8, p: 1 },
  salt: randomBytes(16),
  hash: randomBytes(32),
}

/** `user:$scrypt$…`, a line of the file of a `basic` provider, and what the user may behind it; or why there can be none. */
export const passwordLine = async (
  user: string,
  password: string,
  given: Partial<Rights> = {},
): Promise<string | { readonly mistake: string }> => {
  // RFC 7617 §2 forbids a colon in one, and control characters in both.
  if (user === '' || user.length > 128 || /[:\p{Cc}]/u.test(user))
    return { mistake: 'A user has 1 to 128 characters, no colon among them.' }
  if (password === '') return { mistake: 'The password is empty: write it to standard input.' }
  const rights = readRights(given)
  if (typeof rights === 'string') return { mistake: rights }
  const written = JSON.stringify(writtenRights(rights))
  const salt = randomBytes(16)
  const hash = await derive(password, { cost: nobodysPassword.cost, salt, length: 32 })
  const bare = (bytes: Buffer): string => bytes.toString('base64').replaceAll('=', '')
  return `${user}:$scrypt$ln=15,r=8,p=1$${bare(salt)}$${bare(hash)}${written === '{}' ? '' : `:${written}`}`
}
