import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { BffPlan, BffRuntime } from '../bff/bff.ts'
import { routes } from '../catalog.ts'
import type { Plan } from '../compile/plan.ts'
import { connectBindings } from '../graph/connect.ts'
import { connectClients } from '../graph/execute/clients.ts'
import type { Resolver } from '../graph/execute/resolver.ts'
import { createStaleValues } from '../graph/execute/stale.ts'
import type { AccessRule } from '../graph/graph.ts'
import { createKnownAnswers } from '../graph/sharing/known-answers.ts'
import { createSharing } from '../graph/sharing/sharing.ts'
import { Denied, neededBy } from '../kernel/access.ts'
import type { Caller } from '../kernel/caller.ts'
import type { Clock } from '../kernel/clock.ts'
import { Problem } from '../kernel/problem.ts'
import { Aborter } from '../kernel/signal.ts'
import type { PolicyTools } from '../policies/policy.ts'
import { leaseStores } from '../policies/stores.ts'
import { connectServices } from '../services/connect.ts'
import type { Resources } from '../services/resources.ts'
import { type ServiceState, stateOf } from '../services/state.ts'
import { type AuthDenial, createAudit, expiryOf } from '../telemetry/audit.ts'
import type { AuditLog } from '../telemetry/audit-log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { buildApp } from './app.ts'
import { chargersOf } from './charging.ts'
import { loadResolvers, type ModuleTexts } from './resolvers.ts'
import { serve } from './serving.ts'
import { noShedding, watchLag } from './shedding.ts'

export type ServiceHealth = {
  readonly name: string
  /** Whether the gateway is not ready without it. */
  readonly required: boolean
  /** Undefined until its health checks have said something. */
  readonly serving: boolean | undefined
}

/** One immutable, fully built gateway made from one state of a workspace. */
export type Generation = {
  readonly id: number
  readonly plan: Plan
  /** Whether a route takes paths as they came. */
  readonly takesRawPaths: boolean
  handle(request: IncomingMessage, response: ServerResponse): void
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void
  /** Of the services whose health is watched. */
  health(): readonly ServiceHealth[]
  /** What is known of each service now. */
  services(): readonly ServiceState[]
  /** Requests and sockets it still serves. */
  active(): number
  /**
   * Ends it: waits for what it has begun, streams and sockets too, at most so long, then tells these to go, closes what
   * is left and gives its resources back.
   */
  drain(withinMs: number): Promise<void>
  /** Tells streams and sockets to go now: a drain then waits for other requests alone. */
  dismiss(): void
}

export type GenerationTools = {
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
  readonly resources: Resources
  readonly redis: Redis | undefined
  readonly development: boolean
  /** Undefined where none is kept. */
  readonly auditLog: AuditLog | undefined
  /** Processes that share the port. */
  readonly workers: number
  /** Resolver modules that are not to be read again. */
  readonly modules?: ModuleTexts | undefined
}

