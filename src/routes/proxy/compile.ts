import { type Diagnostic, didYouMean } from '../../kernel/diagnostic.ts'
import { correction, mendAt } from '../../kernel/mend.ts'
import { breakerSettings, retrySettings } from '../../services/guards/settings.ts'
import type { OwnBreaker } from '../../services/own-calls.ts'
import type { Service } from '../../services/service.ts'
import { parseRoutePath } from '../path.ts'
import { parseRewrite } from '../rewrite.ts'
import { apartOf } from './apart.ts'
import type { ProxyRouteConfig } from './config.ts'
import { type ProxyRoute, proxyMethods } from './route.ts'
import type { ProxySurroundings } from './surroundings.ts'
import { compileValidate } from './validate/compile.ts'
import { websocketSettings } from './websocket/config.ts'

export type CompiledProxy = { readonly route: ProxyRoute } | { readonly diagnostics: readonly Diagnostic[] }

/** One entry of `routes:` with its service resolved, or what is wrong with it. */
export const compileProxy = (config: ProxyRouteConfig, surroundings: ProxySurroundings): CompiledProxy => {
  const service = surroundings.services.get(config.service)
  if (service?.kind !== 'rest') return { diagnostics: [serviceMistake(config.service, service, surroundings)] }
  const below = config.path.endsWith('/*')
  const written = config.stripPrefix ? (below ? '/*' : '/') : config.rewrite?.path
  const rewrite = written === undefined ? undefined : parseRewrite(written, parseRoutePath(config.path))
  const mistakes = [
    ...(config.stripPrefix && config.rewrite?.path !== undefined
      ? [
          routeMistake(
            'stripPrefix',
            '`rewrite.path` says the whole path already. Remove one of the two.',
            surroundings,
          ),
        ]
      : []),
    ...(rewrite !== undefined && 'mistake' in rewrite ? [routeMistake('rewrite', rewrite.mistake, surroundings)] : []),
  ]
  const maxBodyBytes = config.maxBody ?? surroundings.maxBodyBytes
  const route: ProxyRoute = {
    name: `routes.${config.path}`,
    path: config.path,
    prefix: below ? config.path.slice(0, -2) : config.path,
    below,
    service,
    methods: config.methods === undefined ? proxyMethods : [...new Set(config.methods)],
    rewrite: rewrite === undefined || 'mistake' in rewrite ? undefined : rewrite,
    host: hostOf(config.rewrite?.host),
    websocket: websocketSettings(config.websocket, { maxBodyBytes, maxAnswerBytes: service.maxAnswerBytes }),
    retry: config.retry === undefined ? service.resilience?.retry : retrySettings(config.retry),
    breaker: breakerOf(config),
    timeoutMs: config.timeout ?? service.timeoutMs,
    maxBodyBytes,
    earlyHints: config.earlyHints,
    mask: maskOf(config.mask),
  }
  if (route.mask !== undefined && (route.websocket !== undefined || config.fallback?.stale !== undefined))
    mistakes.push(
      routeMistake(
        'mask',
        'What WebSockets carry and answers that are given again are not masked. Remove them, or mask.',
        surroundings,
      ),
    )
  if (route.websocket && service.http2 === true)
    mistakes.push(
      routeMistake(
        'websocket',
        `Service ${service.name} is spoken to in HTTP/2, where WebSockets are not passed on. Name it a second time without \`http2\`.`,
        surroundings,
      ),
    )
  if (route.websocket && !route.methods.includes('GET'))
    mistakes.push(
      routeMistake('methods', 'WebSocket upgrades are GET requests. Add GET, or remove websocket.', surroundings),
    )
  if (config.pathMode === 'raw' && config.path.includes('{'))
    mistakes.push(
      routeMistake('pathMode', 'A raw path has no segments to name. Remove the parameters, or pathMode.', surroundings),
    )
  if (config.pathMode === 'raw' && route.websocket)
    mistakes.push(
      routeMistake(
        'pathMode',
        'WebSocket upgrades go by canonical paths. Remove websocket, or pathMode.',
        surroundings,
      ),
    )
  const validate = compileValidate(config, route, surroundings)
  if ('mistake' in validate) mistakes.push(routeMistake('validate', validate.mistake, surroundings))
  if ('diagnostics' in validate) mistakes.push(...validate.diagnostics)
  return mistakes.length > 0 || !('validation' in validate)
    ? { diagnostics: mistakes }
    : withOthers({ ...route, validate: validate.validation }, config, surroundings)
}

