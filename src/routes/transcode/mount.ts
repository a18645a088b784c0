import { METHODS } from 'node:http'
import fastifyWebsocket from '@fastify/websocket'
import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods, RouteShorthandOptions } from 'fastify'
import type { Logger } from 'pino'
import type { Caller } from '../../kernel/caller.ts'
import type { Clock } from '../../kernel/clock.ts'
import { maskProblem } from '../../kernel/mask/errors.ts'
import type { Masks } from '../../kernel/mask/masks.ts'
import { logged, Problem } from '../../kernel/problem.ts'
import { problemOf } from '../../kernel/refusal.ts'
import type { Signal } from '../../kernel/signal.ts'
import { isUpgrade } from '../../kernel/upgrade.ts'
import type { GrpcConnector } from '../../services/grpc/connector.ts'
import type { SocketObserver } from '../../telemetry/observers.ts'
import type { Match } from '../matcher.ts'
import type { Binding } from './binding.ts'
import { readWhole } from './body.ts'
import { type TranscodeRoute, upgradeMethod } from './compile.ts'
import { isConnect, sendConnectError } from './connect.ts'
import { type StreamTools, serveStream } from './stream.ts'
import { type Serve, serveUnary } from './unary.ts'
import { type ServeSocket, serveSocket } from './websocket.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The rule that a transcoded request matched; null where none did, and on other routes. */
    transcoded: Match<Binding> | null
  }
}

export type TranscodeTools = {
  /** By service name. */
  readonly connectors: ReadonlyMap<string, GrpcConnector>
  /** The hooks of a route's policies, and the route options by which their plugins know it. */
  readonly hooksFor: (route: TranscodeRoute) => RouteShorthandOptions
  /** The address by which the app knows a route. */
  readonly addressFor: (route: TranscodeRoute) => string
  /** What is hidden in answers; undefined where nothing is. */
  readonly masks?: Masks | undefined
  readonly clock: Clock
  readonly log: Logger
  /** Aborts with a Problem when the generation drains. */
  readonly stop: Signal
  readonly observeOpen?: SocketObserver
  /** Told, by the name of a route, of callers whose proof ended while a stream of theirs was open. */
  readonly observeExpired?: (route: string, caller: Caller) => void
}

/** Less than the minute after which common proxies close silent connections. */
const heartbeatMs = 15_000

/** Node ends requests that take longer to arrive; what streams in has this long at most. */
const longestUploadMs = 300_000

/**
 * Puts transcoding routes on the app, each as one address of Fastify's router: which method a path is for is found
 * by the route's own matcher, so that a thousand of them cost nothing at start. Mount these after proxy routes and
 * before BFFs: of several listeners for upgrades the first decides.
 */
export const mountTranscode = (
  app: FastifyInstance,
  routes: readonly TranscodeRoute[],
  tools: TranscodeTools,
): void => {
  if (routes.length === 0) return
  app.decorateRequest('transcoded', null)
  for (const route of routes) app.register((scope) => mountRoute(scope, route, tools))
}

const mountRoute = async (scope: FastifyInstance, route: TranscodeRoute, tools: TranscodeTools): Promise<void> => {
  const serving = new Map(route.bindings.map((binding) => [binding, servingOf(binding, route, tools)] as const))
  readBodies(scope, route)
  answerConnectErrors(scope, tools)
  if (route.websocket) await takeUpgrades(scope, route)
  const { onRequest, ...policies } = tools.hooksFor(route)
  const handler = (request: FastifyRequest, reply: FastifyReply): unknown => {
    if (isUpgrade(request)) throw new Problem('INVALID_ARGUMENT', 'This address takes no upgrades.')
    const { transcoded } = request
    if (transcoded === null) return answerUnmatched(route, request, reply)
    return serving.get(transcoded.target)?.serve(request, reply, transcoded.segments)
  }
  const wsHandler = (socket: Parameters<ServeSocket>[0], request: FastifyRequest): void => {
    const { transcoded } = request
    request.upgraded = true
    const serve = transcoded === null ? undefined : serving.get(transcoded.target)?.serveSocket
    if (transcoded === null || serve === undefined) socket.close(1_008, 'This address takes no upgrades.')
    else serve(socket, request, transcoded.segments)
  }
  const [safe, others] = methodsOf(scope)
  for (const method of route.websocket ? [safe, others] : [[...safe, ...others]])
    scope.route({
      ...policies,
      method: [...method] as HTTPMethods[],
      url: tools.addressFor(route),
      bodyLimit: route.maxBodyBytes,
      // First, so that what a policy refuses is already known by its rule.
      onRequest: [matchRule(route), ...[onRequest ?? []].flat()],
      handler,
      ...(route.websocket && method === safe ? { wsHandler } : {}),
    })
}

/** The methods a route listens to: all there are, to say what is allowed at each of its paths. */
const methodsOf = (scope: FastifyInstance): readonly [string[], string[]] => {
  const others = METHODS.filter((method) => !['GET', 'HEAD', 'CONNECT'].includes(method))
  for (const method of others)
    if (!scope.supportedMethods.includes(method)) scope.addHttpMethod(method, { hasBody: true })
  return [['GET', 'HEAD'], others]
}

