import { z } from 'zod'
import { oneOrMore } from '../config/scalars.ts'
import { exposeConfig } from '../graph/expose/config.ts'
import { graphqlConfig } from './graphql/config.ts'

/** A scope as tokens write it (RFC 6749 §3.3). */
const scope = z
  .string()
  .regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, { error: 'A scope is a word without spaces, quotes and backslashes.' })

/** One entry of `bffs:` without its policies: a per-client module over the shared graph. */
export const bffConfig = {
  prefix: z
    .string()
    .regex(/^(\/[A-Za-z0-9._~-]+)+$/, { error: 'A prefix is one or more path segments, such as /web or /api/v1.' })
    .describe('The path every address of the BFF starts with.'),
  schema: oneOrMore(z.string())
    .optional()
    .describe(
      'SDL files that together are the schema, relative to the workspace; globs are allowed. Needed where there is no `expose`.',
    ),
  expose: exposeConfig
    .optional()
    .describe(
      'gRPC services shown as GraphQL as their protos are, beside the schema files: their names, or `{ catalog: { methods, as, prefix } }`.',
    ),
  operations: oneOrMore(z.string())
    .optional()
    .describe('Files of stored operations, each served as a tailored REST endpoint; globs are allowed.'),
  resolvers: z.string().optional().describe('A module that exports `resolvers`, the functions that @resolver names.'),
  graphql: z
    .boolean()
    .optional()
    .describe(
      'Whether the schema is served as GraphQL under `<prefix>/graphql`. By default it is where there are no `operations`.',
    ),
  shareOperations: z
    .boolean()
    .default(false)
    .describe(
      'Whether identical queries that are in flight at the same time are executed once: those equal in all that their plan reads of variables, claims, headers, rights and forwarded credentials. `portico explain` says by whom an operation can be shared.',
    ),
  explain: z
    .strictObject({ scopes: oneOrMore(scope).describe('All of them are needed.') })
    .optional()
    .describe(
      'Which callers may ask in production, by the header `portico-explain: 1`, how an answer came about; nobody by default. Development tells everybody.',
    ),
  ...graphqlConfig,
}
