import { hash } from 'node:crypto'
import fastifyRateLimit from '@fastify/rate-limit'
import type { z } from 'zod'
import type { Ask } from '../policy.ts'
import type { rateLimitConfig } from './config.ts'

/** What one caller's requests are counted under. The kinds have prefixes, so that no header or subject can pose as another. */
export const keyBy = (by: z.output<typeof rateLimitConfig>['by']): Ask<string> => {
  if (by === 'ip') return ({ caller }) => addressKey(caller.address)
  if (by === 'user') {
    return ({ caller: { identity, address } }) =>
      identity?.subject === undefined ? addressKey(address) : `user:${identity.provider}:${short(identity.subject)}`
  }
  const name = by.header.toLowerCase()
  return ({ headers, caller }) => {
    const value = headers[name]
    // Hashed: the value may be a key that opens something, and it may be long.
    return value === undefined ? addressKey(caller.address) : `header:${hash('sha256', String(value), 'base64url')}`
  }
}

/** An IPv6 client owns a /64 at least and may use any address of it, so that is what counts. */
const addressKey = (address: string): string => `address:${fastifyRateLimit.normalizeIP(address, 64)}`

const short = (subject: string): string =>
  subject.length <= 128 ? subject : `sha256:${hash('sha256', subject, 'base64url')}`
