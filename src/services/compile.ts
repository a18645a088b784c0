import type { Root } from 'protobufjs'
import { type Diagnostic, didYouMean, type Place } from '../kernel/diagnostic.ts'
import type { GrpcServiceConfig, HealthConfig, RestServiceConfig, RestTargetConfig, ServiceConfig } from './config.ts'
import { methodPaths } from './grpc/method.ts'
import { compileDefinitions, definitionFiles } from './grpc/protos/compile.ts'
import { breakerSettings, resilienceSettings, retrySettings } from './guards/settings.ts'
import { compileIdentity } from './identity/compile.ts'
import { loadOpenApi } from './openapi/load.ts'
import type { OwnCalls } from './own-calls.ts'
import type { HttpHealth } from './rest/health.ts'
import type { Service } from './service.ts'
import { compileSplit } from './split/compile.ts'
import type { Split } from './split/split.ts'
import { targetSettings, type WrittenTarget } from './targets/compile.ts'
import { readTls, tlsFiles } from './tls.ts'

export type ServiceSurroundings = {
  readonly workspaceDir: string
  /** The place of a setting, by its path from the root of `portico.yaml`. */
  readonly placeOf: (path: readonly (string | number)[]) => Place
  /** Where the gateway stands; undefined where the workspace does not say. */
  readonly zone?: string | undefined
  /** Headers in lower case that bear credentials of callers, beside Authorization. */
  readonly credentialHeaders?: readonly string[] | undefined
}

/** One entry of `services:` with its definitions loaded and its files read, or what is wrong with it. */
export const compileService = async (
  name: string,
  config: ServiceConfig,
  { workspaceDir, placeOf, zone, credentialHeaders }: ServiceSurroundings,
): Promise<{ readonly service: Service } | { readonly diagnostics: readonly Diagnostic[] }> => {
  const split = splitOf(config)
  const { tls, diagnostics: tlsDiagnostics } = readTls(config.tls, { service: name, workspaceDir, placeOf })
  const diagnostics: Diagnostic[] = [
    ...tlsDiagnostics,
    ...retryMistakes(name, config, placeOf),
    ...splitMistakes(name, config, placeOf),
  ]
  const common = {
    name,
    ...compileIdentity(config.identity),
    credentialHeaders,
    forwardedHeaders: config.forwardedHeaders,
    timeoutMs: config.timeout.try,
    resilience: resilienceSettings(config),
    ownCalls: ownCallsOf(config),
    concurrency: config.concurrency,
    maxAnswerBytes: config.maxAnswer,
    shareCalls: config.shareCalls,
    tls,
  }
  if ('rest' in config) {
    const openapi = config.openapi === undefined ? undefined : loadOpenApi(config.openapi, { workspaceDir })
    if (openapi !== undefined && 'code' in openapi) {
      const place = placeOf(['services', name, 'openapi'])
      diagnostics.push({ severity: 'error', ...openapi, place, coordinate: `services.${name}.openapi` })
    }
    diagnostics.push(...targetMistakes(name, config, placeOf))
    if (diagnostics.length > 0) return { diagnostics }
    const [first] = config.rest as [RestTargetConfig, ...RestTargetConfig[]]
    const described = openapi !== undefined && 'root' in openapi ? { openapi } : {}
    const rest = {
      kind: 'rest',
      origin: first.url.origin,
      basePath: first.url.pathname.replace(/\/+$/, ''),
      targets: { ...targetSettings(config.rest.map(writtenTarget), config, zone), ...split },
      http2: config.http2,
      health: config.health === undefined ? undefined : httpHealth(config.health),
    } as const
    return { service: { ...common, ...described, ...rest } }
  }
  const loaded = await compileDefinitions(config, {
    service: name,
    workspaceDir,
    placeOf,
    tls,
    target: config.grpc[0]?.address,
  })
  if ('diagnostics' in loaded) return { diagnostics: [...diagnostics, ...loaded.diagnostics] }
  const grpc = {
    kind: 'grpc',
    targets: {
      ...targetSettings(
        config.grpc.map(({ address: { host, port }, ...target }) => ({ ...target, name: host, port })),
        config,
        zone,
      ),
      ...split,
    },
    maxRequestBytes: config.maxRequest,
    errorDetails: config.errorDetails,
    health: config.health,
    root: loaded.root,
  } as const
  diagnostics.push(...ownCallMistakes(name, config, { root: loaded.root, placeOf }))
  return diagnostics.length > 0 ? { diagnostics } : { service: { ...common, ...grpc } }
}

/** Calls that no method is. */
const ownCallMistakes = (
  name: string,
  { calls = {} }: GrpcServiceConfig,
  { root, placeOf }: Pick<ServiceSurroundings, 'placeOf'> & { readonly root: Root },
): readonly Diagnostic[] => {
  const methods = methodPaths(root)
  return Object.keys(calls)
    .filter((call) => !methods.some((method) => method === call || `${method.split('/')[0]}/*` === call))
    .map((call) => ({
      severity: 'error',
      code: 'PORTICO-202',
      place: placeOf(['services', name, 'calls', call]),
      coordinate: `services.${name}.calls`,
      message: `No such method.${didYouMean(call, methods)}`,
    }))
}

