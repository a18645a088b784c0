import { z } from 'zod'
import { size } from '../../config/scalars.ts'

/**
 * Compressed answers (RFC 9110 §8.4) for clients that accept them. `true` takes the defaults. Proxy routes stream
 * what the service sent, compressed or not; event streams and answers that are encoded already stay as they are.
 */
export const compressionConfig = z.union([
  z.literal(true).transform(() => ({ threshold: 1_024, encodings: ['br', 'gzip'] as ('br' | 'gzip' | 'zstd')[] })),
  z.strictObject({
    threshold: size.default(1_024).describe('Smaller answers are sent as they are.'),
    encodings: z
      .array(z.enum(['br', 'gzip', 'zstd']))
      .min(1)
      .default(['br', 'gzip'])
      .describe('Offered encodings, the preferred first.'),
  }),
])
