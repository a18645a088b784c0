import { z } from 'zod'
import { bffs, policies, providers, limits as rateLimits, routes, services, shields } from '../catalog.ts'
import { cidr, count, duration, hostPort, nameKey, size } from '../config/scalars.ts'
import { usualJsonLimits } from '../kernel/json-request.ts'
import { auditConfig } from './audit.ts'
import { maskConfig } from './mask-config.ts'
import { redisUrl } from './redis.ts'
import { acceptedConfig } from './review/config.ts'
import { tlsConfig } from './tls.ts'

/** Policies are keys of a BFF or route, so their order is the catalogue's, never the author's. */
const policyKeys = {
  securityHeaders: policies.securityHeaders.config
    .optional()
    .describe(
      'Headers that say what browsers may do with answers: `false` for none, or values by name, over those of the gateway. Safe ones by default for what the gateway makes itself; of services’ answers, what they do not say, where this is set here or for the gateway.',
    ),
  ipRules: policies.ipRules.config
    .optional()
    .describe(
      'Which addresses may ask, beside what the whole gateway says; 403 for all others, before anybody is asked who he is.',
    ),
  maintenance: policies.maintenance.config
    .optional()
    .describe('Answers requests by 503 and Retry-After; the gateway’s own `maintenance` by default, `false` for none.'),
  cors: policies.cors.config.optional().describe('Which web pages of other origins may call.'),
  auth: policies.auth.config
    .optional()
    .describe(
      'Who may enter: callers that a provider of `auth:` knows, that any of a list knows, or that all know (`allOf`). `optional: true`, or `anonymous` in the list, lets in callers who show nothing; who shows something wrong is refused.',
    ),
  rateLimit: policies.rateLimit.config
    .optional()
    .describe(
      'How often callers may ask, beside what the whole gateway says: a limit, a list of several at once, and `plan` for the limits of the caller’s plan.',
    ),
  cost: count.default(1).describe('What one request counts in limits that count requests.'),
}

const routeKeys = {
  ...policyKeys,
  contentTypes: policies.contentTypes.config
    .optional()
    .describe(
      'Media types that bodies may have, such as `application/json` or `image/*`; 415 for all others, and for a body without one. Any by default.',
    ),
}

const compression = policies.compression.config.optional().describe('Compressed answers; `true` takes the defaults.')

const limits = z.strictObject({
  body: size.default(1_048_576).describe('The largest request body.'),
  headers: size.default(16_384).describe('All request headers together.'),
  json: z
    .strictObject({
      depth: count.default(usualJsonLimits.depth).describe('How deep lists and objects lie inside of one another.'),
      values: count.default(usualJsonLimits.values).describe('Members of objects and items of lists, all together.'),
      string: count.optional().describe('Characters of one string or key; as many as there come when absent.'),
    })
    .prefault({})
    .describe(
      'What the JSON of one request, or of one message of a stream or WebSocket, may hold where the gateway reads it.',
    ),
  eventLoopLag: duration
    .optional()
    .describe(
      'How late the event loop may be, such as 200ms, before new requests are refused by 503 and Retry-After, so that those that were taken end in time. Off when absent; `probes` and `admin` always answer.',
    ),
  concurrentRequests: policies.concurrency.config
    .optional()
    .describe('Requests that each process answers at the same time, open WebSockets included. No bound when absent.'),
  connectionsPerAddress: count
    .optional()
    .describe(
      'Connections that each process keeps open to one client address; one more is answered by 503 and closed. Trusted proxies are exempt. No bound when absent.',
    ),
  depth: count.default(12).describe('Levels of selections in a GraphQL operation.'),
  aliases: count.default(30).describe('Aliases in a GraphQL operation.'),
  rootFields: count.default(20).describe('Root fields in a GraphQL operation.'),
  fields: count.default(2_000).describe('Fields in a GraphQL operation, counted where fragments are spread.'),
  directives: count.default(10).describe('Directives at one place of a GraphQL operation.'),
  tokens: count.default(2_000).describe('Tokens in a GraphQL document.'),
  listSize: count.default(100).describe('The largest value of an argument that @listSize names as slicing.'),
  upstreamCalls: count.default(100).describe('Upstream calls one operation may make, retries and hedges included.'),
  cost: z
    .strictObject({
      max: count.describe('The most an operation may cost.'),
      mode: z
        .enum(['measure', 'enforce'])
        .default('enforce')
        .describe('Whether dearer operations are refused, or costs only counted in the metrics.'),
    })
    .optional()
    .describe('The static cost of a GraphQL operation, by @cost and @listSize. Not counted when absent.'),
})

