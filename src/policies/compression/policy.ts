import fastifyCompress from '@fastify/compress'
import { definePolicy } from '../policy.ts'
import { compressionConfig } from './config.ts'

/**
 * Compresses answers by @fastify/compress, only on routes that ask for it. Requests are never decompressed: a small
 * body that becomes a large one would pass the limits. Replies taken over with `hijack` are out of its reach.
 */
export const compression = definePolicy({
  name: 'compression',
  config: compressionConfig,
  async setup(app) {
    await app.register(fastifyCompress, { global: false })
  },
  hooks({ threshold, encodings }) {
    return { compress: { threshold, encodings } }
  },
})
