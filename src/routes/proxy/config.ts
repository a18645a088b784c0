import { z } from 'zod'
import { duration, nameKey, size } from '../../config/scalars.ts'
import { ownBreakerConfig, retryConfig } from '../../services/guards/config.ts'
import { routePath } from '../path.ts'
import { rewrittenPath } from '../rewrite.ts'
import { fallbackConfig } from './fallback-config.ts'
import { mirrorConfig } from './mirror-config.ts'
import { validateConfig } from './validate/config.ts'
import { websocketConfig } from './websocket/config.ts'

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const

/** What a proxy route says beside its service. */
export const sharedProxyConfig = {
  path: routePath.describe(
    'What the route answers: `/status`, `/users/{id}`, or `/users/*` for `/users` and everything below it. The most specific route wins.',
  ),
  methods: z.array(z.enum(methods)).min(1).optional().describe('Methods passed on; all by default.'),
  stripPrefix: z
    .boolean()
    .default(false)
    .describe(
      'Whether what stands before `/*` is removed before the request is passed on: short for `rewrite: { path: /* }`.',
    ),
  pathMode: z
    .enum(['canonical', 'raw'])
    .default('canonical')
    .describe(
      'Whether the service gets the path in its canonical form, or byte by byte as it came: for signed URLs and slashes that count. Dot segments are refused all the same.',
    ),
  rewrite: z
    .strictObject({
      path: rewrittenPath
        .optional()
        .describe(
          'The path the service is asked for: `/v2/{id}` with parameters of the route’s path, `/v2/*` with what its `*` took.',
        ),
      host: z
        .string()
        .regex(/^[A-Za-z0-9.-]+(:\d{1,5})?$/, {
          error: 'Expected `keep` or a host such as shop.internal or shop.internal:8080.',
        })
        .optional()
        .describe(
          'The Host the service is asked for: `keep` for the client’s own, or a name. The target’s own by default.',
        ),
    })
    .optional()
    .describe('What of a request changes on its way to the service.'),
  websocket: websocketConfig,
  retry: retryConfig
    .optional()
    .describe(
      'How often a request is passed on again; as the service says by default. Only what may be repeated: safe methods and requests with an Idempotency-Key, whose body is at most 64KiB.',
    ),
  breaker: ownBreakerConfig
    .optional()
    .describe(
      'A breaker of its own, which counts and refuses the requests of this route alone; `false` for none. The service’s by default.',
    ),
  fallback: fallbackConfig.optional(),
  mirror: mirrorConfig.optional(),
  mask: z
    .union([z.boolean(), z.strictObject({ maxBody: size.default(1_048_576) })])
    .optional()
    .describe(
      'Whether the rules of `mask` hold for the service’s answers: JSON of `maxBody` at most (1MiB) is held until it is masked, anything else is refused by 502. To be said of every route where rules are for answers.',
    ),
  earlyHints: z
    .boolean()
    .default(false)
    .describe(
      'Whether Early Hints (103) of the service are passed on, their `Link` headers and nothing else, to clients of HTTP/1.1 and HTTP/2.',
    ),
  validate: validateConfig,
  timeout: duration
    .optional()
    .describe(
      'How long the service may take until it starts to answer; the service’s own timeout by default. Of native gRPC how long a call may take in all; streams have no end of their own where it is absent.',
    ),
  maxBody: size
    .optional()
    .describe(
      'The largest request body passed on; limits.body by default. Bodies are streamed, whatever their size. Of native gRPC the largest message of a client; any by default.',
    ),
}

/** One entry of `routes:` without its policies: requests are passed on to a service as they are. */
export const proxyRouteConfig = {
  ...sharedProxyConfig,
  service: nameKey.describe(
    'The service that answers: a REST service, or a gRPC service whose native calls are passed on (`/pkg.Service/*`).',
  ),
}

/** One entry of `routes:` as read, without its policies. */
export type ProxyRouteConfig = z.output<z.ZodObject<typeof proxyRouteConfig>>
