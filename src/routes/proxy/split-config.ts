import { z } from 'zod'
import { nameKey } from '../../config/scalars.ts'
import { choosingConfig, shareConfig } from '../../services/split/config.ts'

/** What a proxy route between several services says, in place of `service`. */
export const splitConfig = {
  split: z
    .array(
      z.strictObject({
        service: nameKey.describe('The REST service that answers.'),
        name: nameKey
          .optional()
          .describe('What this part is called by `active`, by `override` and in metrics; its service by default.'),
        ...shareConfig,
      }),
    )
    .min(2, { error: 'Expected at least two parts.' })
    .describe('Several services that answer, each its share of the requests.'),
  ...choosingConfig,
}
