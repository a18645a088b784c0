import type { FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify'
import type { Logger } from 'pino'
import type { Clock } from '../../kernel/clock.ts'
import type { Masks } from '../../kernel/mask/masks.ts'
import { asProblem, type Problem } from '../../kernel/problem.ts'
import { guarded, type Reply } from '../../services/call.ts'
import { isFailureStatus, isServiceFailure } from '../../services/guards/failure.ts'
import type { RestConnector } from '../../services/rest/connector.ts'
import { readWish } from '../../services/targets/affinity.ts'
import { discardRest } from '../discard.ts'
import { byCalls } from './apart.ts'
import { createFallback } from './fallback.ts'
import { Lane, type Way } from './lane.ts'
import { answerMask } from './masked.ts'
import { type Copy, createMirror } from './mirror.ts'
import type { ProxyRoute } from './route.ts'
import type { StaleAnswers } from './stale.ts'
import { createInspection } from './validate/inspect.ts'
import type { OpenTools } from './websocket/open.ts'

export type ProxyTools = OpenTools & {
  /** By service name. */
  readonly connectors: ReadonlyMap<string, RestConnector>
  /** The hooks of a route's policies, and the route options by which their plugins know it. */
  readonly hooksFor: (route: ProxyRoute) => RouteShorthandOptions
  /** Whether a route has no policies of its own. */
  readonly isPlain: (route: ProxyRoute) => boolean
  /** The address by which the app knows a route. */
  readonly addressFor: (route: ProxyRoute) => string
  /** What every such address begins with. */
  readonly addresses: string
  readonly log: Logger
  /** Told of every request that is passed on to a version of an API. */
  readonly observeVersion?: (route: string, version: string) => void
  /** Told of every request that is passed on to a part of a split. */
  readonly observeSplit?: (route: string, part: string) => void
  /** Told of every request that was answered in the place of a service. */
  readonly observeFallback?: (route: string, kind: 'service' | 'stale' | 'static') => void
  /** Told of the end of every copy: a code, or `left out`. */
  readonly observeMirror?: (route: string, outcome: string) => void
  /** What outlives generations of the ramps that were stopped. */
  readonly stoppedRamps?: Set<string>
  /** What outlives generations of the last good answers. */
  readonly stale: StaleAnswers
  /** What is hidden in answers, of routes that say `mask`. */
  readonly masks?: Masks | undefined
  readonly clock: Clock
  /** Answers with a problem on `reply.raw`, and tells the log of a failure: the reply is hijacked, and nothing of an answer has been sent. */
  readonly problemReply: (reply: FastifyReply, problem: Problem) => void
}

type Runner = { readonly route: ProxyRoute; readonly way: Way; readonly run: (lane: Lane) => Promise<Reply<void>> }

/** Passes a request on and answers it, whatever happens. `onEnd` is told whether the service failed, where that can be said. */
export type PassOn = (request: FastifyRequest, reply: FastifyReply, onEnd?: (failed: boolean) => void) => void

/**
 * Proxied requests of one service share slots of their own, so that long streams never take those of calls. A slot
 * is held until the answer has ended. The time limit is the lane's: it ends with the first byte, a call's with the last.
 */
export const createLanes = (tools: ProxyTools): ((route: ProxyRoute) => PassOn) => {
  const { connectors, log, problemReply, clock, stale } = tools
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

  const connectorOf = ({ service }: ProxyRoute): RestConnector => {
    const connector = connectors.get(service.name)
    if (connector === undefined) throw new Error(`Service ${service.name} has no connector.`)
    return connector
  }

  /** What passes lanes on under the guards of a route's service. */
  const runner = (route: ProxyRoute): Runner => {
    const connector = connectorOf(route)
    const call = guarded<Lane, void>((lane, context) => lane.run(context), connector.laneGuards(route), {
      mayRepeat: (lane) => lane.mayRepeat,
    })
    const { retry, service } = route
    // Guards that try again hand on a context of their own, made from a plain one.
    const tried = retry !== undefined || service.resilience?.totalMs !== undefined
    const way = {
      targets: connector.targets,
      affinity: readWish(route.service.targets),
      introduction: connector.introduction,
    }
    return { route, way, run: (lane) => call(lane, tried ? lane.context() : lane) }
  }

  const fallbackOf = (route: ProxyRoute) => {
    const { fallback, path } = route
    if (fallback === undefined) return undefined
    const { route: other } = fallback
    const there = other && byCalls(other, runner)
    return createFallback(route, fallback, {
      askOther:
        there &&
        ((lane, replaces) => {
          const { run, ...to } = there(lane.request)
          return run(lane.elsewhere(to.route, to.way, replaces))
        }),
      stale,
      observe: (kind) => tools.observeFallback?.(path, kind),
    })
  }

  const mirrorOf = ({ mirror, path }: ProxyRoute): Copy | undefined =>
    mirror &&
    createMirror(mirror, {
      connector: connectorOf(mirror.route),
      clock,
      observe: (outcome) => tools.observeMirror?.(path, outcome),
    })

  return (route) => {
    const runnerOf = byCalls(route, runner)
    const fallback = fallbackOf(route)
    const mirror = mirrorOf(route)
    const inspect = route.validate && createInspection(route, route.validate)
    return (request, reply, onEnd) => {
      reply.hijack()
      const backup = fallback?.(request, reply)
      const { route: asked, way, run } = runnerOf(request)
      const lane = new Lane(asked, way, {
        request,
        reply,
        mask: answerMask(route, tools.masks, request.caller),
        ...(backup && { replaces: (one) => backup.replaces(one), copy: backup.copy }),
      })
      const failed = (thrown: unknown): void => answer(thrown, { lane, reply, route })
      const go = (): void => {
        const ended = run(lane)
        if (onEnd !== undefined) ended.then(({ status }) => onEnd(isFailureStatus(status)), failureTo(onEnd))
        if (backup === undefined) ended.catch(failed)
        else ended.catch((thrown: unknown) => backup.standIn(lane, thrown)).catch(failed)
        const body = lane.wholeBody
        if (mirror !== undefined && body !== undefined) mirror(request, body)
      }
      if (inspect === undefined) return lane.whenReady(go)
      try {
        const inspectBody = inspect(request)
        if (inspectBody === undefined) return lane.whenReady(go)
        lane.whenWhole((body) => {
          try {
            inspectBody(body)
          } catch (thrown) {
            return failed(thrown)
          }
          go()
        }, failed)
      } catch (thrown) {
        failed(thrown)
      }
    }
  }
}

/** A refusal of the gateway, and a client that left, say nothing of the service. */
const failureTo =
  (onEnd: (failed: boolean) => void) =>
  (thrown: unknown): void => {
    const { refused, code } = asProblem(thrown)
    if (!refused && code !== 'CANCELLED') onEnd(isServiceFailure(thrown))
  }
