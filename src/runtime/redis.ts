import { Redis } from 'ioredis'
import type { Logger } from 'pino'

/** How long a connection may take to come, and how long one may say nothing while answers are waited for. */
const connectMs = 2_000
const silenceMs = 2_000

/**
 * The client of what replicas share. It comes back by itself: also from a connection whose other end is gone without a
 * word, which TCP alone believes for a quarter of an hour, and from a primary that became a replica, for its name may
 * lead to the new one by now. Whoever asks bounds how long he waits.
 */
export const connectRedis = (url: string, log: Logger): Redis => {
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    // What a broken connection leaves unanswered fails at once: sent again, a request would count twice.
    maxRetriesPerRequest: 0,
    connectTimeout: connectMs,
    socketTimeout: silenceMs,
    reconnectOnError: ({ message }) => message.startsWith('READONLY'),
  })
  redis.on('error', (err) => log.warn({ err }, 'redis is not to be had'))
  return redis
}