/** The whole of `portico.yaml`. */
export const workspaceConfig = z.strictObject({
  listen: hostPort.prefault('0.0.0.0:8080').describe('Where clients connect.'),
  tls: tlsConfig
    .optional()
    .describe(
      'Certificates, by which `listen` is met with https and HTTP/2 by ALPN. Plain HTTP when absent, for a TLS proxy in front.',
    ),
  probes: hostPort
    .optional()
    .describe(
      'Where /livez, /readyz and /metrics answer, for kubelet and Prometheus; nothing secret. Off when absent.',
    ),
  admin: hostPort
    .optional()
    .describe(
      'Where the documents of the APIs and the state of services are shown, to this machine alone: a loopback address such as 127.0.0.1:9080. Off when absent; `portico dev` then opens 127.0.0.1:9080 if it is free.',
    ),
  trustedProxies: z
    .array(cidr)
    .default([])
    .describe('Address ranges whose word is believed on where a request comes from; none by default.'),
  trustedHeaders: z
    .enum(['x-forwarded', 'forwarded'])
    .default('x-forwarded')
    .describe(
      'By which headers `trustedProxies` say it: X-Forwarded-For, -Proto and -Host, or `Forwarded` (RFC 7239). The others are believed from nobody.',
    ),
  zone: z
    .string()
    .transform((zone) => (zone === '' ? undefined : zone))
    .optional()
    .describe('Where this gateway stands, such as `${ZONE:-}`: targets of the same zone come first.'),
  budget: duration
    .default(10_000)
    .describe('How long a request may take in all; every call gets what is left of it at most.'),
  drain: duration
    .default(30_000)
    .describe('How long a stopping gateway, or the old state after a reload, may go on answering what it has begun.'),
  redis: redisUrl
    .optional()
    .describe(
      'URL of a Redis or Valkey that replicas share for their limits, such as redis://127.0.0.1:6379. In memory when absent.',
    ),
  replicas: count
    .default(1)
    .describe('Gateways that share the Redis: while it is gone, each keeps its share of every limit.'),
  rateLimit: policies.rateLimit.config
    .optional()
    .describe('Limits that all BFFs and routes have together, beside their own; forms as there.'),
  plans: rateLimits.plans.optional().describe('Named sets of limits, chosen by the plan of the caller.'),
  securityHeaders: policies.securityHeaders.config
    .optional()
    .describe(
      'Headers of all answers that say what browsers may do with them, services’ answers included: `true` for the safe ones, `false` for none, or values by name.',
    ),
  ipRules: policies.ipRules.config
    .optional()
    .describe('Which addresses may ask anything of this gateway; BFFs and routes may say more.'),
  ipLists: shields.ipLists
    .default({})
    .describe('Files of address ranges by the names that `ipRules` call them; read anew when they change.'),
  maintenance: policies.maintenance.config
    .optional()
    .describe('Answers all requests by 503 and Retry-After, but where a BFF or route has a `maintenance` of its own.'),
  accessLog: z.boolean().default(true).describe('Whether each request is logged.'),
  mask: maskConfig
    .optional()
    .describe('What is hidden in answers and in the log, by path or by pattern, and what stands in its place.'),
  audit: auditConfig
    .optional()
    .describe(
      'Keeps a log of its own of who was kept out, and of what became of the gateway. Without it they are lines of the log.',
    ),
  accepted: acceptedConfig.describe(
    'Findings of `portico audit` that are meant. One that nothing needs any more is a finding itself.',
  ),
  limits: limits.prefault({}).describe('Bounds on what clients send and operations do.'),
  services: z.record(nameKey, z.union([services.rest, services.grpc])).describe('The backends, by name.'),
  auth: z.record(providers.name, providers.config).default({}).describe('Providers that verify who calls, by name.'),
  defaultAuth: policies.auth.config
    .optional()
    .describe(
      'Who may enter BFFs and routes that have no `auth` of their own, in the forms of `auth` there; `auth: anonymous` opens one of them. Probes and `admin` are not concerned.',
    ),
  bffs: z
    .record(nameKey, z.strictObject({ ...bffs.config, ...policyKeys, compression }))
    .default({})
    .describe('Per-client modules over the shared graph, by name.'),
  routes: z
    .array(
      z.union([
        z.strictObject({ ...routes.match.config, ...routes.proxy.config, ...routeKeys }),
        z.strictObject({
          ...routes.match.config,
          ...routes.proxy.shared,
          versions: routes.match.versions,
          ...routeKeys,
        }),
        z.strictObject({ ...routes.match.config, ...routes.proxy.shared, ...routes.proxy.split, ...routeKeys }),
        z.strictObject({ ...routes.match.config, ...routes.transcode.config, ...routeKeys }),
        z.strictObject({ ...routes.match.config, ...routes.answer.redirect, ...routeKeys }),
        z.strictObject({ ...routes.match.config, ...routes.answer.respond, ...routeKeys }),
      ]),
    )
    .default([])
    .describe('Generic routes beside the BFFs; the most specific match wins, whatever the order.'),
})

export type WorkspaceConfig = z.output<typeof workspaceConfig>
