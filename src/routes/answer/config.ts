import { z } from 'zod'
import { routePath } from '../path.ts'

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

/** The gateway writes these itself. */
const framing = /^(connection|content-length|date|keep-alive|te|trailer|transfer-encoding|upgrade)$/i

/** One entry of `routes:` with an answer of its own, without its policies. */
export const respondRouteConfig = {
  ...shared,
  respond: z
    .strictObject({
      status: z.int().min(200).max(599).default(200).describe('The status of the answer.'),
      headers: z
        .record(
          z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, { error: 'Expected the name of a header.' }),
          z.string().regex(/^[\t\x20-\x7e]*$/, { error: 'A header has one line of plain characters.' }),
        )
        .refine((headers) => !Object.keys(headers).some((name) => framing.test(name)), {
          error: 'What frames a message or keeps a connection is the gateway’s own to say.',
        })
        .default({})
        .describe('Headers of the answer; `content-type` is plain text where it is absent.'),
      body: z.string().default('').describe('The body of the answer.'),
    })
    .refine(({ status, body }) => body === '' || ![204, 205, 304].includes(status), {
      error: 'An answer with this status has no body.',
    })
    .describe('The gateway answers itself.'),
}