const matchRule =
  ({ matcher, prefix }: TranscodeRoute) =>
  (request: FastifyRequest, _reply: FastifyReply, done: () => void): void => {
    const path = request.canonicalPath.slice(prefix.length)
    const method = isUpgrade(request) ? upgradeMethod : request.method
    let match = matcher.find(path, method)
    // A HEAD is answered as the GET would be (RFC 9110 §9.3.2), but for streams, which it would have to open.
    if (match === undefined && method === 'HEAD') {
      const get = matcher.find(path, 'GET')
      if (get?.target.method.responseStream === false) match = get
    }
    if (match !== undefined) {
      request.transcoded = match
      request.pattern = match.target.pattern
    }
    done()
  }

const answerUnmatched = (
  { matcher, prefix }: TranscodeRoute,
  { canonicalPath, method }: FastifyRequest,
  reply: FastifyReply,
): FastifyReply => {
  const path = canonicalPath.slice(prefix.length)
  const methods = new Set(matcher.methods(path))
  methods.delete(upgradeMethod)
  if (methods.size === 0) throw new Problem('NOT_FOUND', 'There is nothing at this address.')
  if (matcher.find(path, 'GET')?.target.method.responseStream === false) methods.add('HEAD')
  methods.add('OPTIONS')
  const allow = [...methods].sort().join(', ')
  if (method === 'OPTIONS') return reply.code(204).header('allow', allow).send()
  throw new Problem('INVALID_ARGUMENT', `This address answers ${allow}.`, { status: 405, headers: { allow } })
}

/** Bodies stay bytes: what they are is the rule's to say. Those of streaming methods are left unread. */
const readBodies = (scope: FastifyInstance, { maxBodyBytes }: TranscodeRoute): void => {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', ({ transcoded }: FastifyRequest, payload, done) => {
    if (transcoded?.target.method.requestStream === true) done(null)
    else readWhole(payload, maxBodyBytes, done)
  })
}

/** Clients of the Connect protocol get their errors, whoever raises them, in its own form. */
const answerConnectErrors = (scope: FastifyInstance, { log, masks }: Pick<TranscodeTools, 'log' | 'masks'>): void => {
  scope.setErrorHandler((error, request, reply) => {
    if (request.transcoded?.target.connect !== true || !isConnect(request)) throw error
    const problem = problemOf(error)
    if (problem.status >= 500) log.warn({ requestId: request.id, ...logged(problem) }, 'request failed')
    // Its details are bytes, in which nothing could be found any more.
    return sendConnectError(reply, maskProblem(problem, masks?.answersFor(request.caller)))
  })
}

const takeUpgrades = async (scope: FastifyInstance, { maxBodyBytes }: TranscodeRoute): Promise<void> => {
  await scope.register(fastifyWebsocket, {
    options: { maxPayload: maxBodyBytes, perMessageDeflate: false },
    preClose(done) {
      for (const client of this.websocketServer.clients) client.close(1_001, 'The gateway is going away.')
      this.websocketServer.close(() => done())
    },
  })
}

type Serving = { readonly serve: Serve; readonly serveSocket: ServeSocket | undefined }

const servingOf = (binding: Binding, route: TranscodeRoute, tools: TranscodeTools): Serving => {
  const { method, service } = binding
  const connector = tools.connectors.get(service)
  if (connector === undefined) throw new Error(`Service ${service} has no connector.`)
  const { timeoutMs, metadata } = route
  const { clock, observeOpen, observeExpired } = tools
  if (!method.requestStream && !method.responseStream) {
    const deadlineOf = (request: FastifyRequest, limitMs = timeoutMs): number => {
      const own = Math.min(limitMs ?? Number.POSITIVE_INFINITY, timeoutMs ?? Number.POSITIVE_INFINITY)
      return own === Number.POSITIVE_INFINITY ? request.deadline : Math.min(request.deadline, clock.now() + own)
    }
    return {
      serve: serveUnary(binding, { call: connector.unary(method), metadata, deadlineOf, masks: tools.masks }),
      serveSocket: undefined,
    }
  }
  const streaming: StreamTools = {
    open: connector.open(method),
    metadata,
    masks: tools.masks,
    deadlineOf: (request) => {
      if (timeoutMs !== undefined) return clock.now() + timeoutMs
      return method.responseStream ? Number.POSITIVE_INFINITY : request.deadline + longestUploadMs
    },
    endings: {
      clock,
      stop: tools.stop,
      observeExpired: observeExpired && ((caller) => observeExpired(route.name, caller)),
    },
    opened: observeOpen && (() => observeOpen(route.path)),
    heartbeatMs,
    maxMessageBytes: route.maxBodyBytes,
  }
  return {
    serve: serveStream(binding, streaming),
    serveSocket: route.websocket ? serveSocket(binding, streaming) : undefined,
  }
}
