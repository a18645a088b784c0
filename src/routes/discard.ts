import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'

/** How much a client may go on sending after its answer. */
const patience = 8_388_608

/** Lets a client finish what it is sending: one that is cut off before may never read its answer. */
export const discardRest = (source: IncomingMessage): void => {
  if (source.complete || source.destroyed) return
  let size = 0
  source.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > patience) source.destroy()
  })
  source.resume()
}

/** Request bodies of a scope stay on the socket, for whoever wants them. */
export const leaveBodies = (scope: FastifyInstance): void => {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
}
