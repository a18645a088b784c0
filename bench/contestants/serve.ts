import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'

/** Any message is answered with the memory that is held, after a collection where `--expose-gc` allows one. */
export const tellMemory = (): void => {
  process.on('message', () => {
    globalThis.gc?.()
    process.send?.(process.memoryUsage())
  })
}

/** Opens a peer on a free port, says which, and ends with the bench. */
export const serve = async (app: FastifyInstance): Promise<void> => {
  await app.listen({ port: 0, host: '127.0.0.1' })
  process.on('disconnect', () => process.exit())
  tellMemory()
  process.send?.({ port: (app.server.address() as AddressInfo).port })
}
