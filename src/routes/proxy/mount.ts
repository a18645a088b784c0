import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import { Problem } from '../../kernel/problem.ts'
import { isUpgrade } from '../../kernel/upgrade.ts'
import { leaveBodies } from '../discard.ts'
import type { ProxyRoute } from './compile.ts'
import { createLanes, type PassOn, type ProxyTools } from './lanes.ts'
import { createChoice } from './split.ts'
import { mountWebSocket } from './websocket.ts'

/**
 * Puts the routes on the app: all plain ones in one encapsulated scope, which leaves bodies unread, and one scope for
 * each that takes WebSockets. Mount these before anything else that listens for upgrades, such as mercurius with
 * subscriptions: of two listeners the first decides. Policies' `onSend` hooks do not run, for bodies are not Fastify's.
 */
export const mountProxy = (app: FastifyInstance, routes: readonly ProxyRoute[], tools: ProxyTools): void => {
  const lanes = createLanes(tools)
  app.register(async (scope) => {
    leaveBodies(scope)
    for (const route of routes) {
      if (route.websocket) continue
      const passOn = versioned(shared(lanes, route, tools), route, tools)
      const handler = (request: FastifyRequest, reply: FastifyReply): void => {
        if (isUpgrade(request)) throw new Problem('INVALID_ARGUMENT', 'This path takes no upgrades.')
        passOn(request, reply)
      }
      const url = tools.addressFor(route)
      scope.route({ method: [...route.methods] as HTTPMethods[], url, ...tools.hooksFor(route), handler })
    }
  })
  for (const route of routes) {
    if (!route.websocket) continue
    app.register(async (scope) => {
      leaveBodies(scope)
      mountWebSocket(scope, route, { ...tools, passOn: versioned(lanes(route), route, tools) })
    })
  }
}

/** A route between several services passes each request on to one of them. */
const shared = (lanes: (route: ProxyRoute) => PassOn, route: ProxyRoute, tools: ProxyTools): PassOn => {
  const { split, path } = route
  if (split === undefined) return lanes(route)
  const { clock, observeSplit } = tools
  const choose = createChoice(split, () => clock.date())
  const ways = split.parts.map(({ name, serves }) => ({ name, passOn: lanes(serves) }))
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
