import type { OutgoingHttpHeaders } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify'
import { routes } from '../catalog.ts'
import type { Plan, PlannedRoute } from '../compile/plan.ts'
import type { Caller } from '../kernel/caller.ts'
import type { Problem } from '../kernel/problem.ts'
import type { Connector } from '../services/connect.ts'
import { expiryOf } from '../telemetry/audit.ts'
import type { AppTools, HooksOf } from './app-tools.ts'
import { writeProblem } from './problem-reply.ts'
import type { Routing } from './routing.ts'

type RouteTools = AppTools & {
  readonly hooksOf: HooksOf
  readonly routing: Routing
  /** Told of what a request came to. */
  readonly tellFailure: (request: FastifyRequest, problem: Problem) => void
}

/** Serves the plan's routes of every kind, each at the address that routing knows it by. */
export const mountRoutes = (app: FastifyInstance, plan: Plan, tools: RouteTools): void => {
  const { clock, log, metrics, policyTools, hooksOf, routing, tellFailure } = tools
  const planned = plan.routes.map((route) => route.served)
  const plannedBy = new Map<Named, PlannedRoute>(plan.routes.map((route) => [route.served, route]))
  const hooksFor = (route: Named): RouteShorthandOptions => hooksOf(plannedBy.get(route)?.policies ?? [], route.name)
  const addressFor = (route: Named): string => routing.addressOf((plannedBy.get(route) as PlannedRoute).match)
  const problemReply = (reply: FastifyReply, problem: Problem): void => {
    tellFailure(reply.request, problem)
    writeProblem(reply.raw, problem, {
      requestId: reply.request.id,
      headers: reply.getHeaders() as OutgoingHttpHeaders,
    })
  }
  const observeExpired = (route: string, caller: Caller): void => policyTools.audit.failed(expiryOf(route, caller))
  routes.proxy.mount(
    app,
    planned.filter((route) => route.kind === 'proxy'),
    {
      connectors: connectorsOf(tools.connectors, 'rest'),
      hooksFor,
      isPlain: (route) => plannedBy.get(route)?.policies.length === 0,
      addressFor,
      addresses: routing.addresses,
      log,
      clock,
      masks: plan.masks,
      observeVersion: (route, version) => metrics.observeVersion(route, version),
      observeFallback: (route, kind) => metrics.observeFallback(route, kind),
      observeMirror: (route, outcome) => metrics.observeMirror(route, outcome),
      stale: tools.stale,
      openCounts: tools.openCounts,
      observeOpen: metrics.observeOpenSocket,
      observeExpired,
      stoppedRamps: tools.stoppedRamps,
      stop: tools.draining,
      drainMs: plan.drainMs,
      observeSplit: (route, part) => metrics.observeSplit(route, part),
      problemReply,
    },
  )
  routes.grpc.mount(
    app,
    planned.filter((route) => route.kind === 'grpc'),
    {
      connectors: connectorsOf(tools.connectors, 'grpc'),
      hooksFor,
      addressFor,
      clock,
      log,
      stop: tools.draining,
      observeExpired,
      problemReply,
    },
  )
  routes.answer.mount(
    app,
    planned.filter((route) => route.kind === 'answer'),
    { hooksFor, addressFor },
  )
  routes.transcode.mount(
    app,
    planned.filter((route) => route.kind === 'transcode'),
    {
      connectors: connectorsOf(tools.connectors, 'grpc'),
      hooksFor,
      addressFor,
      masks: plan.masks,
      clock,
      log,
      stop: tools.draining,
      observeExpired,
      observeOpen: metrics.observeOpenSocket,
    },
  )
}

type Named = { readonly name: string }

const connectorsOf = <Kind extends Connector['kind']>(
  connectors: ReadonlyMap<string, Connector>,
  kind: Kind,
): ReadonlyMap<string, Extract<Connector, { readonly kind: Kind }>> =>
  new Map(
    [...connectors].flatMap(([name, connector]) =>
      connector.kind === kind ? [[name, connector as Extract<Connector, { readonly kind: Kind }>] as const] : [],
    ),
  )
