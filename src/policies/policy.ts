import type { FastifyContextConfig, FastifyInstance, onRequestHookHandler, RouteShorthandOptions } from 'fastify'
import type { Logger } from 'pino'
import type { z } from 'zod'
import type { Clock } from '../kernel/clock.ts'
import type { Audit } from '../telemetry/audit.ts'
import type { Provider } from './auth/kinds.ts'
import type { Stores } from './stores.ts'

/** The names of the hooks a policy may use. */
const hookNames = ['onRequest', 'preParsing', 'preHandler', 'onSend', 'onResponse'] as const

/**
 * What a policy puts on a route: Fastify hooks, each a list, run in the order of the catalogue; and the route
 * options by which a plugin of `setup` knows the route (`config.cors`, `compress`).
 */
export type RouteHooks = Pick<RouteShorthandOptions, (typeof hookNames)[number] | 'compress'> & {
  readonly config?: FastifyContextConfig
  /** Stands around each onRequest hook of what is listed before: sees the request first, and how it is refused. */
  readonly around?: (hook: onRequestHookHandler) => onRequestHookHandler
}

/** The hooks of several policies as one set for a route: the first listed run first. */
export const mergeHooks = (given: readonly RouteHooks[]): Omit<RouteHooks, 'around'> => {
  const sets = given.map((set, index) => surrounded(set, given.slice(index + 1)))
  const merged: Record<string, unknown> = Object.assign({}, ...sets, { around: undefined })
  delete merged['around']
  for (const name of hookNames) {
    const hooks = sets.flatMap((set) => set[name] ?? [])
    if (hooks.length > 0) merged[name] = hooks
  }
  const config: FastifyContextConfig = Object.assign({}, ...sets.map((set) => set.config))
  return { ...merged, config }
}

const surrounded = (set: RouteHooks, later: readonly RouteHooks[]): RouteHooks => {
  if (set.onRequest === undefined) return set
  const hooks = [set.onRequest].flat() as readonly onRequestHookHandler[]
  return { ...set, onRequest: hooks.map((hook) => later.reduce((inner, { around }) => around?.(inner) ?? inner, hook)) }
}

/** What policies are made with. */
export type PolicyTools = {
  readonly clock: Clock
  readonly log: Logger
  /** Shared store of a fleet; undefined when the workspace has no `redis`. */
  readonly redis: import('ioredis').Redis | undefined
  /** The providers of `auth:` by name, as the catalogue compiled them. */
  readonly providers: ReadonlyMap<string, Provider>
  /** Told who was let in and who was not. */
  readonly audit: Audit
  /** What outlives a generation: counters and key sets. */
  readonly stores: Stores
  /** Told of every request a limit refused, for metrics. */
  readonly rateLimited: (scope: string, limit: string) => void
  /** Told when limits are no longer counted together with other replicas, and when they are again. */
  readonly limitsShared: (shared: boolean) => void
  /** Processes that share the port of this gateway. */
  readonly workers: number
  /** Gateways that share the Redis, as the workspace says. */
  readonly replicas: number
}

/** Where a policy stands: the BFF or route whose settings it got, and a name that is stable over reloads. */
export type PolicyScope = {
  /** `bffs.web`, `routes./users/*`. */
  readonly name: string
}

/**
 * Something inbound that may stop, limit, change or observe a request.
 * `setup` runs once for each generation, before any route; `hooks` once for each BFF or route that has the policy.
 */
export type Policy<Shape extends z.ZodType = z.ZodType, Settings = z.output<Shape>> = {
  /** The key in `portico.yaml`. */
  readonly name: string
  readonly config: Shape
  readonly setup?: (app: FastifyInstance, tools: PolicyTools) => void | Promise<void>
  /** `Settings` is what compiling made of the config; by default the config itself. */
  hooks(
    settings: Settings,
    context: { readonly app: FastifyInstance; readonly tools: PolicyTools; readonly scope: PolicyScope },
  ): RouteHooks
}

export const definePolicy = <Shape extends z.ZodType, Settings = z.output<Shape>>(
  policy: Policy<Shape, Settings>,
): Policy<Shape, Settings> => policy
