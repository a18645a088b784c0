import type { FastifyInstance } from 'fastify'
import type { z } from 'zod'
import type { Audit } from '../telemetry/audit.ts'
import type { Provider } from './auth/kinds.ts'
import type { RouteHooks } from './hooks.ts'
import type { CommonTools } from './tools.ts'

/** What policies are made with. */
export type PolicyTools = CommonTools & {
  /** The providers of `auth:` by name, as the catalogue compiled them. */
  readonly providers: ReadonlyMap<string, Provider>
  /** Told who was let in, who was not, and who is past a limit. */
  readonly audit: Audit
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
