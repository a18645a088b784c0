import { z } from 'zod'
import { duration, nameKey } from '../../config/scalars.ts'
import { respondConfig } from '../respond.ts'

/** What a client gets where the service has failed. */
export const fallbackConfig = z
  .strictObject({
    service: nameKey
      .optional()
      .describe('The REST service that is asked instead, where asking twice does no more than asking once.'),
    stale: duration
      .optional()
      .describe(
        'How old the last good answer may be that is given again: to a GET for the same host, path and query, by the same caller.',
      ),
    respond: respondConfig.optional().describe('The answer that is given by the gateway itself.'),
  })
  .refine(({ service, stale, respond }) => service !== undefined || stale !== undefined || respond !== undefined, {
    error: 'Expected `service`, `stale` or `respond`.',
  })
  .describe(
    'What a client gets where the service has failed, after retries, by its open breaker or by 5xx: of another service, else the last good answer, else a fixed one. Marked by `Portico-Fallback`.',
  )
