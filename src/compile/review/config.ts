import { z } from 'zod'

/** `accepted:` of a workspace. */
export const acceptedConfig = z
  .array(
    z.strictObject({
      code: z
        .string()
        .regex(/^PORTICO-7\d\d$/, { error: 'Expected the code of a finding, such as PORTICO-740.' })
        .describe('The code of the finding.'),
      at: z.string().describe('What it concerns, as the finding names it: `bffs.web`, `Mutation.login`.'),
      reason: z
        .string()
        .min(10, { error: 'Say in a sentence why this is meant: who reviews it reads nothing else.' })
        .describe('Why it is meant, for who reviews it.'),
    }),
  )
  .default([])
