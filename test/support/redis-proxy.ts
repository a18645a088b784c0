import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/**
 * What becomes of connections to Redis. `silent`: all stand still until the fault is over. `half open`: those that are
 * open now pass nothing on any more. `slow`: answers come after a second. `cut`: who asks is cut off. `gone`: nobody listens.
 * An answer stands for the one to every question, which Redis does not hear.
 */
export type RedisFault = 'silent' | 'half open' | 'slow' | 'cut' | 'gone' | { readonly answer: string }

export type RedisProxy = {
  readonly url: string
  readonly fault: (fault: RedisFault | undefined) => Promise<void>
  readonly close: () => Promise<void>
}

const slowMs = 1_000

/** A TCP proxy before a sound Redis, by its URL, for faults that it does not produce on demand. */
export const startRedisProxy = async (redisUrl: string): Promise<RedisProxy> => {
  let fault: RedisFault | undefined
  const dead = new WeakSet<Socket>()
  const pairs = new Map<Socket, Socket>()
  const server = createServer({ noDelay: true }, (client) => {
    const redis = connect({ port: Number(new URL(redisUrl).port), host: '127.0.0.1', noDelay: true })
    pairs.set(client, redis)
    client.on('data', (bytes) => {
      const text = String(bytes)
      if (dead.has(client)) return
      if (fault === 'cut') client.destroy()
      else if (typeof fault === 'object')
        client.write(fault.answer.repeat(text.match(/(?:^|\r\n)\*\d+\r\n\$/g)?.length ?? 1))
      else redis.write(bytes)
    })
    redis.on('data', (bytes) => {
      if (dead.has(client)) return
      if (fault === 'slow') setTimeout(() => client.write(bytes), slowMs)
      else client.write(bytes)
    })
    client
      .on('error', () => undefined)
      .once('close', () => {
        pairs.delete(client)
        redis.destroy()
      })
    redis.on('error', () => undefined).once('close', () => dead.has(client) || client.destroy())
  })
  const listen = async (port: number): Promise<number> => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }
  const leave = async (): Promise<void> => {
    const closed = once(server, 'close')
    server.close()
    for (const client of pairs.keys()) client.destroy()
    await closed
  }
  const port = await listen(0)
  return {
    url: `redis://127.0.0.1:${port}`,
    async fault(next) {
      fault = next
      for (const pair of pairs) {
        if (next === 'half open') dead.add(pair[0])
        for (const socket of pair)
          if (next === 'silent') socket.pause()
          else socket.resume()
      }
      if (next === 'gone') await leave()
      else if (!server.listening) await listen(port)
    },
    async close() {
      if (server.listening) await leave()
    },
  }
}
