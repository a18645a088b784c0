import { isUtf8 } from 'node:buffer'
import { createHmac, randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { Identity } from '../../../kernel/caller.ts'
import { type Authenticator, type AuthenticatorTools, type Bearer, refusals, undecided } from '../authenticator.ts'
import { holderIdentity } from '../rights.ts'
import { isPassword, nobodysPassword } from './password.ts'
import type { BasicProvider } from './provider.ts'

const challenge = 'Basic realm="portico", charset="UTF-8"'

const refusal = refusals('credential', challenge)

// One for both: who guesses does not learn which users there are.
const unknown = refusal('unknown credential', 'User or password is wrong.')
const malformed = refusal('malformed', 'It is malformed.')
const exposed = refusal('insecure transport', 'Passwords are taken over TLS only.')

/** How long a password that was right, and one that was wrong, are known again without being hashed. */
const [rightMs, wrongMs] = [300_000, 10_000]
/** Hashing takes 32 MiB and tens of milliseconds each: so many at once, and so many that wait. */
const [mostHashing, mostWaiting] = [2, 64]
const longest = 1_024

/**
 * Passwords of a file. Hashing them is slow on purpose, so that it happens on other threads, a few at a time, and once
 * for a password in five minutes; what is remembered is a keyed hash, whose key lives in this process alone.
 */
export const openBasic = (
  { name, users, overAnything }: BasicProvider,
  { clock }: Pick<AuthenticatorTools, 'clock'>,
): Authenticator => {
  const secret = randomBytes(32)
  const known = new LRUCache<string, { readonly identity: Identity | undefined; readonly until: number }>({
    max: 10_000,
  })
  const pending = new Map<string, Promise<Identity>>()
  const slots = hashingSlots()

  const verify = async (mark: string, user: string, password: string): Promise<Identity> => {
    const release = await slots.take()
    try {
      const stored = users.get(user)
      const right = await isPassword(password, stored?.password ?? nobodysPassword)
      const identity =
        right && stored !== undefined ? holderIdentity({ provider: name, subject: user }, stored.rights) : undefined
      known.set(mark, { identity, until: clock.now() + (identity === undefined ? wrongMs : rightMs) })
      if (identity === undefined) throw unknown
      return identity
    } finally {
      release()
    }
  }
  return {
    challenge,
    find(bearer) {
      const { authorization } = bearer.headers
      if (authorization === undefined || !/^basic(?: |$)/i.test(authorization)) return undefined
      if (!overAnything && !isSecure(bearer)) throw exposed
      const mark = createHmac('sha256', secret).update(authorization).digest('base64')
      const remembered = known.get(mark)
      if (remembered !== undefined && clock.now() < remembered.until) {
        if (remembered.identity === undefined) throw unknown
        return remembered.identity
      }
      const [user, password] = credentialsOf(authorization)
      let judging = pending.get(mark)
      if (judging === undefined) {
        judging = verify(mark, user, password).finally(() => pending.delete(mark))
        pending.set(mark, judging)
      }
      return judging
    },
  }
}

const isSecure = ({ protocol, raw }: Bearer): boolean =>
  protocol === 'https' || (raw.socket as { readonly encrypted?: boolean }).encrypted === true

/** RFC 7617 §2: user and password, the first colon between them, in base64. */
const credentialsOf = (authorization: string): readonly [user: string, password: string] => {
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization)?.[1]
  if (encoded === undefined || encoded.length > longest) throw malformed
  const bytes = Buffer.from(encoded, 'base64')
  const text = bytes.toString()
  const colon = text.indexOf(':')
  if (!isUtf8(bytes) || colon < 0) throw malformed
  return [text.slice(0, colon), text.slice(colon + 1)]
}

/** Lets a few through at once, in the order in which they came; refuses those who would wait behind too many. */
const hashingSlots = (): { readonly take: () => Promise<() => void> } => {
  const waiting: (() => void)[] = []
  let taken = 0
  const release = (): void => {
    const next = waiting.shift()
    if (next === undefined) taken -= 1
    else next()
  }
  return {
    async take() {
      if (taken < mostHashing) taken += 1
      else if (waiting.length < mostWaiting) await new Promise<void>((enter) => waiting.push(enter))
      else throw undecided('Too many passwords are being verified.', 'the queue of passwords is full')
      return release
    },
  }
}
