import { z } from 'zod'
import { count, duration, oneOrMore, size } from '../../config/scalars.ts'

const documents = z.union([
  z.literal('any'),
  z.strictObject({
    trusted: oneOrMore(z.string())
      .optional()
      .describe(
        'The only documents production answers: manifests of ids and documents (Apollo, Relay, GraphQL Codegen), and .graphql files, whose ids are their SHA-256; globs are allowed.',
      ),
    apq: z
      .boolean()
      .default(false)
      .describe('Whether clients may register documents by their hash (automatic persisted queries).'),
  }),
])

const subscriptions = z.strictObject({
  perConnection: count.default(20).describe('Subscriptions of one WebSocket.'),
  connections: count.default(1_000).describe('WebSockets and event streams of the BFF, in each process.'),
  message: size.default(65_536).describe('The longest message of a client.'),
  initTimeout: duration.default(3_000).describe('How long a WebSocket may take to send connection_init.'),
  ping: duration
    .default(15_000)
    .describe(
      'How often a silent connection is asked whether it is still there; a WebSocket that does not answer is closed.',
    ),
})

/** How a BFF serves its graph over HTTP and WebSocket. */
export const graphqlConfig = {
  documents: documents
    .optional()
    .describe('Which GraphQL documents are answered: `any` (the default), or those that are trusted.'),
  introspection: z
    .boolean()
    .optional()
    .describe('Whether clients may read the schema; by default in development only.'),
  suggestions: z
    .boolean()
    .optional()
    .describe('Whether errors say "Did you mean"; by default in development only, lest they give the schema away.'),
  subscriptions: subscriptions.prefault({}).describe('Bounds on subscriptions.'),
}

export type DocumentsSettings = z.output<typeof documents>
export type SubscriptionSettings = z.output<typeof subscriptions>
