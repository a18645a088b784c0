import type { FastifyInstance } from 'fastify'
import { maskJson } from '../kernel/mask/json.ts'
import type { Masks } from '../kernel/mask/masks.ts'
import { nowhere } from '../kernel/mask/path.ts'

/** How an answer of GraphQL begins that tells of errors. */
const graphqlErrors = '{"errors":'

/**
 * Masks what errors say: a message may repeat what a client or a service said. The data beside errors of GraphQL is
 * masked already, by paths of its own; patterns find nothing in it a second time.
 */
export const maskErrors = (app: FastifyInstance, masks: Masks): void => {
  app.addHook('onSend', (request, reply, payload, done) => {
    if (typeof payload !== 'string') return done(null, payload)
    const isGraphql = payload.startsWith(graphqlErrors)
    if (!isGraphql && reply.statusCode < 400) return done(null, payload)
    // What the router refused was nobody's yet.
    const caller = request.caller as typeof request.caller | null
    const masker = masks.answersFor({ identity: caller?.identity })
    if (masker === undefined) return done(null, payload)
    if (!payload.startsWith('{')) return done(null, masker.text(payload))
    const options = { removed: 'gone', ...(isGraphql && { root: nowhere }) } as const
    done(null, maskJson(payload, masker, options))
  })
}
