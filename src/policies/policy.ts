import type { FastifyInstance, FastifyRequest, RouteShorthandOptions } from 'fastify'
import type { Logger } from 'pino'
import type { z } from 'zod'
import type { Clock } from '../kernel/clock.ts'

/** The Fastify hooks a policy puts on a route: each a list, run in the order of the catalogue. */
export type RouteHooks = Pick<
  RouteShorthandOptions,
  'onRequest' | 'preParsing' | 'preHandler' | 'onSend' | 'onResponse'
>

/** What policies are made with. */
export type PolicyTools = {
  readonly clock: Clock
  readonly log: Logger
  /** Shared store of a fleet; undefined when the workspace has no `redis`. */
  readonly redis: import('ioredis').Redis | undefined
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
export type Policy<Shape extends z.ZodType = z.ZodType> = {
  /** The key in `portico.yaml`. */
  readonly name: string
  readonly config: Shape
  readonly setup?: (app: FastifyInstance, tools: PolicyTools) => void | Promise<void>
  readonly hooks: (
    settings: z.output<Shape>,
    context: { readonly app: FastifyInstance; readonly tools: PolicyTools; readonly scope: PolicyScope },
  ) => RouteHooks
}

export const definePolicy = <Shape extends z.ZodType>(policy: Policy<Shape>): Policy<Shape> => policy

/** Asks a question of every request of a route, such as: what does the limit count by? */
export type Ask<Answer> = (request: FastifyRequest) => Answer
