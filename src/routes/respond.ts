import { z } from 'zod'

/** The gateway writes these itself. */
const framing = /^(connection|content-length|date|keep-alive|te|trailer|transfer-encoding|upgrade)$/i

/** An answer that stands in the workspace. */
export const respondConfig = z
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

/** The same as read. */
export type Respond = z.output<typeof respondConfig>

/** Its headers by their names as written, with the type of its body. */
export const respondHeaders = ({ headers, body }: Respond): Readonly<Record<string, string>> => {
  const own = Object.keys(headers).some((name) => name.toLowerCase() === 'content-type')
  return own || body === '' ? headers : { ...headers, 'content-type': 'text/plain; charset=utf-8' }
}
