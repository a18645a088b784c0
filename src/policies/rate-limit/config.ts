import { z } from 'zod'
import { count, duration } from '../../config/scalars.ts'

/** A fixed window: cheap, and at a boundary it lets through at most one limit too many. */
export const rateLimitConfig = z.strictObject({
  limit: count.describe('Requests in one window.'),
  window: duration.describe('The length of the window.'),
  by: z
    .union([z.enum(['user', 'ip']), z.strictObject({ header: z.string() })], {
      error: 'Expected user, ip or { header: name }.',
    })
    .default('ip')
    .describe(
      'What is counted: the verified subject (`user`; the address where there is none), the client’s address, or the value of a header such as an API key.',
    ),
})