/** Builds a generation off the path of requests. Rejects when a resolver module fails to load. */
export const buildGeneration = async (id: number, plan: Plan, tools: GenerationTools): Promise<Generation> => {
  const { clock, log, metrics, resources, redis, development, workers } = tools
  const resolvers = new Map(
    await Promise.all(
      plan.bffs.map(async ({ served }) => [served.name, await loadResolvers(served, tools.modules)] as const),
    ),
  )
  const lease = leaseStores(resources)
  const audit = createAudit(log, metrics, tools.auditLog)
  const connectors = connectServices(plan.services.values(), resources, connectingTools(tools))
  const sharing = createSharing({
    services: [...plan.services.values()].filter(({ shareCalls }) => shareCalls === true).map(({ name }) => name),
    clock,
    observeCall: metrics.observeSharedCall,
  })
  const policyTools: PolicyTools = {
    clock,
    log,
    redis,
    providers: plan.providers,
    stores: lease.stores,
    limitsShared: metrics.observeLimitsShared,
    workers,
    replicas: plan.replicas,
    audit,
  }
  const answers = createKnownAnswers()
  const bffRuntimes = new Map(
    plan.bffs.map(({ served, policies }): [string, BffRuntime] => {
      const { graph, limits: bounds, name } = served
      const connected = connectBindings(graph.bindings, connectors, { clock, sharing })
      const entities = graph.entities
      const own = resolvers.get(name) ?? new Map<string, Resolver>()
      const called = [...graph.fields.values()].flatMap(({ source }) =>
        source.kind === 'resolver' ? source.calls : [],
      )
      const changed = (): void => sharing.changed()
      const clients = connectClients(called, { services: plan.services, connectors, changed })
      return [
        name,
        {
          tools: {
            ...connected,
            resolvers: own,
            entities,
            clients,
            upstreamCalls: bounds.upstreamCalls,
            clock,
            reused: metrics.observeReused,
            stale: lease.stores.keep(`stale values of ${name}`, () => createStaleValues(clock)),
            answers,
            denied: (caller, problem, rule) =>
              audit.denied({
                ...denialOf(`bffs.${name}`, caller, problem),
                coordinate: coordinateOf(served, rule),
                needed: neededBy(rule),
              }),
          },
          log,
          masks: plan.masks,
          observePartial: metrics.observePartial,
          observeOpenSocket: metrics.observeOpenSocket,
          observeMissing: metrics.observeMissing,
          observeCost: metrics.observeCost,
          explainsToAll: development,
          observeExpired: (caller) => audit.failed(expiryOf(`bffs.${name}`, caller)),
          sharedOperations: sharing.operations,
          ...chargersOf(served, policies, policyTools),
          openStreams: lease.stores.keep(`streams of ${name}`, () => ({ count: 0 })),
          observeShared: metrics.observeSharedOperation,
        },
      ]
    }),
  )
  const release = async (): Promise<void> => {
    await Promise.all([...connectors.values()].map((connector) => connector.release()))
    await lease.release()
  }
  const draining = new Aborter()
  const building = buildApp(plan, {
    clock,
    log,
    metrics,
    connectors,
    bffRuntimes,
    development,
    draining,
    stale: lease.stores.keep('stale answers', () => routes.proxy.createStaleAnswers(clock)),
    policyTools,
    openCounts: lease.stores.keep('open WebSockets', () => new Map()),
    stoppedRamps: lease.stores.keep('stopped ramps', () => new Set<string>()),
  })
  const app = await building.catch(async (error: unknown) => {
    await release()
    throw error
  })
  const { eventLoopLag } = plan.limits
  const shedding = eventLoopLag === undefined ? noShedding : watchLag(eventLoopLag, clock)
  const serving = serve(app, {
    shedding,
    shed: metrics.observeShed,
    sayGoodbye: () => draining.abort(goingAway),
  })
  return {
    handle: serving.handle,
    upgrade: serving.upgrade,
    health: () =>
      [...plan.services.values()].flatMap(({ name, health }) =>
        health === undefined ? [] : [{ name, required: health.required, serving: connectors.get(name)?.serves() }],
      ),
    services: () => [...connectors].map(([name, connector]) => stateOf(name, connector, clock.now())),
    active: serving.active,
    id,
    plan,
    takesRawPaths: plan.routes.some(({ match }) => match.raw),
    dismiss: serving.dismiss,
    async drain(withinMs) {
      await serving.end(withinMs)
      await release()
      shedding.close()
    },
  }
}

/**
 * What services are connected with. Made apart from a generation: a breaker that outlives the one it was made by
 * holds these functions, and with them all that is in their scope.
 */
const connectingTools = ({ clock, log, metrics }: GenerationTools) => ({
  clock,
  observe: metrics.observeCall,
  tell(service: string, event: string) {
    metrics.observeServiceEvent(service, event)
    if (event.startsWith('breaker')) log.warn({ upstream: service }, `The ${event.replace(' ', ' is ')}.`)
  },
  share: metrics.observeShare,
  warn: (message: string): void => log.warn(message),
})

const denialOf = (scope: string, { identity, address, requestId }: Caller, { code, cause }: Problem): AuthDenial => ({
  scope,
  provider: identity?.provider ?? '',
  reason: cause instanceof Denied ? cause.reason : code === 'UNAUTHENTICATED' ? 'missing' : 'rule',
  address,
  requestId,
  subject: identity?.subject,
})

/** Where a rule was written. A look through the graph: nobody is denied often enough for a table. */
const coordinateOf = ({ graph, endpoints }: BffPlan, rule: AccessRule): string | undefined => {
  const { fields, typeRules, rootRule } = graph
  if (rule === rootRule) return 'schema'
  for (const { access, name } of endpoints) if (access === rule) return name
  for (const [type, one] of typeRules) if (one === rule) return type
  for (const [coordinate, field] of fields) if (field.rule === rule) return coordinate
  return undefined
}

/** One for all: an error remembers the functions on its stack, here those of the generation that comes next. */
const goingAway = new Problem('UNAVAILABLE', 'The gateway is going away. Ask again.')
