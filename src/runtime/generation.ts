import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Redis } from 'ioredis'
import type { Logger } from 'pino'
import type { BffRuntime } from '../bff/bff.ts'
import { routes } from '../catalog.ts'
import type { Plan } from '../compile/plan.ts'
import { connectBindings } from '../graph/connect.ts'
import { connectClients } from '../graph/execute/clients.ts'
import { createStaleValues } from '../graph/execute/fallback.ts'
import type { Resolver } from '../graph/execute/resolver.ts'
import { createSharing } from '../graph/sharing/sharing.ts'
import type { Clock } from '../kernel/clock.ts'
import { whenClosed } from '../kernel/ending.ts'
import { Problem } from '../kernel/problem.ts'
import { Aborter } from '../kernel/signal.ts'
import { leaseStores } from '../policies/stores.ts'
import { connectServices } from '../services/connect.ts'
import type { Resources } from '../services/resources.ts'
import { type ServiceState, stateOf } from '../services/state.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import { type App, buildApp } from './app.ts'
import { writeProblem, writeProblemTo } from './problem-reply.ts'
import { loadResolvers } from './resolvers.ts'
import { noShedding, overloaded, type Shedding, watchLag } from './shedding.ts'

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
  /** Ends it: waits for what it has begun, at most so long, then closes what is left and gives its resources back. */
  drain(withinMs: number): Promise<void>
}

export type GenerationTools = {
  readonly clock: Clock
  readonly log: Logger
  readonly metrics: Metrics
  readonly resources: Resources
  readonly redis: Redis | undefined
  readonly development: boolean
}

/** Builds a generation off the path of requests. Rejects when a resolver module fails to load. */
export const buildGeneration = async (id: number, plan: Plan, tools: GenerationTools): Promise<Generation> => {
  const { clock, log, metrics, resources, redis, development } = tools
  const resolvers = new Map(
    await Promise.all(plan.bffs.map(async ({ served }) => [served.name, await loadResolvers(served)] as const)),
  )
  const lease = leaseStores(resources)
  const connectors = connectServices(plan.services.values(), resources, connectingTools(tools))
  const sharing = createSharing({
    services: [...plan.services.values()].filter(({ shareCalls }) => shareCalls === true).map(({ name }) => name),
    clock,
    observeCall: metrics.observeSharedCall,
  })
  const bffRuntimes = new Map(
    plan.bffs.map(({ served }): [string, BffRuntime] => {
      const { graph, limits, name } = served
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
            upstreamCalls: limits.upstreamCalls,
            clock,
            stale: createStaleValues(clock),
          },
          log,
          observePartial: metrics.observePartial,
          observeMissing: metrics.observeMissing,
          observeCost: metrics.observeCost,
          explainsToAll: development,
          sharedOperations: sharing.operations,
          observeShared: metrics.observeSharedOperation,
        },
      ]
    }),
  )
  const stale = resources.acquire(
    'stale answers',
    () => routes.proxy.createStaleAnswers(clock),
    () => undefined,
  )
  const draining = new Aborter()
  const app = await buildApp(plan, {
    clock,
    log,
    metrics,
    connectors,
    bffRuntimes,
    development,
    draining,
    stale: stale.value,
    policyTools: {
      clock,
      log,
      redis,
      providers: plan.providers,
      stores: lease.stores,
      rateLimited: metrics.observeRateLimited,
    },
  })
  const { eventLoopLag } = plan.limits
  const shedding = eventLoopLag === undefined ? noShedding : watchLag(eventLoopLag, clock)
  const serving = serve(app, { shedding, shed: metrics.observeShed })
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
    async drain(withinMs) {
      draining.abort(goingAway)
      await serving.end(withinMs)
      await Promise.all([...connectors.values()].map((connector) => connector.release()))
      await lease.release()
      await stale.release()
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
  warn: (message: string): void => log.warn(message),
})

/** One for all: an error remembers the functions on its stack, here those of the generation that comes next. */
const goingAway = new Problem('UNAVAILABLE', 'The gateway is going away. Ask again.')

/** How long a socket has to say goodbye once its generation ends. */
const goodbyeMs = 1_000

/** Hands requests and upgrades to an app, and knows those under way. */
const serve = ({ fastify, direct }: App, { shedding, shed }: { shedding: Shedding; shed: () => void }) => {
  const responses = underWay()
  const sockets = underWay()
  return {
    handle: (request: IncomingMessage, response: ServerResponse): void => {
      if (shedding.lagging) {
        shed()
        return writeProblem(response, overloaded())
      }
      responses.add(response)
      const waiting = direct(request)
      if (waiting === undefined) fastify.routing(request, response)
      else void waiting.then(() => fastify.routing(request, response))
    },
    upgrade: (request: IncomingMessage, socket: Socket, head: Buffer): void => {
      if (shedding.lagging) {
        shed()
        return writeProblemTo(socket, overloaded())
      }
      sockets.add(socket)
      void direct(request, null)
      if (fastify.server.emit('upgrade', request, socket, head)) return
      writeProblemTo(socket, new Problem('INVALID_ARGUMENT', 'This address takes no upgrades.'))
    },
    active: () => responses.size() + sockets.size(),
    /** Requests end by themselves, or are cut; sockets would not, so they are told to go once requests are done. */
    async end(withinMs: number): Promise<void> {
      await responses.gone(withinMs)
      await fastify.close()
      await sockets.gone(goodbyeMs)
    },
  }
}

type Ending = ServerResponse | Socket
type Link = { readonly one: Ending; previous: Link | undefined; next: Link | undefined }

/**
 * Things that end with a `close` event. A linked list: the tables that a Set leaves behind as it turns over
 * keep finished requests alive until a full collection.
 */
const underWay = () => {
  let first: Link | undefined
  let size = 0
  let whenGone: (() => void) | undefined
  const remove = (link: Link): void => {
    const { previous, next } = link
    // A link that has grown old would hold its neighbours until a full collection, and they theirs.
    link.previous = undefined
    link.next = undefined
    if (previous === undefined) first = next
    else previous.next = next
    if (next !== undefined) next.previous = previous
    size -= 1
    if (size === 0) whenGone?.()
  }
  return {
    size: () => size,
    add(one: Ending): void {
      const link: Link = { one, previous: undefined, next: first }
      if (first !== undefined) first.previous = link
      first = link
      size += 1
      whenClosed(one, () => remove(link))
    },
    /** Resolves when none is left; those that are left after the given time are cut off. */
    gone(withinMs: number): Promise<void> {
      if (size === 0) return Promise.resolve()
      return new Promise((resolve) => {
        const timer = setTimeout(() => {
          for (let link = first; link !== undefined; link = link.next) link.one.destroy()
          resolve()
        }, withinMs)
        whenGone = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    },
  }
}