/** The route with the other services that it names: each has a route of its own to them. */
const withOthers = (
  route: ProxyRoute,
  config: ProxyRouteConfig,
  { placeOf, ...surroundings }: ProxySurroundings,
): CompiledProxy => {
  const { fallback, mirror } = config
  const routeTo = (service: string | undefined, at: 'fallback' | 'mirror'): CompiledProxy | undefined =>
    service === undefined
      ? undefined
      : compileProxy(
          // Who stands in is asked for what the service described.
          { ...config, service, websocket: false, fallback: undefined, mirror: undefined, validate: undefined },
          { ...surroundings, placeOf: (setting) => placeOf(setting === 'service' ? at : setting) },
        )
  const other = routeTo(fallback?.service, 'fallback')
  const copied = routeTo(mirror?.service, 'mirror')
  const diagnostics = [other, copied].flatMap((one) =>
    one !== undefined && 'diagnostics' in one ? one.diagnostics : [],
  )
  if (diagnostics.length > 0) return { diagnostics }
  const apart = apartOf(route, { timeout: config.timeout !== undefined, retry: config.retry !== undefined })
  return {
    route: {
      ...route,
      ...(apart && { apart }),
      ...(fallback && {
        fallback: {
          route: other && 'route' in other ? other.route : undefined,
          staleMs: fallback.stale,
          respond: fallback.respond,
        },
      }),
      ...(mirror &&
        copied &&
        'route' in copied && {
          mirror: { route: copied.route, share: mirror.share, methods: new Set(mirror.methods) },
        }),
    },
  }
}

/** The breaker that a route has beside its service's. */
export const breakerOf = ({ path, breaker }: Pick<ProxyRouteConfig, 'path' | 'breaker'>): OwnBreaker | undefined =>
  breaker === undefined
    ? undefined
    : { of: `routes.${path}`, settings: breaker === false ? undefined : breakerSettings(breaker) }

/** As much as most answers are; an answer is in memory twice while it is masked. */
const mostMasked = 1_048_576

const maskOf = (mask: ProxyRouteConfig['mask']): ProxyRoute['mask'] => {
  if (mask === undefined || mask === false) return undefined
  return { maxBytes: mask === true ? mostMasked : mask.maxBody }
}

const hostOf = (host: string | undefined): ProxyRoute['host'] => {
  if (host === undefined) return undefined
  return host === 'keep' ? { kept: true } : { name: host }
}

const serviceMistake = (
  name: string,
  found: Service | undefined,
  { services, placeOf }: ProxySurroundings,
): Diagnostic => {
  const rest = [...services.values()].filter(({ kind }) => kind === 'rest').map((service) => service.name)
  const message =
    found === undefined
      ? `No such service.${didYouMean(name, rest)}`
      : `Service ${name} speaks gRPC; a proxy route needs a REST service.${didYouMean(name, rest)}`
  const at = placeOf('service')
  const mend = found === undefined ? mendAt(at.place, name, correction(name, rest)) : undefined
  return { severity: 'error', code: 'PORTICO-014', ...at, message, mend }
}

const routeMistake = (
  setting: keyof ProxyRouteConfig,
  message: string,
  { placeOf }: ProxySurroundings,
): Diagnostic => ({ severity: 'error', code: 'PORTICO-015', ...placeOf(setting), message })
