import { z } from 'zod'
import { duration, nameKey, oneOrMore, size } from '../../config/scalars.ts'

const headerName = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, { error: 'Expected the name of a header.' })

/** One entry of `routes:` that serves gRPC methods over HTTP and JSON, without its policies. */
export const transcodeRouteConfig = {
  path: z
    .string()
    .regex(/^(\/[A-Za-z0-9._~!$&'()+,;=:@-]+)*\/\*$/, {
      error: 'A path such as /api/*; what stands before `/*` stands before each method’s own path.',
    })
    .describe('Below which path methods are served. `/api/*` puts `/api` before the path of each method.'),
  transcode: oneOrMore(nameKey).describe(
    'The gRPC service whose methods are served, or a list: by their `google.api.http` rules, and without one as `POST <path>/pkg.Service/Method`.',
  ),
  json: z
    .strictObject({
      names: z
        .enum(['json', 'proto'])
        .default('json')
        .describe('Field names of answers: lowerCamel or as the proto has them. Requests may use both.'),
      defaults: z
        .enum(['always', 'omit'])
        .default('always')
        .describe('Whether answers hold fields that have their default, so that 0 and absent differ.'),
      unknownFields: z
        .enum(['refuse', 'ignore'])
        .default('refuse')
        .describe('What becomes of fields, enum names and query parameters that the proto does not have.'),
      enums: z.enum(['name', 'number']).default('name').describe('How answers write enums. Requests may use both.'),
    })
    .prefault({})
    .describe('How messages are written as JSON.'),
  metadata: z
    .strictObject({
      request: z
        .array(headerName)
        .default([])
        .describe('Request headers passed on as metadata, such as x-tenant; values of `-bin` names are base64.'),
      response: z
        .array(headerName)
        .default([])
        .describe('Metadata and trailers of the service that become response headers.'),
    })
    .prefault({})
    .describe('Which headers pass between clients and the service. None by default.'),
  websocket: z
    .boolean()
    .default(false)
    .describe('Whether streaming methods answer WebSocket upgrades too, one JSON message a frame.'),
  timeout: duration
    .optional()
    .describe('How long a call may take in all. Streams have no end of their own where it is absent.'),
  maxBody: size
    .optional()
    .describe('The largest request body, of streams the largest message; limits.body by default.'),
}
