import { z } from 'zod'
import { cidr, nameKey } from '../../config/scalars.ts'

/** A range, which has a slash after reading, or the name of a list, which has none. */
const rangeOrList = z
  .string({ error: 'Expected an address range such as 10.0.0.0/8, or the name of a list.' })
  .meta({ title: 'address range or list' })
  .transform((written, context) => {
    const range = cidr.safeParse(written).data
    if (range !== undefined || nameKey.safeParse(written).success) return range ?? written
    context.addIssue('Expected an address range such as 10.0.0.0/8, or the name of a list.')
    return z.NEVER
  })

const ranges = z.array(rangeOrList)

/** Which addresses may ask: ranges, and names of lists under `ipLists`. What is denied is so whoever allows it. */
export const ipRulesConfig = z
  .strictObject({
    allow: ranges
      .min(1, { error: 'Nobody would be let in: name a range, or leave `allow` out.' })
      .optional()
      .describe('Ranges and lists that are let in, and nobody else. Everybody by default.'),
    deny: ranges.default([]).describe('Ranges and lists that are refused, those of `allow` too.'),
  })
  .refine(({ allow, deny }) => allow !== undefined || deny.length > 0, { error: 'Say `allow`, `deny` or both.' })

export type IpRulesConfig = z.output<typeof ipRulesConfig>

/** Files of ranges by name: `ipLists` of a workspace. */
export const ipListsConfig = z.record(
  nameKey,
  z.string().describe('A file with an address or range on each line; what follows a `#` is a comment.'),
)
