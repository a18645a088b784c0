import type { FastifyInstance } from 'fastify'
import { maskErrorText, tellsErrors } from '../kernel/mask/errors.ts'
import type { Masks } from '../kernel/mask/masks.ts'

/** Masks what errors say that Fastify sends. What is written past it, streams and sockets, masks its own. */
export const maskErrors = (app: FastifyInstance, masks: Masks): void => {
  app.addHook('onSend', (request, reply, payload, done) => {
    if (typeof payload !== 'string') return done(null, payload)
    if (reply.statusCode < 400 && !tellsErrors(payload)) return done(null, payload)
    // What the router refused was nobody's yet.
    const caller = request.caller as typeof request.caller | null
    const masker = masks.answersFor({ identity: caller?.identity })
    done(null, masker === undefined ? payload : maskErrorText(payload, masker))
  })
}
