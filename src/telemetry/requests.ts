import type { FastifyInstance } from 'fastify'
import type { Clock } from '../kernel/clock.ts'
import { whenClosed } from '../kernel/ending.ts'
import type { RequestObserver } from './observers.ts'

/** A connection of HTTP/2 carries other answers too: there each counts its own bytes, without its head. */
type Counting = { readonly bytesSent?: number }

/**
 * Tells observers of every request once its answer is over: also of replies that were hijacked, of unknown routes
 * and of clients that went away, for which Fastify runs no `onResponse`. Register it before other hooks.
 */
export const observeRequests = (app: FastifyInstance, clock: Clock, observers: readonly RequestObserver[]): void => {
  app.addHook('onRequest', (request, reply, done) => {
    const { raw } = reply
    const { socket } = request
    const startedAt = clock.now()
    const bytesBefore = socket.bytesWritten
    whenClosed(raw, () => {
      const cut = !raw.writableFinished
      const truncated = cut && raw.errored !== null
      const observed = {
        request,
        reply,
        // What upgraded ends with its connection, and its answer is written past `raw`.
        status: request.upgraded ? 101 : cut && !truncated ? 499 : raw.statusCode,
        milliseconds: clock.now() - startedAt,
        bytes: (raw as Counting).bytesSent ?? socket.bytesWritten - bytesBefore,
        truncated,
      }
      for (const observe of observers) observe(observed)
    })
    done()
  })
}
