import type { FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify'
import type { Logger } from 'pino'
import type { Clock } from '../../kernel/clock.ts'
import { asProblem, type Problem } from '../../kernel/problem.ts'
import { guarded } from '../../services/call.ts'
import type { RestConnector } from '../../services/rest/connector.ts'
import { readAffinity } from '../../services/targets/affinity.ts'
import { discardRest } from '../discard.ts'
import type { ProxyRoute } from './compile.ts'
import { Lane } from './lane.ts'

export type ProxyTools = {
  /** By service name. */
  readonly connectors: ReadonlyMap<string, RestConnector>
  /** The hooks of a route's policies, and the route options by which their plugins know it. */
  readonly hooksFor: (route: ProxyRoute) => RouteShorthandOptions
  /** The address by which the app knows a route. */
  readonly addressFor: (route: ProxyRoute) => string
  readonly log: Logger
  /** Told of every request that is passed on to a version of an API. */
  readonly observeVersion?: (route: string, version: string) => void
  /** Told of every request that is passed on to a part of a split. */
  readonly observeSplit?: (route: string, part: string) => void
  readonly clock: Clock
  /** Answers with a problem on `reply.raw`: the reply is hijacked, and nothing of an answer has been sent. */
  readonly problemReply: (reply: FastifyReply, problem: Problem) => void
}

/** Passes a request on and answers it, whatever happens. */
export type PassOn = (request: FastifyRequest, reply: FastifyReply) => void

/**
 * Proxied requests of one service share slots of their own, so that long streams never take those of calls. A slot
 * is held until the answer has ended. The time limit is the lane's: it ends with the first byte, a call's with the last.
 */
export const createLanes = ({ connectors, log, problemReply }: ProxyTools): ((route: ProxyRoute) => PassOn) => {
  const answer = (
    thrown: unknown,
    { lane, reply, route }: { lane: Lane; reply: FastifyReply; route: ProxyRoute },
  ): void => {
    lane.giveUp()
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
    const call = guarded<Lane, void>((lane, context) => lane.run(context), connector.laneGuards(route.retry), {
      mayRepeat: (lane) => lane.mayRepeat,
    })
    const { retry, service } = route
    // Guards that try again hand on a context of their own, made from a plain one.
    const tried = retry !== undefined || service.resilience?.totalMs !== undefined
    const way = { targets: connector.targets, affinity: readAffinity(route.service.targets.affinity) }
    return (request, reply) => {
      reply.hijack()
      const lane = new Lane(route, way, { request, reply })
      lane.whenReady(() => {
        call(lane, tried ? lane.context() : lane).catch((thrown: unknown) => answer(thrown, { lane, reply, route }))
      })
    }
  }
}
