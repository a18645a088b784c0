import type { Redis } from 'ioredis'
import type { Identity } from '../../../kernel/caller.ts'
import { within } from '../../../kernel/patience.ts'
import { undecided } from '../authenticator.ts'
import { refusedToken, secondsOf } from '../bearer.ts'
import type { Revocation } from './provider.ts'

/** How long a request waits for Redis. */
const patienceMs = 200

/**
 * Asks whether a token was revoked: by its `jti` where `portico:revoked:<provider>:jti:<jti>` exists, by its `sub`
 * where `portico:revoked:<provider>:sub:<sub>` holds a time (seconds since 1970) that is later than its `iat`; a value
 * that is no time revokes all of them. Rejects with the Problem of a revoked token, or with 503 where that cannot be
 * told and the settings refuse such tokens.
 */
export const revocationCheck =
  ({ failClosed }: Revocation, redis: Redis): ((identity: Identity) => Promise<void>) =>
  async ({ provider, claims, subject }) => {
    const { jti } = claims
    const byToken = typeof jti === 'string' ? `portico:revoked:${provider}:jti:${jti}` : undefined
    const bySubject = subject === undefined ? undefined : `portico:revoked:${provider}:sub:${subject}`
    const keys = [byToken, bySubject].filter((key) => key !== undefined)
    if (keys.length === 0) return
    let values: readonly unknown[]
    try {
      // A client that is not connected would queue the command and answer when nobody asks any more.
      if (redis.status !== 'ready') throw new Error(`The connection to Redis is ${redis.status}.`)
      // One by one, in one write: the nodes of a Cluster answer no command on several, and MGET passes over what is no text.
      values = await within(patienceMs, Promise.all(keys.map((key) => redis.get(key))))
      // Something else may listen there: what is no answer must not pass for one that names nothing.
      if (!values.every(isEntry)) throw new Error('Redis answered something else than it was asked.')
    } catch (cause) {
      if (failClosed) throw undecided('Tokens cannot be verified at the moment.', cause)
      return
    }
    const revoked = keys.some((key, index) => {
      const value = values[index]
      if (value === null || value === undefined) return false
      return key === byToken || !(issuedOf(claims) >= Number(value))
    })
    if (revoked) throw refusedToken('revoked', 'It was revoked.')
  }

const isEntry = (value: unknown): boolean => value === null || typeof value === 'string'

const issuedOf = (claims: Identity['claims']): number => secondsOf(claims['iat']) ?? Number.NaN
