import { z } from 'zod'
import { cidr, duration } from '../../config/scalars.ts'

const settings = z.strictObject({
  retryAfter: duration.default(300_000).describe('When clients should come back, by Retry-After.'),
  allow: z.array(cidr).default([]).describe('Address ranges that are let in all the same.'),
})

/** Requests are answered by 503. `true` takes the defaults, `false` is out of maintenance. */
export const maintenanceConfig = z.union([
  settings,
  z.boolean().transform((on) => (on ? settings.parse({}) : undefined)),
])
