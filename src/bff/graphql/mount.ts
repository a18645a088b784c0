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
import type { Identity } from '../../kernel/caller.ts'
import { Problem } from '../../kernel/problem.ts'
import { problemOf } from '../../kernel/refusal.ts'
import type { Signal } from '../../kernel/signal.ts'
import { isUpgrade } from '../../kernel/upgrade.ts'
import type { BffPlan, BffRuntime } from '../bff.ts'
import { readLossless } from '../lossless-body.ts'
import type { Slots } from '../slots.ts'
import { graphqlAnswer } from './answer.ts'
import { createApqStore, type SharedStore } from './apq-store.ts'
import type { Origins } from './cross-site.ts'
import { documentFinder } from './documents.ts'
import { mountGraphiql } from './graphiql.ts'
import { preparer } from './prepare.ts'
import { sendProblem } from './reply.ts'
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
  /** Verifies the token of a WebSocket's `connection_init`; undefined where the BFF has no `auth`. Throws Problem. */
  readonly verify: ((authorization: string | undefined) => Promise<Identity | undefined>) | undefined
  /** What replicas share, for documents that clients register; in memory alone where undefined. */
  readonly shared?: SharedStore | undefined
  /** Aborts with a Problem when the gateway stops: event streams then end. */
  readonly stop?: Signal | undefined
}

/**
 * Serves a BFF's graph under `<prefix>/graphql`: mercurius owns the route and runs the WebSocket subscriptions that
 * a guard lets through; the planner answers every HTTP request before mercurius' own executor would.
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
  const sockets = createSockets({ settings, slots, prepare, clock, verify, origins })
  const path = `${prefix}/graphql`
  app.register(async (scope) => {
    readLossless(scope)
    for (const hook of [hooks.onRequest ?? []].flat())
      scope.addHook('onRequest', sockets.openUpgrade(hook as onRequestHookHandler))
    for (const when of ['preParsing', 'onSend', 'onResponse'] as const)
      for (const hook of [hooks[when] ?? []].flat()) scope.addHook(when as 'onSend', hook as never)
    scope.setErrorHandler((error, request, reply) => sendProblem(request, reply, refusalOf(error, request)))
    scope.addHook('preHandler', async (request: FastifyRequest, reply: FastifyReply) => {
      if (request.routeOptions.url !== path) return undefined
      if (isUpgrade(request)) return sockets.admit(request)
      await answer(request, reply)
      // A reply is a thenable, and waiting for one that is out already costs further turns of the queue.
      return reply.sent ? undefined : reply
    })
    await sockets.register(scope)
    await scope.register(mercurius, {
      schema: subscriptionSchema(events),
      path,
      graphiql: false,
      jit: 0,
      errorHandler: false,
      additionalRouteOptions: {
        schema: {},
        ...(hooks.config && { config: hooks.config }),
        ...('compress' in hooks && { compress: hooks.compress }),
      },
      ...(graph.clientSchema.getSubscriptionType() && {
        subscription: { context: (socket: WebSocket) => ({ session: sockets.sessionOf(socket) }) },
      }),
    })
    if (development) mountGraphiql(app, { prefix, endpoint: path })
  })
}

/** Which pages `cors` lets call; none but the BFF's own where it is not set. */
const originsOf = ({ config }: RouteShorthandOptions): Origins => {
  const origin: unknown = config?.cors?.origin
  if (origin === '*') return '*'
  return Array.isArray(origin) ? origin.filter((one): one is string => typeof one === 'string') : []
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
