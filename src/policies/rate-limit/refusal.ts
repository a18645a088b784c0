import type { FastifyReply } from 'fastify'
import { Problem } from '../../kernel/problem.ts'
import { allowance, type Limit } from './limit.ts'
import type { Bound, Verdict } from './limiter.ts'

/**
 * Tells a client of its limits: `RateLimit-Policy` names all, `RateLimit` the one with the least left, or that which
 * refused, alone: Retry-After must not be sooner than its `t` (draft-ietf-httpapi-ratelimit-headers-10 §3, §4, §6).
 * What an operation was charged stands behind what its request was.
 */
export const tellLimits = (
  reply: FastifyReply,
  { bounds, policies }: { readonly bounds: readonly Bound[]; readonly policies: string },
  { refused, nearest, remaining, resetMs, alone }: Verdict,
): void => {
  const { limit } = bounds[nearest] as Bound
  const item = `"${limit.name}";r=${remaining};t=${secondsOf(resetMs)}`
  const known = reply.getHeader('ratelimit-policy') as string | undefined
  const said = reply.getHeader('ratelimit') as string | undefined
  reply.header('ratelimit-policy', known === undefined ? policies : `${known}, ${policies}`)
  reply.header('ratelimit', said === undefined || refused >= 0 ? item : `${said}, ${item}`)
  if (alone) reply.header('portico-limits', 'local')
}

/** Whole seconds, rounded up; a difference of doubles is a little off. */
const secondsOf = (milliseconds: number): number => Math.ceil((milliseconds - 1e-3) / 1_000)

/** What a caller past a limit is told: which one, and when to come back (RFC 6585 §4). */
export const tooMany = (limit: Limit, waitMs: number): Problem => {
  const seconds = Math.max(1, secondsOf(waitMs))
  return new Problem('RESOURCE_EXHAUSTED', `Too many requests. Try again in ${seconds} s.`, {
    headers: { 'retry-after': String(seconds) },
    details: [
      {
        '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
        violations: [{ subject: limit.name, description: `${limit.name} allows ${allowance(limit)}.` }],
      },
    ],
  })
}
