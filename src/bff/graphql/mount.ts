import type { WebSocket } from '@fastify/websocket'
import type {
  FastifyInstance,
  FastifyReply,
  FastifyRequest,
  onRequestHookHandler,
  RouteShorthandOptions,
} from 'fastify'
import mercurius from 'mercurius'
import { createOperationStore } from '../../graph/operation.ts'
import { originsOf } from '../../kernel/origins.ts'
import { Problem } from '../../kernel/problem.ts'
import { problemOf } from '../../kernel/refusal.ts'
import type { Signal } from '../../kernel/signal.ts'
import { isUpgrade } from '../../kernel/upgrade.ts'
import type { BffPlan, BffRuntime } from '../bff.ts'
import { readLossless } from '../lossless-body.ts'
import type { Slots } from '../slots.ts'
import { graphqlAnswer } from './answer.ts'
import { createApqStore, type SharedStore } from './apq-store.ts'
import { documentFinder } from './documents.ts'
import { mountGraphiql } from './graphiql.ts'
import { preparer } from './prepare.ts'
import { sendProblem } from './reply.ts'
import type { VerifyInit } from './session.ts'
import { createSockets } from './socket.ts'
import { streamAnswer } from './sse.ts'
import { subscriptionSchema } from './subscription.ts'

export type GraphqlMount = {
  readonly runtime: BffRuntime
  readonly hooks: RouteShorthandOptions
  /** Development: introspection, suggestions, GraphiQL, and documents that are not trusted. */
  readonly development: boolean
  readonly budgetMs: number
  /** Connections that may be open at the same time, shared by all that a BFF streams. */
  readonly slots: Slots
  /** Says whose credentials a WebSocket's `connection_init` bears; undefined where the BFF has no `auth`. */
  readonly verify: VerifyInit | undefined
  /** What replicas share, for documents that clients register; in memory alone where undefined. */
  readonly shared?: SharedStore | undefined
  /** Aborts with a Problem when the gateway stops: event streams then end. */
  readonly stop?: Signal | undefined
}

/**
 * Serves a BFF's graph under `<prefix>/graphql`: the planner answers every HTTP request. Where there are subscriptions,
 * mercurius has the route and runs those that come over WebSocket, once a guard lets them through.
 */
export const mountGraphql = (app: FastifyInstance, bff: BffPlan, mount: GraphqlMount): void => {
  const { runtime, hooks, development, budgetMs, verify, shared, stop, slots } = mount
  const { graph, limits, prefix, name, subscriptions: settings } = bff
  const { introspection = development, suggestions = development } = bff
  const { clock } = runtime.tools
  const origins = originsOf(hooks)
  const store = createOperationStore({ graph, limits, introspection, suggestions })
  const registered = bff.documents.apq ? createApqStore(shared, name) : undefined
  const find = documentFinder(bff.documents, { open: development, store: registered })
  const prepare = preparer(bff, { store, find, suggestions })
  const events = { bff, runtime, budgetMs }
  const stream = streamAnswer({ ...events, slots, heartbeatMs: settings.ping, stop })
  const answer = graphqlAnswer(bff, { runtime, prepare, origins, stream, showCost: development })
  const path = `${prefix}/graphql`
  const opened = () => runtime.observeOpenSocket?.(path)
  const { chargeMessage: charge, observeExpired } = runtime
  const { json } = limits
  const { masks } = runtime
  const watching = { opened, observeExpired, masks }
  const sockets = createSockets({ settings, json, slots, prepare, clock, verify, origins, charge, ...watching })
  app.register(async (scope) => {
    readLossless(scope, limits.json)
    for (const hook of [hooks.onRequest ?? []].flat())
      scope.addHook('onRequest', sockets.openUpgrade(hook as onRequestHookHandler))
    for (const when of ['preParsing', 'onSend', 'onResponse'] as const)
      for (const hook of [hooks[when] ?? []].flat()) scope.addHook(when as 'onSend', hook as never)
    scope.setErrorHandler((error, request, reply) => sendProblem(request, reply, refusalOf(error, request)))
    const options = {
      schema: {},
      ...(hooks.config && { config: hooks.config }),
      ...('compress' in hooks && { compress: hooks.compress }),
    }
    const handler = (request: FastifyRequest, reply: FastifyReply): void => {
      answer(request, reply)?.catch((error: unknown) => {
        if (!reply.sent) reply.send(error)
      })
    }
    if (graph.clientSchema.getSubscriptionType()) {
      scope.addHook('onRoute', (route) => {
        // Its own handlers are never asked, and its guard is an async function that guards nothing here.
        Object.assign(route, { handler, onRequest: [] })
      })
      scope.addHook('preHandler', (request, _reply, done) => {
        if (isUpgrade(request)) sockets.admit(request)
        done()
      })
      await sockets.register(scope)
      await scope.register(mercurius, {
        schema: subscriptionSchema(events),
        path,
        graphiql: false,
        jit: 0,
        errorHandler: false,
        additionalRouteOptions: options,
        subscription: { context: (socket: WebSocket) => ({ session: sockets.sessionOf(socket) }) },
      })
    } else scope.route({ ...options, method: ['GET', 'POST'], url: path, handler })
    if (development) mountGraphiql(app, { prefix, endpoint: path })
  })
}

const refusalOf = (error: unknown, { headers }: FastifyRequest): Problem => {
  const problem = problemOf(error)
  return problem.status === 415 && headers['content-type']?.startsWith('multipart/') === true
    ? new Problem(
        'INVALID_ARGUMENT',
        'Files are not uploaded by GraphQL here: send them to a route of their own, and the operation as application/json.',
        { status: 415 },
      )
    : problem
}
