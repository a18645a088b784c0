import { createServer } from 'node:http'
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { policies } from '../catalog.ts'
import type { Plan } from '../compile/plan.ts'
import '../kernel/fastify.ts'
import { logged, Problem } from '../kernel/problem.ts'
import { problemOf } from '../kernel/refusal.ts'
import { guardUpgrade } from '../kernel/upgrade.ts'
import type { Policy } from '../policies/policy.ts'
import { accessLog } from '../telemetry/access-log.ts'
import { requestId } from '../telemetry/request-id.ts'
import { observeRequests } from '../telemetry/requests.ts'
import { type AppTools, policyHooks } from './app-tools.ts'
import { trustsOf } from './client.ts'
import { identify, nothingFor } from './identify.ts'
import { maskErrors } from './mask-errors.ts'
import { recordRoutes, refuseOtherMethods } from './methods.ts'
import { mountBffs } from './mount-bffs.ts'
import { mountRoutes } from './mount-routes.ts'
import { sendProblem } from './problem-reply.ts'
import { createRouting, type Direct } from './routing.ts'
import { hstsOf } from './tls.ts'

export type App = {
  readonly fastify: FastifyInstance
  /** Has to see every request and upgrade first. */
  readonly direct: Direct
}

/**
 * One generation as a Fastify app that listens nowhere: the gateway's listener hands it requests and upgrades.
 * A request passes observers, the hooks that say who it is, the policies of its route, and the route.
 */
export const buildApp = async (plan: Plan, tools: AppTools): Promise<App> => {
  const { clock, log, metrics, policyTools } = tools
  const trusts = trustsOf(plan.trustedProxies)
  const app = fastify({
    serverFactory: (handler) => createServer(handler),
    logger: false,
    trustProxy: trusts ?? false,
    bodyLimit: plan.limits.body,
    genReqId: (raw) => requestId(raw.headers['x-request-id']),
    exposeHeadRoutes: true,
    return503OnClosing: false,
    // What the router refuses before any hook: a path whose escapes are no UTF-8.
    frameworkErrors: (error, request, reply) => {
      guardUpgrade(request, reply)
      sendProblem(reply, problemOf(error))
    },
    routerOptions: { caseSensitive: true, maxParamLength: 1_024 },
  })
  observeRequests(app, clock, [metrics.observeRequest, ...(plan.accessLog ? [accessLog(log)] : [])])
  const routing = createRouting(plan, trusts)
  identify(app, { clock, budgetMs: plan.budgetMs, hsts: plan.tls && hstsOf(plan.tls), allowAt: routing.allowAt })
  const tellFailure = ({ id }: FastifyRequest, problem: Problem): void => {
    if (problem.status >= 500) log.warn({ requestId: id, ...logged(problem) }, 'request failed')
  }
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error)
    tellFailure(request, problem)
    return sendProblem(reply, problem)
  })
  app.setNotFoundHandler((request, reply) => sendProblem(reply, nothingFor(request)))
  if (plan.masks !== undefined) maskErrors(app, plan.masks)
  const seen = recordRoutes(app)
  // A plugin that no route uses would still look at every request.
  const own = plan.bffs.flatMap((bff) => [...bff.own.values()].flat())
  const used = new Set(
    [...plan.bffs, ...plan.routes]
      .flatMap((one) => one.policies)
      .concat(own)
      .map(({ name }) => name),
  )
  for (const policy of Object.values(policies) as unknown as Policy[])
    if ((used as ReadonlySet<string>).has(policy.name)) await policy.setup?.(app, policyTools)

  const hooksOf = policyHooks(app, policyTools)
  mountRoutes(app, plan, { ...tools, hooksOf, routing, tellFailure })
  mountBffs(app, plan, { ...tools, hooksOf })
  app.register((scope, _options, done) => {
    routing.leave(refuseOtherMethods(scope, seen))
    done()
  })
  await app.ready()
  return { fastify: app, direct: routing.direct }
}
