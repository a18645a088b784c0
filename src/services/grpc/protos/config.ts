import { z } from 'zod'
import { duration, hostPort, oneOrMore } from '../../../config/scalars.ts'

/** What an entry of `services:` says about the definitions of a gRPC service: one of `proto`, `descriptors`, `reflection`. */
export const definitionsConfig = {
  proto: oneOrMore(z.string())
    .optional()
    .describe('Its `.proto` files, by the paths under which others would import them.'),
  include: oneOrMore(z.string())
    .optional()
    .describe(
      'Directories, relative to the workspace, in which `.proto` files and their imports are looked up after `protos/`, in this order.',
    ),
  descriptors: z
    .string()
    .optional()
    .describe(
      'A FileDescriptorSet, relative to the workspace, as `buf build -o x.binpb` makes it, or `protoc --include_imports --include_source_info --descriptor_set_out=x.binpb`.',
    ),
  reflection: z
    .union([
      z.literal(true, { error: 'Expected true, or a mapping.' }).transform(() => ({})),
      z.strictObject({
        target: hostPort.optional().describe('Where to ask, when it is not the first address of `grpc`.'),
        timeout: duration.default(5_000).describe('How long the whole of it may take.'),
      }),
    ])
    .optional()
    .describe(
      'Asks the service itself (grpc.reflection.v1, or v1alpha) at every start, check and reload, which fail without it. `portico register --reflect` asks once and keeps the answer as `descriptors`. The service is trusted with what the gateway shows.',
    ),
}
