import { z } from 'zod'
import { hostPort, oneOrMore, size } from '../../../config/scalars.ts'
import { requiredHealth } from '../../required-health.ts'
import { targetConfig } from '../../targets/config.ts'
import { detailNames } from './details.ts'

/** What an entry of `services:` says about the way to a gRPC service. */
export const clientConfig = {
  grpc: oneOrMore(
    z.union([
      z.strictObject({ address: hostPort.describe('Address of the target.'), ...targetConfig }),
      hostPort.transform((address) => ({ address })),
    ]),
  ).describe('Address of a gRPC service, or a list of them: its targets, among which calls are balanced.'),
  maxRequest: size
    .default(4_194_304)
    .describe('The largest message sent; a larger one is refused with 413. Most gRPC servers take no more than 4MiB.'),
  errorDetails: z
    .array(z.enum(detailNames, { error: `Expected one of ${detailNames.join(', ')}.` }))
    .default(['BadRequest', 'ErrorInfo', 'LocalizedMessage', 'RetryInfo'])
    .describe(
      'The details of a failure (google.rpc) that clients see, beside its code. `RetryInfo` also sets `Retry-After`.',
    ),
  health: z
    .union([
      z.literal(true).transform(() => ({ service: '', required: false })),
      z.strictObject({
        service: z
          .string()
          .default('')
          .describe('The service whose health counts, such as shop.catalog.v1.Catalog; the whole server when absent.'),
        required: requiredHealth,
      }),
    ])
    .optional()
    .describe(
      'Watches the service’s health (grpc.health.v1): an address that does not serve gets no calls. `true` asks for the whole server.',
    ),
}
