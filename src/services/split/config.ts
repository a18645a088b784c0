import { z } from 'zod'
import { cidr, count, duration, nameKey, oneOrMore, share } from '../../config/scalars.ts'
import { affinityConfig } from '../targets/config.ts'

const ramp = z
  .strictObject({
    from: share.prefault('0%').describe('Its share before the start, and until the first step is over.'),
    to: share.prefault('100%').describe('Its share from the end on.'),
    start: z
      .string()
      .transform((text, context) => {
        const at = /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(text) ? Date.parse(text) : Number.NaN
        if (!Number.isNaN(at)) return at
        context.addIssue({ code: 'custom', message: 'Expected a time with its zone, such as 2026-11-21T12:00:00Z.' })
        return z.NEVER
      })
      .describe('When it begins, such as 2026-11-21T12:00:00Z.'),
    over: duration.describe('How long it takes.'),
    stop: z
      .strictObject({
        worse: share.prefault('5%').describe('By how much its share of failures is larger than that of the others.'),
        volume: count.default(50).describe('Requests in a minute below which its share of failures does not count.'),
      })
      .optional()
      .describe(
        'When it is given up: by failures of the last minute, 5xx but 501, broken connections and timeouts. The part then gets nothing until its settings change. Never by default.',
      ),
    steps: count.max(1_000).default(10).describe('In how many steps of one length and one height.'),
  })
  .describe('A share that grows, or shrinks, by the clock: the same on every replica. In place of `weight`.')

/** The share of one part. */
export const shareConfig = {
  weight: z
    .int()
    .nonnegative()
    .max(1_000_000)
    .default(1)
    .describe('Its share of the requests, relative to the other parts; 0 for none.'),
  ramp: ramp.optional(),
}

/** Who gets which part of a split, beside its shares. */
export const choosingConfig = {
  sticky: z
    .union([z.literal('user'), affinityConfig])
    .optional()
    .describe(
      'What stays with one part of a split, on every replica and after reloads: the `user` a token names, the client’s `address`, a header, cookie or claim. Requests without it take turns, as all do by default.',
    ),
  active: nameKey
    .optional()
    .describe(
      'The one part of a split that gets every request, whatever the weights: the switch of a blue-green release.',
    ),
  override: z
    .strictObject({
      header: z
        .string()
        .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, { error: 'Expected the name of a header.' })
        .describe('Its value is the name of a part.'),
      from: oneOrMore(cidr).describe('The address ranges of clients who may choose; others’ headers mean nothing.'),
    })
    .optional()
    .describe('How testers choose a part of a split by themselves.'),
}
