import { z } from 'zod'
import { count, duration, httpUrl, nameKey, oneOrMore, size } from '../config/scalars.ts'
import { clientConfig } from './grpc/client/config.ts'
import { definitionsConfig } from './grpc/protos/config.ts'
import { ownCallsConfig, resilienceConfig } from './guards/config.ts'
import { identityConfig } from './identity/config.ts'
import { requiredHealth } from './required-health.ts'
import { choosingConfig, shareConfig } from './split/config.ts'
import { targetConfig, targetsConfig } from './targets/config.ts'

/** What every service has, whatever it speaks. */
const common = {
  identity: identityConfig,
  forwardedHeaders: z
    .enum(['x-forwarded', 'forwarded', 'both'])
    .default('x-forwarded')
    .describe(
      'In which headers the service is told the client’s address, scheme and host, of requests and native calls that routes pass on: X-Forwarded-For, -Proto and -Host, `Forwarded` (RFC 7239), or both.',
    ),
  ...resilienceConfig,
  split: z
    .array(z.strictObject({ name: nameKey.describe('The `part` that its targets say.'), ...shareConfig }))
    .min(2, { error: 'Expected at least two parts.' })
    .optional()
    .describe('Parts of its targets, each its share of all calls, whoever makes them: fields, endpoints, routes.'),
  ...choosingConfig,
  concurrency: z
    .strictObject({
      max: count.default(512).describe('Calls in flight at once.'),
      queue: count.default(2_048).describe('Calls that may wait for a slot; past that they are refused with 503.'),
    })
    .prefault({})
    .describe('How many calls may be in flight to the service, and how many may wait.'),
  maxAnswer: size
    .default(10_485_760)
    .describe(
      'The largest answer read into memory; a larger one fails the call. Proxy routes stream and are not bound by it.',
    ),
  shareCalls: z
    .boolean()
    .default(false)
    .describe(
      'Whether safe calls of operations that ask the same at the same time are made once, also for different callers; where `identity` is `forward`, only for the same Authorization.',
    ),
}

const tls = z
  .strictObject({
    ca: z.string().optional().describe('A PEM file of certificate authorities to trust instead of the system’s.'),
    serverName: z
      .string()
      .optional()
      .describe('The name the certificate must bear, where it is not the host of the target.'),
    cert: z.string().optional().describe('A PEM file of the certificate that the gateway shows to the service.'),
    key: z.string().optional().describe('A PEM file of that certificate’s private key.'),
    pins: oneOrMore(
      z.string().regex(/^sha256\/[A-Za-z0-9+/]{43}=$/, { error: 'Expected sha256/ and 44 characters of base64.' }),
    )
      .optional()
      .describe(
        'Public keys of which the certificate must have one, beside all else: `sha256/` and the SHA-256 of the key (SubjectPublicKeyInfo) in base64. Name the next key too, before it is in use.',
      ),
  })
  .optional()

const healthPath = z
  .string()
  .regex(/^\/[\x21-\x7e]*$/, { error: 'A path such as /healthz.' })
  .describe('Asked with GET, from the root of the target.')
const healthDefaults = { interval: 10_000, timeout: 2_000, rise: 2, fall: 3, statuses: ['200-299'], required: false }
const statusRange = z.string().regex(/^[1-5]\d\d(-[1-5]\d\d)?$/, { error: 'A status such as 204, or 200-399.' })

const healthConfig = {
  path: healthPath,
  interval: duration.default(healthDefaults.interval).describe('How often.'),
  timeout: duration.default(healthDefaults.timeout).describe('How long an answer may take.'),
  rise: count.default(healthDefaults.rise).describe('Good answers in a row until an unhealthy target is healthy.'),
  fall: count.default(healthDefaults.fall).describe('Bad answers in a row until a healthy target is not.'),
  statuses: oneOrMore(statusRange).default(healthDefaults.statuses).describe('The statuses that are good answers.'),
  required: requiredHealth,
}

export const restServiceConfig = z.strictObject({
  rest: oneOrMore(
    z.union([
      z.strictObject({ url: httpUrl.describe('Base URL of the target.'), ...targetConfig }),
      httpUrl.transform((url) => ({ url })),
    ]),
  ).describe(
    'Base URL of a service that speaks HTTP and JSON, or a list of them: its targets, among which calls are balanced.',
  ),
  health: z
    .union([z.strictObject(healthConfig), healthPath.transform((path) => ({ ...healthDefaults, path }))])
    .optional()
    .describe('How each target is asked whether it is well; one that is not gets no calls. A path is the short form.'),
  http2: z
    .boolean()
    .default(false)
    .describe(
      'Whether the service is spoken to in HTTP/2: agreed on by ALPN over TLS, else known beforehand. One that speaks HTTP/1.1 alone is then not reached.',
    ),
  openapi: z
    .string()
    .optional()
    .describe('Its OpenAPI 3.0 or 3.1 document in JSON or YAML; `check` holds bindings against it.'),
  ...targetsConfig,
  ...common,
  calls: z
    .record(
      z.string().regex(/^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|\*) (\/[^\s/?*]+)*(\/\*?)?$/, {
        error: 'Expected a method and a path, such as `GET /users/{id}` or `* /users/*`.',
      }),
      ownCallsConfig,
    )
    .optional()
    .describe(
      'What some calls say in place of the service, by method and path: `GET /users/{id}`, `* /search/*`. The most exact counts. Requests of proxy routes are meant too, by the path that the service is asked for.',
    ),
  tls: tls.describe('TLS to the service, always verified; an `https://` URL turns it on.'),
})

export const grpcServiceConfig = z.strictObject({
  ...clientConfig,
  ...definitionsConfig,
  ...targetsConfig,
  ...common,
  calls: z
    .record(
      z.string().regex(/^[\w.]+\/(\w+|\*)$/, {
        error: 'Expected a method such as `shop.v1.Catalog/Get` or `shop.v1.Catalog/*`.',
      }),
      ownCallsConfig,
    )
    .optional()
    .describe(
      'What some calls say in place of the service, by method: `shop.v1.Catalog/Get`, `shop.v1.Catalog/*`. The most exact counts. Native calls that are passed on are meant too, but for `retry` and `hedge`; streams that fields and transcoded routes open have no guards.',
    ),
  tls: tls.describe('TLS to the service, always verified; an empty object turns it on.'),
})

/** One entry of `services:`; the key that names the protocol (`rest` or `grpc`) decides which shape it has. */
export type RestServiceConfig = z.output<typeof restServiceConfig>
export type GrpcServiceConfig = z.output<typeof grpcServiceConfig>
export type HealthConfig = NonNullable<RestServiceConfig['health']>
export type RestTargetConfig = RestServiceConfig['rest'][number]
export type ServiceConfig = RestServiceConfig | GrpcServiceConfig
