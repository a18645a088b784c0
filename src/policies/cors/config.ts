import { z } from 'zod'
import { duration } from '../../config/scalars.ts'

/** Cross-origin requests (Fetch standard, CORS protocol). Without it browsers of other origins read nothing. */
export const corsConfig = z
  .strictObject({
    origins: z
      .array(z.string())
      .min(1)
      .describe(
        'Origins that may read answers, such as https://shop.example; `*` for all, which excludes credentials.',
      ),
    headers: z
      .array(z.string())
      .default(['authorization', 'content-type'])
      .describe('Request headers a page may send.'),
    expose: z.array(z.string()).default([]).describe('Response headers a page may read.'),
    credentials: z.boolean().default(false).describe('Whether cookies and client certificates go along.'),
    maxAge: duration.default(600_000).describe('How long a browser may remember the preflight answer.'),
  })
  .refine((cors) => !(cors.credentials && cors.origins.includes('*')), {
    error: 'credentials needs named origins, not *.',
    path: ['credentials'],
  })
