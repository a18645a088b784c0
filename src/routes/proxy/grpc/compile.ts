import type { Diagnostic } from '../../../kernel/diagnostic.ts'
import { findMethod, methodPaths } from '../../../services/grpc/method.ts'
import { findOwnCalls, type OwnBreaker } from '../../../services/own-calls.ts'
import type { GrpcService } from '../../../services/service.ts'
import { breakerOf } from '../compile.ts'
import type { ProxyRouteConfig } from '../config.ts'
import type { ProxySurroundings } from '../surroundings.ts'

/** A route that passes native gRPC calls on, as the plan knows it. */
export type GrpcRoute = {
  /** Stable over reloads. */
  readonly name: string
  /** As written: `/shop.catalog.v1.Catalog/*`. */
  readonly path: string
  readonly service: GrpcService
  /** Undefined where it shares its service's. */
  readonly breaker?: OwnBreaker | undefined
  /** What calls of some methods have otherwise, by the `calls` of the service; by path. */
  readonly apart: ReadonlyMap<string, Pick<GrpcRoute, 'service' | 'timeoutMs' | 'breaker'>>
  readonly methods: readonly ['POST']
  /** The paths of methods that take one message and give one: they have the time of a call, streams have their own. */
  readonly unary: ReadonlySet<string>
  /** The time of a unary call. */
  readonly timeoutMs: number
  /** The longest time of a stream; Infinity where the route says none. */
  readonly streamMs: number
  /** The largest message that clients may send; undefined for any, as none is put together. */
  readonly maxMessageBytes: number | undefined
}

/** What a gRPC call has no use for: its path names the method, and its messages are nobody's to repeat. */
const foreign = [
  'methods',
  'stripPrefix',
  'rewrite',
  'websocket',
  'retry',
  'pathMode',
  'fallback',
  'mirror',
  'mask',
  'earlyHints',
  'validate',
] as const

/** A proxy route whose service speaks gRPC, or what is wrong with it. */
export const compileGrpc = (
  config: ProxyRouteConfig,
  service: GrpcService,
  { placeOf }: ProxySurroundings,
): { readonly route: GrpcRoute } | { readonly diagnostics: readonly Diagnostic[] } => {
  const diagnostics = foreign
    .filter((setting) => isSaid(config[setting]))
    .map(
      (setting): Diagnostic => ({
        severity: 'error',
        code: 'PORTICO-015',
        ...placeOf(setting),
        message: `Service ${service.name} speaks gRPC: calls are passed on as they are, and \`${setting}\` says nothing of them. Remove it.`,
      }),
    )
  if (diagnostics.length > 0) return { diagnostics }
  const unary = methodPaths(service.root).filter((path) => {
    const method = findMethod(service, path)
    return 'path' in method && !method.requestStream && !method.responseStream
  })
  return {
    route: {
      name: `routes.${config.path}`,
      path: config.path,
      service,
      breaker: breakerOf(config),
      apart: apartOf(config, service),
      methods: ['POST'],
      unary: new Set(unary.map((path) => `/${path}`)),
      timeoutMs: config.timeout ?? service.timeoutMs,
      streamMs: config.timeout ?? Number.POSITIVE_INFINITY,
      maxMessageBytes: config.maxBody,
    },
  }
}

const apartOf = (config: ProxyRouteConfig, service: GrpcService): GrpcRoute['apart'] => {
  const find = findOwnCalls(service.ownCalls ?? [])
  return new Map(
    methodPaths(service.root).flatMap((path) => {
      const calls = find(path)
      if (calls === undefined) return []
      const { timeoutMs, resilience } = calls
      const own = {
        service: { ...service, timeoutMs, resilience },
        timeoutMs: config.timeout ?? timeoutMs,
        breaker: breakerOf(config) ?? calls.breaker,
      }
      return [[`/${path}`, own] as const]
    }),
  )
}

/** `false` and `canonical` are what is meant where nothing is said. */
const isSaid = (value: unknown): boolean => value !== undefined && value !== false && value !== 'canonical'
