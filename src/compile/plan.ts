import type { BffPlan } from '../bff/bff.ts'
import type { HostPort } from '../config/scalars.ts'
import type { Masks } from '../kernel/mask/masks.ts'
import type { Provider } from '../policies/auth/kinds.ts'
import type { AnswerRoute } from '../routes/answer/compile.ts'
import type { RouteMatch } from '../routes/match/match.ts'
import type { GrpcRoute } from '../routes/proxy/grpc/compile.ts'
import type { ProxyRoute } from '../routes/proxy/route.ts'
import type { TranscodeRoute } from '../routes/transcode/compile.ts'
import type { Service } from '../services/service.ts'
import type { WorkspaceConfig } from './config.ts'
import type { ServerTls } from './tls.ts'

/** A workspace with every name resolved, every schema bound and everything checked. Nothing is open yet. */
export type Plan = {
  /** Absolute path of the workspace. */
  readonly dir: string
  readonly listen: HostPort
  /** How clients are met on `listen`; undefined where it is plain HTTP. */
  readonly tls: ServerTls | undefined
  readonly probes: HostPort | undefined
  /** A loopback address. */
  readonly admin: HostPort | undefined
  readonly trustedProxies: readonly string[]
  /** By which headers they tell of requests. */
  readonly trustedHeaders: 'x-forwarded' | 'forwarded'
  readonly budgetMs: number
  readonly drainMs: number
  readonly redis: string | undefined
  /** Gateways that share the Redis. */
  readonly replicas: number
  readonly accessLog: boolean
  /** Where the audit log goes: an absolute path, or `stdout`. */
  readonly audit: string | undefined
  /** What is hidden where; undefined where nothing is. */
  readonly masks: Masks | undefined
  readonly limits: WorkspaceConfig['limits']
  readonly services: ReadonlyMap<string, Service>
  readonly providers: ReadonlyMap<string, Provider>
  readonly bffs: readonly PlannedBff[]
  /** The most specific first: the order in which they match. */
  readonly routes: readonly PlannedRoute[]
}

export type { RouteMatch }

export type PlannedBff = WithPolicies<BffPlan> & {
  /** Policies before endpoints whose operations say by `@auth` who may run them, by their file. */
  readonly own: ReadonlyMap<string, readonly PolicyUse[]>
}

/** A route, and which requests it is for. */
export type PlannedRoute = WithPolicies<RoutePlan> & { readonly match: RouteMatch }

/** A route of any kind. */
export type RoutePlan =
  | ({ readonly kind: 'proxy' } & ProxyRoute)
  | ({ readonly kind: 'grpc' } & GrpcRoute)
  | ({ readonly kind: 'transcode' } & TranscodeRoute)
  | ({ readonly kind: 'answer' } & AnswerRoute)

/** A thing that policies stand before, with their settings in the catalogue's order. */
export type WithPolicies<T> = { readonly served: T; readonly policies: readonly PolicyUse[] }

export type PolicyUse = { readonly name: PolicyName; readonly settings: unknown }

export type PolicyName =
  | 'securityHeaders'
  | 'cors'
  | 'ipRules'
  | 'maintenance'
  | 'auth'
  | 'concurrency'
  | 'rateLimit'
  | 'contentTypes'
  | 'compression'
