import type { FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify'
import type { Logger } from 'pino'
import type { Clock } from '../../kernel/clock.ts'
import { asProblem, type Problem } from '../../kernel/problem.ts'
import { type Call, guarded } from '../../services/call.ts'
import { bulkhead } from '../../services/guards/bulkhead.ts'
import { observed } from '../../services/guards/observed.ts'
import type { RestConnector } from '../../services/rest/connector.ts'
import type { RestService } from '../../services/service.ts'
import { readAffinity } from '../../services/targets/affinity.ts'
import type { CallObserver } from '../../telemetry/observers.ts'
import { discardRest } from '../discard.ts'
import type { ProxyRoute } from './compile.ts'
import { Lane } from './lane.ts'

export type ProxyTools = {
  /** By service name. */
  readonly connectors: ReadonlyMap<string, RestConnector>
  /** The hooks of a route's policies, and the route options by which their plugins know it. */
  readonly hooksFor: (route: ProxyRoute) => RouteShorthandOptions
  readonly clock: Clock
  readonly log: Logger
  readonly observe?: CallObserver | undefined
  /** Answers with a problem on `reply.raw`: the reply is hijacked, and nothing of an answer has been sent. */
  readonly problemReply: (reply: FastifyReply, problem: Problem) => void
}

/** Passes a request on and answers it, whatever happens. */
export type PassOn = (request: FastifyRequest, reply: FastifyReply) => void

/**
 * Proxied requests of one service share slots of their own, so that long streams never take those of calls. A slot
 * is held until the answer has ended. The time limit is the lane's: it ends with the first byte, a call's with the last.
 */
export const createLanes = ({
  connectors,
  clock,
  log,
  observe,
  problemReply,
}: ProxyTools): ((route: ProxyRoute) => PassOn) => {
  const calls = new Map<RestService, Call<Lane, void>>()
  const callOf = (service: RestService): Call<Lane, void> => {
    let call = calls.get(service)
    if (call === undefined) {
      call = guarded<Lane, void>(
        (lane) => lane.run(lane.deadline - clock.now()),
        [
          ...(observe === undefined ? [] : [observed({ service: service.name, clock, observe })]),
          bulkhead({ service: service.name, ...service.concurrency, clock }),
        ],
      )
      calls.set(service, call)
    }
    return call
  }

  const answer = (
    thrown: unknown,
    { lane, reply, route }: { lane: Lane; reply: FastifyReply; route: ProxyRoute },
  ): void => {
    if (lane.abandoned) return
    const problem = asProblem(thrown)
    if (reply.raw.headersSent) {
      // Half an answer is out: only an aborted connection says that it is not the whole.
      log.warn({ err: problem, route: route.name }, 'An answer broke off.')
      reply.raw.destroy()
    } else {
      problemReply(reply, problem)
      discardRest(reply.request.raw)
    }
  }

  return (route) => {
    const connector = connectors.get(route.service.name)
    if (connector === undefined) throw new Error(`Service ${route.service.name} has no connector.`)
    const call = callOf(route.service)
    const way = { targets: connector.targets, affinity: readAffinity(route.service.targets.affinity) }
    return (request, reply) => {
      reply.hijack()
      const lane = new Lane(route, way, { request, reply })
      lane.whenReady(() => {
        call(lane, lane).catch((thrown: unknown) => answer(thrown, { lane, reply, route }))
      })
    }
  }
}