const httpHealth = ({ path, interval, timeout, rise, fall, statuses, required }: HealthConfig): HttpHealth => ({
  path,
  intervalMs: interval,
  timeoutMs: timeout,
  rise,
  fall,
  required,
  statuses: statuses.map((range): [number, number] => {
    const [from, to = from] = range.split('-').map(Number)
    return [from as number, to as number]
  }),
})

const writtenTarget = ({ url, ...target }: RestTargetConfig): WrittenTarget => ({
  ...target,
  name: url.hostname.replace(/^\[|\]$/g, ''),
  port: url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port),
})

/** The targets of one service differ in nothing but where they are. */
const targetMistakes = (
  name: string,
  config: RestServiceConfig,
  placeOf: ServiceSurroundings['placeOf'],
): Diagnostic[] => {
  const [first] = config.rest
  return config.rest.flatMap(({ url }, at): Diagnostic[] =>
    first === undefined || (url.protocol === first.url.protocol && url.pathname === first.url.pathname)
      ? []
      : [
          {
            severity: 'error',
            code: 'PORTICO-030',
            place: placeOf(['services', name, 'rest', at]),
            coordinate: `services.${name}.rest[${at}]`,
            message: `All targets of a service have the same scheme and path: ${first.url.protocol}//…${first.url.pathname} here. Another path is another service.`,
          },
        ],
  )
}

/** The parts among which a service's calls are shared. */
const splitOf = ({ split, sticky, active, override }: ServiceConfig): { readonly split?: Split } =>
  split === undefined ? {} : { split: compileSplit({ split, sticky, active, override }, []).split }

const splitMistakes = (
  name: string,
  { split, sticky, active, override, ...config }: ServiceConfig,
  placeOf: ServiceSurroundings['placeOf'],
): readonly Diagnostic[] => {
  const mistake = (path: readonly (string | number)[], message: string): Diagnostic => ({
    severity: 'error',
    code: 'PORTICO-032',
    place: placeOf(['services', name, ...path]),
    coordinate: `services.${name}${path.map((one) => (typeof one === 'number' ? `[${one}]` : `.${one}`)).join('')}`,
    message,
  })
  const [kind, targets] = 'rest' in config ? (['rest', config.rest] as const) : (['grpc', config.grpc] as const)
  const parts = targets.map((target) => ('part' in target ? target.part : undefined))
  if (split === undefined) {
    const at = parts.findIndex((part) => part !== undefined)
    const lone = Object.entries({ sticky, active, override }).find(([, value]) => value !== undefined)
    return [
      ...(at < 0 ? [] : [mistake([kind, at], 'The service has no `split`. Add one, or remove `part`.')]),
      ...(lone === undefined
        ? []
        : [mistake([lone[0]], `The service has no \`split\`, of which \`${lone[0]}\` speaks.`)]),
    ]
  }
  const names = split.map((part) => part.name)
  return [
    ...compileSplit({ split, sticky, active, override }, []).mistakes.map(({ below, message }) =>
      mistake([below], message),
    ),
    ...parts.flatMap((part, at) => {
      if (part !== undefined && names.includes(part)) return []
      const message =
        part === undefined
          ? 'A target of a service with a `split` says its `part`.'
          : `There is no part ${part}.${didYouMean(part, names)}`
      return [mistake([kind, at], message)]
    }),
    ...names
      .filter((part) => !parts.includes(part))
      .map((part) => mistake(['split'], `No target is of the part ${part}.`)),
  ]
}

/** Every entry of `calls`, with what it leaves to its service. */
const ownCallsOf = (config: ServiceConfig): readonly OwnCalls[] | undefined => {
  if (config.calls === undefined) return undefined
  const usual = resilienceSettings(config)
  return Object.entries(config.calls).map(
    ([calls, { timeout, retry, breaker, hedge }]): OwnCalls => ({
      calls,
      timeoutMs: timeout.try ?? config.timeout.try,
      resilience: {
        ...usual,
        ...('total' in timeout && timeout.total !== undefined && { totalMs: timeout.total }),
        ...(retry !== undefined && { retry: retrySettings(retry) }),
        ...(hedge !== undefined && { hedgeAfterMs: hedge === false ? undefined : hedge }),
      },
      breaker:
        breaker === undefined
          ? undefined
          : { of: calls, settings: breaker === false ? undefined : breakerSettings(breaker) },
    }),
  )
}

/** Where one try may take all the time there is, nothing is ever tried again. */
const retryMistakes = (
  name: string,
  { timeout, retry }: ServiceConfig,
  placeOf: ServiceSurroundings['placeOf'],
): Diagnostic[] => {
  if (retry === undefined || retry.times === 0 || !('total' in timeout) || timeout.total === undefined) return []
  if (timeout.try < timeout.total) return []
  const coordinate = `services.${name}.timeout.total`
  const message = 'One try may take as long as all of them: nothing is ever tried again. Make `try` shorter.'
  return [
    {
      severity: 'error',
      code: 'PORTICO-031',
      place: placeOf(['services', name, 'timeout', 'total']),
      coordinate,
      message,
    },
  ]
}

/** The files of the workspace that an entry of `services:` names: a change in one means another generation. */
export const serviceFiles = (config: ServiceConfig): readonly string[] => [
  ...tlsFiles(config.tls),
  ...('rest' in config && config.openapi !== undefined ? [config.openapi] : []),
  ...('grpc' in config ? definitionFiles(config) : []),
]
