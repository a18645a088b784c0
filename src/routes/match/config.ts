import { z } from 'zod'
import { cidr, oneOrMore } from '../../config/scalars.ts'

const host = z
  .string()
  .regex(/^(\*\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]*[a-z0-9])?$/i, {
    error: 'A host such as shop.example or *.shop.example, without its port.',
  })
  .transform((name) => name.toLowerCase())

const word = z.string({ error: 'Expected text; put numbers in quotes.' })

/** What a value has to be. */
const rule = z.union([
  oneOrMore(word),
  z.strictObject({ prefix: word.min(1).describe('How the value begins.') }),
  z.strictObject({ suffix: word.min(1).describe('How the value ends.') }),
  z.strictObject({ contains: word.min(1).describe('What the value contains.') }),
  z.strictObject({ present: z.boolean().describe('Whether there is a value at all.') }),
])

const token = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, { error: 'Expected a name without spaces.' })

/** What of a request, beside its path and method, decides whether a route is for it. */
export const routeMatchConfig = {
  hosts: z
    .array(host)
    .min(1)
    .optional()
    .describe(
      'The hosts whose requests this is for: `shop.example`, or `*.shop.example` for all below it. Any by default.',
    ),
  match: z
    .strictObject({
      header: z
        .record(token, rule)
        .default({})
        .describe(
          'Headers by name: a value, a list of values, `{ prefix }`, `{ suffix }`, `{ contains }` or `{ present }`.',
        ),
      query: z.record(z.string(), rule).default({}).describe('Query parameters; of repeated ones all values count.'),
      cookie: z.record(token, rule).default({}).describe('Cookies by name.'),
      body: z
        .record(z.string().regex(/^[\w-]+(\.[\w-]+)*$/, { error: 'Expected names such as customer.tier.' }), rule)
        .default({})
        .describe(
          'Values in a JSON body, by names such as `customer.tier`. Bodies of such paths are read before policies, 64 KiB at most.',
        ),
      operation: rule
        .optional()
        .describe(
          'The GraphQL operation that is run: the one that `operationName` names, or the only one of the document. Bodies are read as for `body`.',
        ),
      address: z.array(cidr).min(1).optional().describe('Address ranges of clients.'),
    })
    .optional()
    .describe('What else a request must have. Of routes with one path, that with the most conditions is asked first.'),
}
