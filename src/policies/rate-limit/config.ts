import { z } from 'zod'
import { count, duration, nameKey, oneOrMore } from '../../config/scalars.ts'

const part = z.union(
  [
    z.enum(['user', 'key', 'plan', 'ip', 'global']),
    z.strictObject({ claim: z.string() }),
    z.strictObject({ header: z.string() }),
  ],
  { error: 'Expected user, key, plan, ip, global, { claim: name } or { header: name }.' },
)

/** As many as clients can be told of: an Integer of structured fields has 15 digits (RFC 9651 §3.3.1). */
const units = count.max(999_999_999_999_999, { error: 'Expected at most 999999999999999.' })

const shared = {
  name: nameKey.optional().describe('What clients and metrics call it; made of `by` and the window when absent.'),
  by: oneOrMore(part)
    .default(['ip'])
    .describe(
      'What is counted: the verified subject (`user`; the address where there is none), the API key by its id (`key`; other callers as by `user`), all of a plan, the client’s address, all together (`global`), a claim or a header; a list counts each combination.',
    ),
  counts: z
    .enum(['requests', 'calls', 'cost'])
    .default('requests')
    .describe(
      'What the units are: requests; the upstream calls an operation plans; or its static cost by @cost and @listSize.',
    ),
}

/** Whether a text names a time zone that this system knows. */
const isZone = (zone: string): boolean => {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).format(0) !== ''
  } catch {
    return false
  }
}

const windowLimit = z.strictObject({
  limit: units.describe('Units in one window.'),
  window: duration.describe('The length of the window.'),
  algorithm: z
    .enum(['fixed', 'sliding'])
    .default('fixed')
    .describe(
      '`fixed`: a window starts with a caller’s first request, and around its end twice the limit may pass. `sliding`: never more in any window of that length, in steps of a sixth of it. `tokenBucket`: a burst, refilled evenly.',
    ),
  ...shared,
})

const bucketLimit = z.strictObject({
  algorithm: z.literal('tokenBucket'),
  rate: units.describe('Of a token bucket: units that come back in each `window`, evenly.'),
  window: duration.prefault('1s').describe('The time of `rate`.'),
  burst: units.optional().describe('Of a token bucket: the most units at once; `rate` when absent.'),
  ...shared,
})

const quotaLimit = z.strictObject({
  quota: z
    .strictObject({
      limit: units.describe('Units in one period.'),
      per: z.enum(['day', 'month']).describe('The period of the calendar.'),
      zone: z
        .string()
        .refine(isZone, { error: 'Expected a time zone such as UTC or Europe/Berlin.' })
        .default('UTC')
        .describe('Whose calendar.'),
    })
    .describe('A bound for a day or a month of the calendar.'),
  ...shared,
})

const limit = z.union([windowLimit, bucketLimit, quotaLimit])

/** The limits of one place, several at once; `plan` stands for those of the caller's plan. */
export const rateLimitConfig = oneOrMore(z.union([limit, z.literal('plan')]))

/** `plans:` of a workspace: named sets of limits. */
export const plansConfig = z.strictObject({
  claim: z.string().default('plan').describe('The claim that names a caller’s plan, where its API key does not.'),
  otherwise: z.string().describe('The plan of callers who have none, or one that is not listed.'),
  of: z
    .record(nameKey, oneOrMore(limit))
    .describe('The limits of each plan, which hold where a `rateLimit` says `plan`.'),
})

export type LimitConfig = z.output<typeof limit>
export type PlansConfig = z.output<typeof plansConfig>
