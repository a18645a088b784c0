import fastifyWebsocket from '@fastify/websocket'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify'
import mercurius from 'mercurius'
import { createOperationStore } from '../../graph/operation.ts'
import type { Identity } from '../../kernel/caller.ts'
import { asProblem } from '../../kernel/problem.ts'
import { problemOf } from '../../kernel/refusal.ts'
import { isUpgrade } from '../../kernel/upgrade.ts'
import type { BffPlan, BffRuntime } from '../bff.ts'
import { readLossless } from '../lossless-body.ts'
import { graphqlAnswer } from './answer.ts'
import { mountGraphiql } from './graphiql.ts'
import { sendProblem } from './reply.ts'
import { type SubscriptionContext, subscriptionSchema } from './subscription.ts'

export type GraphqlMount = {
  readonly runtime: BffRuntime
  readonly hooks: RouteShorthandOptions
  /** Development: introspection, suggestions and GraphiQL. */
  readonly development: boolean
  readonly budgetMs: number
  /** Verifies the token of a WebSocket's `connection_init`; undefined where the BFF has no `auth`. Throws Problem. */
  readonly verify: ((authorization: string | undefined) => Promise<Identity | undefined>) | undefined
}

/**
 * Serves a BFF's graph under `<prefix>/graphql`: mercurius owns the route and the WebSocket subscriptions,
 * the planner answers every HTTP request before mercurius' own executor would.
 */
export const mountGraphql = (
  app: FastifyInstance,
  bff: BffPlan,
  { runtime, hooks, development, budgetMs, verify }: GraphqlMount,
): void => {
  const { graph, limits, prefix } = bff
  const store = createOperationStore({ graph, limits, introspection: development, suggestions: development })
  const answer = graphqlAnswer(bff, { store, runtime })
  const path = `${prefix}/graphql`
  app.register(async (scope) => {
    readLossless(scope)
    for (const name of ['onRequest', 'preParsing', 'onSend', 'onResponse'] as const)
      for (const hook of [hooks[name] ?? []].flat()) scope.addHook(name as 'onRequest', hook as never)
    scope.setErrorHandler((error, request, reply) => sendProblem(request, reply, problemOf(error)))
    scope.addHook('preHandler', async (request: FastifyRequest, reply: FastifyReply) => {
      if (isUpgrade(request) || request.routeOptions.url !== path) return
      await answer(request, reply)
      return reply
    })
    await scope.register(fastifyWebsocket, {
      options: { maxPayload: scope.initialConfig.bodyLimit ?? 1_048_576 },
      preClose(done) {
        for (const client of this.websocketServer.clients) client.close(1001, 'The gateway is going away.')
        this.websocketServer.close(() => done())
      },
    })
    await scope.register(mercurius, {
      schema: subscriptionSchema({ bff, store, runtime, budgetMs }),
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
        subscription: {
          // A browser cannot send Authorization with an upgrade; it says who it is in connection_init.
          context: (socket: SubscriptionContext['socket']) => ({ socket }),
          onConnect: async ({ payload }: { payload?: { authorization?: unknown; Authorization?: unknown } }) => {
            const authorization = payload?.authorization ?? payload?.Authorization
            if (authorization === undefined || verify === undefined) return true
            return verify(typeof authorization === 'string' ? authorization : '').then(
              (identity) => ({ identity }),
              (refused: unknown) => ({ refused: asProblem(refused) }),
            )
          },
        },
      }),
    })
    if (development) mountGraphiql(app, { prefix, endpoint: path })
  })
}
