import { z } from 'zod'
import { routePath } from '../path.ts'
import { respondConfig } from '../respond.ts'

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const

const shared = {
  path: routePath.describe(
    'What the route answers: `/status`, `/users/{id}`, or `/users/*` for `/users` and everything below it.',
  ),
  methods: z.array(z.enum(methods)).min(1).optional().describe('Methods answered; all by default.'),
}

/** One entry of `routes:` that sends clients elsewhere, without its policies. */
export const redirectRouteConfig = {
  ...shared,
  redirect: z
    .strictObject({
      to: z
        .string()
        .regex(/^(https?:\/\/[A-Za-z0-9.-]+(:\d{1,5})?)?\/(?!\/)/, {
          error: 'A path such as /new/{id}, or a URL such as https://new.example/*.',
        })
        .describe(
          'Where to: a path, or a URL whose host stands here and never comes from a request. `{id}` and `*` are those of the route’s path.',
        ),
      status: z
        .union([z.literal(301), z.literal(302), z.literal(303), z.literal(307), z.literal(308)])
        .default(308)
        .describe('308 and 307 keep the method; 301 and 308 may be remembered by clients.'),
      query: z.enum(['keep', 'drop']).default('keep').describe('Whether the query goes along.'),
    })
    .describe('Clients are sent elsewhere.'),
}

/** One entry of `routes:` with an answer of its own, without its policies. */
export const respondRouteConfig = {
  ...shared,
  respond: respondConfig.describe('The gateway answers itself.'),
}
