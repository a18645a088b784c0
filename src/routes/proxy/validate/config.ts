import { z } from 'zod'

/** Whether requests of a route are held against the OpenAPI document of its service. */
export const validateConfig = z
  .union([
    z.boolean().transform((validate) => validate && { unknown: 'reject' as const }),
    z.strictObject({
      unknown: z
        .enum(['reject', 'pass'])
        .default('reject')
        .describe(
          'What becomes of operations and query parameters that the document does not have: refused by 404, 405 and 400, or passed on unseen.',
        ),
    }),
  ])
  .optional()
  .describe(
    'Whether requests have to be as the `openapi` of the service says: path, query, headers, cookies, media type and JSON body; 400 with a list of what is wrong for all others, before anything is sent. Bodies are held whole until then, `maxBody` at most.',
  )
