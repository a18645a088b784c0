import { z } from 'zod'
import { secureUrl } from '../../config/scalars.ts'
import { headersToServices } from '../told.ts'

const source = z.string().regex(/^(?:subject|scopes|provider|plan|claims(?:\.[^.\s]+)+)$/, {
  error: 'Expected subject, scopes, provider, plan or claims.NAME.',
})

const headerName = z
  .string()
  .regex(/^[A-Za-z0-9-]+$/, { error: 'A header name has letters, digits and dashes.' })
  .refine((name) => !kept.has(name.toLowerCase()), {
    error: 'This header is the gateway’s own, or part of how messages are framed.',
  })

/** Headers that mean something else, to the gateway or to those who carry messages. */
const kept: ReadonlySet<string> = new Set([
  ...Object.keys(headersToServices),
  'content-encoding',
  'cookie',
  'expect',
  'keep-alive',
  'trailer',
])

/** What a service learns of who calls. */
export const identityConfig = z
  .union(
    [
      z.enum(['forward', 'none', 'headers']),
      z.strictObject({
        headers: z
          .record(headerName, source)
          .refine((headers) => Object.keys(headers).length > 0, { error: 'Name at least one header.' })
          .describe(
            'Headers that the gateway sets from what it has verified: `subject`, `scopes`, `provider`, `plan` or `claims.NAME`, each by the name it goes under.',
          ),
      }),
      z.strictObject({
        service: z
          .strictObject({
            tokenUrl: secureUrl.describe('The token endpoint of the authorization server; https, or on this machine.'),
            clientId: z.string(),
            clientSecret: z.string().describe('Better from the environment or `file:`.'),
            scope: z.string().optional().describe('Scopes to ask for, separated by spaces.'),
            audience: z.string().optional().describe('For servers that ask for the audience of a token.'),
          })
          .describe('The client credentials by which the gateway gets a token of its own (RFC 6749 §4.4).'),
      }),
    ],
    { error: 'Expected forward, none, headers, { headers: … } or { service: … }.' },
  )
  .describe(
    "What the service learns of the caller: `forward` sends the client's own Authorization on, `headers` says in headers what was verified, `{ service: … }` sends a token of the gateway's own, `none` sends nothing. Required, so that nobody forwards by accident.",
  )

export type IdentityConfig = ReturnType<typeof identityConfig.parse>
