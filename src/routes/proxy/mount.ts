import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import { originsOf, refuseForeignSocket } from '../../kernel/origins.ts'
import { Problem } from '../../kernel/problem.ts'
import { isUpgrade } from '../../kernel/upgrade.ts'
import { leaveBodies } from '../discard.ts'
import type { ProxyRoute } from './compile.ts'
import { createLanes, type PassOn, type ProxyTools } from './lanes.ts'
import { createChoice } from './split.ts'
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
    for (const route of routes) {
      const passOn = versioned(shared(passes, route, tools), route, tools)
      const hooks = tools.hooksFor(route)
      const origins = originsOf(hooks)
      const handler = (request: FastifyRequest, reply: FastifyReply): void => {
        if (isUpgrade(request)) {
          if (route.websocket === undefined) throw new Problem('INVALID_ARGUMENT', 'This path takes no upgrades.')
          refuseForeignSocket(request, origins)
        }
        passOn(request, reply)
      }
      scope.route({ method: [...route.methods] as HTTPMethods[], url: tools.addressFor(route), ...hooks, handler })
    }
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
    return (request, reply) => (isUpgrade(request) ? tunnel(request, reply) : lane(request, reply))
  }
}

/** A route between several services passes each request on to one of them. */
const shared = (passes: (route: ProxyRoute) => PassOn, route: ProxyRoute, tools: ProxyTools): PassOn => {
  const { split, path } = route
  if (split === undefined) return passes(route)
  const { clock, observeSplit } = tools
  const choose = createChoice(split, () => clock.date())
  const ways = split.parts.map(({ name, serves }) => ({ name, passOn: passes(serves) }))
  return (request, reply) => {
    const way = ways[choose({ caller: request.caller, headers: request.headers })]
    if (way === undefined) throw new Error(`No part of ${path} was chosen.`)
    observeSplit?.(path, way.name)
    way.passOn(request, reply)
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
