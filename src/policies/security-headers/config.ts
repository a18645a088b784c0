import { z } from 'zod'
import { guardingHeaders } from '../../kernel/safe-headers.ts'

const value = z.union([
  z.string().regex(/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/, { error: 'Expected a value of one line, or `false`.' }),
  z.literal(false),
])

/** Headers by which an answer guards itself: `true` for the safe ones, `false` for none, or values of your own by name. */
export const securityHeadersConfig = z.union([
  z.boolean(),
  z.strictObject({
    'x-content-type-options': value.optional().describe('`nosniff` by default.'),
    'referrer-policy': value.optional().describe('`no-referrer` by default.'),
    'x-frame-options': value.optional().describe('`DENY` by default.'),
    'content-security-policy': value
      .optional()
      .describe("`frame-ancestors 'none'` by default, where `x-frame-options` is not set either."),
    'cross-origin-resource-policy': value.optional().describe('`same-origin` by default.'),
    'cross-origin-opener-policy': value.optional().describe('None by default.'),
    'cross-origin-embedder-policy': value.optional().describe('None by default.'),
    'permissions-policy': value.optional().describe('None by default.'),
    'x-permitted-cross-domain-policies': value.optional().describe('None by default.'),
  } satisfies Record<(typeof guardingHeaders)[number], z.ZodType>),
])

export type SecurityHeadersConfig = z.output<typeof securityHeadersConfig>
