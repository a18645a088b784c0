import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import type { TestContext } from 'node:test'

/** Both ends of one connection. */
export const connected = async (t: TestContext): Promise<readonly [client: Socket, service: Socket]> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [service] = (await once(server, 'connection')) as [Socket]
  t.after(() => {
    client.destroy()
    server.close()
  })
  return [client, service]
}
