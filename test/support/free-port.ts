import { once } from 'node:events'
import { createServer } from 'node:net'

/** A TCP port on which nothing listens, for programs that have to be told one. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('A server on a port has an address.')
  return address.port
}
