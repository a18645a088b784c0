import { z } from 'zod'
import { nameKey, share } from '../../config/scalars.ts'

/** What another service is shown of a route's requests. */
export const mirrorConfig = z
  .strictObject({
    service: nameKey.describe('The REST service that gets copies; its answers are thrown away.'),
    share: share.prefault('100%').describe('The share of the requests that is copied, evenly spread.'),
    methods: z
      .array(z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']))
      .min(1)
      .default(['GET', 'HEAD', 'OPTIONS'])
      .describe('The methods that are copied: safe ones, where nothing else is said.'),
  })
  .describe(
    'Copies of requests for another service, marked by `Portico-Mirror`; bodies up to 64KiB. They neither delay nor fail the original.',
  )
