import { createServer, type OutgoingHttpHeaders } from 'node:http'
import fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type RouteShorthandOptions,
} from 'fastify'
import type { Logger } from 'pino'
import { bffs, policies, providers, routes } from '../catalog.ts'
import type { Plan, PlannedRoute, PolicyUse } from '../compile/plan.ts'
import type { Caller } from '../kernel/caller.ts'
import type { Clock } from '../kernel/clock.ts'
import '../kernel/fastify.ts'
import type { BffRuntime } from '../bff/bff.ts'
import { isGrpc } from '../kernel/grpc.ts'
import { logged, Problem } from '../kernel/problem.ts'
import { problemOf } from '../kernel/refusal.ts'
import type { Signal } from '../kernel/signal.ts'
import { guardUpgrade } from '../kernel/upgrade.ts'
import { mergeHooks } from '../policies/hooks.ts'
import type { Policy, PolicyTools } from '../policies/policy.ts'
import type { Connector } from '../services/connect.ts'
import { accessLog } from '../telemetry/access-log.ts'
import { expiryOf } from '../telemetry/audit.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { requestId } from '../telemetry/request-id.ts'
import { observeRequests } from '../telemetry/requests.ts'
import { chargingUses } from './charging.ts'
import { trustsOf } from './client.ts'
import { maskErrors } from './mask-errors.ts'
import { sendProblem, writeProblem } from './problem-reply.ts'
import { createRouting, type Direct, type Routing, standardMethods, takeBackUrl } from './routing.ts'
import { hstsOf } from './tls.ts'

export type AppTools = {
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
  readonly policyTools: PolicyTools
  readonly connectors: ReadonlyMap<string, Connector>
  /** What each BFF runs with, by name. */
  readonly bffRuntimes: ReadonlyMap<string, BffRuntime>
  readonly development: boolean
  /** The last good answers, of routes that give them again. */
  readonly stale: ReturnType<typeof routes.proxy.createStaleAnswers>
  /** How many WebSockets of routes are open. */
  readonly openCounts: Parameters<typeof routes.proxy.mount>[2]['openCounts']
  /** Ramps that were stopped. */
  readonly stoppedRamps: Set<string>
  /** Aborts with a Problem when the generation ends: streams, which would not end by themselves, then do. */
  readonly draining: Signal
}

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
  const { clock, log, metrics, policyTools, development } = tools
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

  const hooksOf = (uses: readonly PolicyUse[], scope: string): RouteShorthandOptions =>
    mergeHooks(
      uses.map(({ name, settings }) =>
        (policies[name] as unknown as Policy).hooks(settings, { app, tools: policyTools, scope: { name: scope } }),
      ),
    )

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
  for (const { served, policies: uses, own: ofEndpoints } of plan.bffs) {
    const runtime = tools.bffRuntimes.get(served.name)
    if (runtime === undefined) throw new Error(`The BFF ${served.name} has no runtime.`)
    const rule = uses.find(({ name }) => name === 'auth')?.settings as
      | Parameters<typeof providers.handshake>[1]
      | undefined
    const scope = `bffs.${served.name}`
    const hooks = hooksOf(uses, scope)
    bffs.mount(app, served, {
      runtime,
      hooks,
      hooksFor(endpoint) {
        const narrower = ofEndpoints.get(endpoint.file) ?? uses
        const charging = chargingUses(served, endpoint, narrower)
        if (charging === undefined && narrower === uses) return { hooks, charged: false }
        return { hooks: hooksOf(charging ?? narrower, scope), charged: charging !== undefined }
      },
      development,
      budgetMs: plan.budgetMs,
      verify: rule === undefined ? undefined : providers.handshake(app, rule, { audit: policyTools.audit, scope }),
      shared: policyTools.redis,
      stop: tools.draining,
    })
  }
  app.register((scope, _options, done) => {
    routing.leave(refuseOtherMethods(scope, seen))
    done()
  })
  await app.ready()
  return { fastify: app, direct: routing.direct }
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

/**
 * Says of every request who asks, when its time is over and what its path is, before any policy looks. One hook: each
 * costs every request a turn through Fastify's runner.
 */
const identify = (
  app: FastifyInstance,
  {
    clock,
    budgetMs,
    hsts,
    allowAt,
  }: { clock: Clock; budgetMs: number; hsts: string | undefined; allowAt: Routing['allowAt'] },
): void => {
  app.decorateRequest('caller', null as never)
  app.decorateRequest('deadline', 0)
  app.decorateRequest('pattern', undefined)
  app.decorateRequest('sentUrl', undefined)
  app.decorateRequest('upgraded', false)
  app.decorateRequest('provesLater', false)
  app.decorateRequest('canonicalPath', {
    getter() {
      const { url } = this
      const mark = url.indexOf('?')
      return mark < 0 ? url : url.slice(0, mark)
    },
  })
  app.addHook('onRequest', (request, reply, done) => {
    request.caller = { identity: undefined, address: request.ip, requestId: request.id }
    request.deadline = clock.now() + budgetMs
    reply.header('x-request-id', request.id)
    if (hsts !== undefined) reply.header('strict-transport-security', hsts)
    guardUpgrade(request, reply)
    const { url: address = '/' } = request.raw
    const refused = takeBackUrl(request)
    // Here already, for Fastify reads a body before it says that there is nothing.
    if (refused === undefined && request.is404) {
      const allow = allowAt(address)
      done(allow === undefined ? nothingFor(request) : notAllowed(allow))
    } else done(refused)
  })
}

const nothingFor = ({ raw }: FastifyRequest): Problem =>
  // What gRPC says of a method that nobody has.
  isGrpc(raw)
    ? new Problem('UNIMPLEMENTED', 'There is no such method.')
    : new Problem('NOT_FOUND', 'There is nothing at this address.')

/** The methods of every path that was declared, filled while routes are. */
const recordRoutes = (app: FastifyInstance): ReadonlyMap<string, Set<string>> => {
  const methodsOf = new Map<string, Set<string>>()
  app.addHook('onRoute', ({ url, method }) => {
    const methods = methodsOf.get(url) ?? new Set()
    for (const one of [method].flat()) methods.add(one)
    methodsOf.set(url, methods)
  })
  return methodsOf
}

const notAllowed = (allow: string): Problem =>
  new Problem('INVALID_ARGUMENT', `This address answers ${allow}.`, { status: 405, headers: { allow } })

/**
 * A path that exists answers other methods with 405 and OPTIONS with what it allows (RFC 9110 §15.5.6, §9.3.7).
 * Gives what each allows back.
 */
const refuseOtherMethods = (
  scope: FastifyInstance,
  seen: ReadonlyMap<string, Set<string>>,
): ReadonlyMap<string, string> => {
  const allowed = new Map<string, string>()
  for (const [url, methods] of [...seen].map(([path, known]) => [path, new Set(known)] as const)) {
    const allow = standardMethods.filter((method) => methods.has(method) || method === 'OPTIONS').join(', ')
    allowed.set(url, allow)
    if (!methods.has('OPTIONS'))
      scope.route({
        method: 'OPTIONS',
        url,
        handler: (_request, reply) => reply.code(204).header('allow', allow).send(),
      })
    const others = standardMethods.filter(
      (method) => !methods.has(method) && method !== 'OPTIONS' && !(method === 'HEAD' && methods.has('GET')),
    )
    if (others.length === 0) continue
    scope.route({
      method: others,
      url,
      // Before the body, whose media type is beside the point.
      onRequest: (_request, _reply, done) => {
        done(notAllowed(allow))
      },
      handler: (_request, reply) => reply.callNotFound(),
    })
  }
  return allowed
}
