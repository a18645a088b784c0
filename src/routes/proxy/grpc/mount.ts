import type { FastifyInstance, FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify'
import type { Logger } from 'pino'
import type { Caller } from '../../../kernel/caller.ts'
import type { Clock } from '../../../kernel/clock.ts'
import { isGrpc } from '../../../kernel/grpc.ts'
import { asProblem, logged, Problem } from '../../../kernel/problem.ts'
import type { Signal } from '../../../kernel/signal.ts'
import { guarded } from '../../../services/call.ts'
import type { GrpcConnector } from '../../../services/grpc/connector.ts'
import { leaveBodies } from '../../discard.ts'
import type { GrpcRoute } from './compile.ts'
import { Passage } from './passage.ts'

export type GrpcTools = {
  /** By service name. */
  readonly connectors: ReadonlyMap<string, GrpcConnector>
  /** The hooks of a route's policies, and the route options by which their plugins know it. */
  readonly hooksFor: (route: GrpcRoute) => RouteShorthandOptions
  /** The address by which the app knows a route. */
  readonly addressFor: (route: GrpcRoute) => string
  readonly clock: Clock
  readonly log: Logger
  /** Aborts with a Problem when the generation drains: streams, which would not end by themselves, then do. */
  readonly stop: Signal
  /** Told, by the name of a route, of callers whose proof ended while a stream of theirs was open. */
  readonly observeExpired?: (route: string, caller: Caller) => void
  /** Answers with a problem on `reply.raw`, and tells the log of a failure: the reply is hijacked, and nothing of an answer has been sent. */
  readonly problemReply: (reply: FastifyReply, problem: Problem) => void
}

/** Puts the routes on the app that pass native gRPC calls on, in one encapsulated scope, which leaves bodies unread. */
export const mountGrpc = (app: FastifyInstance, routes: readonly GrpcRoute[], tools: GrpcTools): void => {
  if (routes.length === 0) return
  app.register(async (scope) => {
    leaveBodies(scope)
    for (const route of routes)
      scope.route({
        ...tools.hooksFor(route),
        method: [...route.methods],
        url: tools.addressFor(route),
        handler: serving(route, tools),
      })
  })
}

const serving = (route: GrpcRoute, tools: GrpcTools): ((request: FastifyRequest, reply: FastifyReply) => void) => {
  const connector = tools.connectors.get(route.service.name)
  if (connector === undefined) throw new Error(`Service ${route.service.name} has no connector.`)
  const { clock, stop, observeExpired } = tools
  const way = {
    passOn: connector.passOn,
    introduction: connector.introduction,
    clock,
    endings: {
      clock,
      stop,
      observeExpired: observeExpired && ((caller: Caller) => observeExpired(route.name, caller)),
    },
  }
  const guardedAs = (asked: GrpcRoute) => ({
    asked,
    call: guarded<Passage, void>((passage, context) => passage.run(context), connector.laneGuards(asked)),
  })
  const guardedAt = (path: string, asked: GrpcRoute) => guardedAs(route.unary.has(path) ? asked : endless(asked))
  const usual = guardedAs(route)
  const streams = guardedAs(endless(route))
  const apart = new Map([...route.apart].map(([path, own]) => [path, guardedAt(path, { ...route, ...own })]))
  return (request, reply) => {
    refuseOthers(request)
    reply.hijack()
    const { asked, call } =
      apart.get(request.canonicalPath) ?? (route.unary.has(request.canonicalPath) ? usual : streams)
    const passage = new Passage(asked, way, { request, reply })
    call(passage, passage.context).catch((thrown: unknown) => {
      const problem = asProblem(thrown)
      if (passage.fail(problem) === 'unanswered') tools.problemReply(reply, problem)
      else if (problem.code === 'INTERNAL')
        tools.log.warn({ requestId: request.id, ...logged(problem) }, 'request failed')
    })
  }
}

/** A stream lasts as long as its client and the route let it: what a service says of all tries of a call says nothing of it. */
const endless = ({ service, ...route }: GrpcRoute): GrpcRoute => ({
  ...route,
  service: { ...service, resilience: { ...service.resilience, totalMs: undefined } },
})

/** What the gRPC specification says of requests that are none. */
const refuseOthers = (request: FastifyRequest): void => {
  if (isGrpc(request.raw)) return
  if (request.raw.httpVersionMajor === 2)
    throw new Problem('INVALID_ARGUMENT', 'This address takes gRPC: content type application/grpc.', { status: 415 })
  throw new Problem('INVALID_ARGUMENT', 'This address takes gRPC, which needs HTTP/2.', { status: 505 })
}
