import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import { originsOf, refuseForeignSocket } from '../../kernel/origins.ts'
import { Problem } from '../../kernel/problem.ts'
import { isUpgrade } from '../../kernel/upgrade.ts'
import { createChoice } from '../../services/split/choice.ts'
import { leaveBodies } from '../discard.ts'
import { createLanes, type PassOn, type ProxyTools } from './lanes.ts'
import { type ProxyRoute, proxyMethods } from './route.ts'
import { createTunnels, listenForUpgrades } from './websocket/mount.ts'
import { createOpen } from './websocket/open.ts'

/**
 * Puts the routes on the app, all in one encapsulated scope, which leaves bodies unread. Mount these before anything
 * else that listens for upgrades, such as mercurius with subscriptions: of two listeners the first decides. Policies'
 * `onSend` hooks do not run, for bodies are not Fastify's.
 */
export const mountProxy = (app: FastifyInstance, routes: readonly ProxyRoute[], tools: ProxyTools): void => {
  const passes = createPasses(app, routes, tools)
  app.register(async (scope) => {
    leaveBodies(scope)
    const alike = new Map<string, Handler>()
    for (const route of routes) {
      const passOn = versioned(shared(passes, route, tools), route, tools)
      const hooks = tools.hooksFor(route)
      const origins = originsOf(hooks)
      const handler: Handler = (request, reply) => {
        if (isUpgrade(request)) {
          if (route.websocket === undefined) throw new Problem('INVALID_ARGUMENT', 'This path takes no upgrades.')
          refuseForeignSocket(request, origins)
        }
        passOn(request, reply)
      }
      const url = tools.addressFor(route)
      // What takes every method has its site to itself.
      if (tools.isPlain(route) && route.methods.length === proxyMethods.length)
        alike.set(url.slice(tools.addresses.length), handler)
      else scope.route({ method: [...route.methods] as HTTPMethods[], url, ...hooks, handler })
    }
    if (alike.size > 0) mountAlike(scope, alike, tools)
  })
}

/** What passes on the requests of a route, and its WebSockets where it takes them. */
const createPasses = (
  app: FastifyInstance,
  routes: readonly ProxyRoute[],
  tools: ProxyTools,
): ((route: ProxyRoute) => PassOn) => {
  const lanes = createLanes(tools)
  const addresses = new Set(routes.flatMap((route) => (route.websocket === undefined ? [] : [tools.addressFor(route)])))
  if (addresses.size === 0) return lanes
  const open = createOpen(tools)
  listenForUpgrades(app, (url) => addresses.has(url.split('?', 1)[0] as string))
  app.addHook('preClose', () => open.gone())
  return (route) => {
    const lane = lanes(route)
    if (route.websocket === undefined) return lane
    const tunnel = createTunnels(route, route.websocket, { ...tools, open })
    return (request, reply, onEnd) => (isUpgrade(request) ? tunnel(request, reply, onEnd) : lane(request, reply, onEnd))
  }
}

type Handler = (request: FastifyRequest, reply: FastifyReply) => void

/**
 * Routes that differ for Fastify by their address alone, as one to it: of ten thousand, each with its functions for
 * seven methods, it takes most of the time of a start (`node bench/routes.ts`).
 */
const mountAlike = (scope: FastifyInstance, alike: ReadonlyMap<string, Handler>, { addresses }: ProxyTools): void => {
  scope.route<{ Params: { site: string } }>({
    method: [...proxyMethods],
    url: `${addresses}:site`,
    handler(request, reply) {
      const handler = alike.get(request.params.site)
      if (handler === undefined) reply.callNotFound()
      else handler(request, reply)
    },
  })
}

/** A route between several services passes each request on to one of them. */
const shared = (passes: (route: ProxyRoute) => PassOn, route: ProxyRoute, tools: ProxyTools): PassOn => {
  const { split, path } = route
  if (split === undefined) return passes(route)
  const { clock, observeSplit, log, stoppedRamps: stopped } = tools
  const tell = (words: string): void => log.warn({ route: path }, words)
  const choose = createChoice(split, { clock, of: route.name, stopped, tell })
  const { ended } = choose
  const ways = split.parts.map(({ name, serves }, at) => ({
    name,
    passOn: passes(serves),
    onEnd: ended && ((failed: boolean) => ended(at, failed)),
  }))
  return (request, reply) => {
    const way = ways[choose({ caller: request.caller, headers: request.headers })]
    if (way === undefined) throw new Error(`No part of ${path} was chosen.`)
    observeSplit?.(path, way.name)
    way.passOn(request, reply, way.onEnd)
  }
}

/** A route of several versions says of each when it ends, and how much it is used. */
const versioned = (passOn: PassOn, { version, path }: ProxyRoute, { observeVersion }: ProxyTools): PassOn => {
  if (version === undefined) return passOn
  const { name, headers } = version
  return (request, reply) => {
    observeVersion?.(path, name)
    reply.headers(headers)
    passOn(request, reply)
  }
}
