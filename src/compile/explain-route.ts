import type { IncomingMessage } from 'node:http'
import { routes as routeKinds } from '../catalog.ts'
import type { Json } from '../kernel/json.ts'
import { canonicalPath } from '../kernel/path.ts'
import { inShortOf } from './listing.ts'
import { policiesOfEndpoint } from './operation-auth.ts'
import type { Plan, PlannedRoute, RouteMatch } from './plan.ts'
import { compareMatches } from './precedence.ts'

/** A request as it is told on the command line. */
export type AskedRequest = {
  readonly method: string
  readonly target: string
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  /** Where it comes from, such as `10.0.0.1`. */
  readonly address: string
  readonly body?: Json | undefined
}

/** What becomes of a request: who answers, and of everybody else why not. */
export type RouteExplanation = {
  /** Undefined where the path is refused. */
  readonly path: string | undefined
  /** What answers where a BFF's own address does. */
  readonly bff: AtBff | undefined
  readonly route: PlannedRoute | undefined
  readonly others: readonly { readonly route: PlannedRoute; readonly why: string }[]
}

const { match: matching } = routeKinds

export const explainRoute = (plan: Plan, asked: AskedRequest): RouteExplanation => {
  const { body = null } = asked
  const path = canonicalPath(asked.target)
  if (path === undefined) return { path, bff: undefined, route: undefined, others: [] }
  const mark = asked.target.indexOf('?')
  const raw = {
    method: asked.method,
    url: mark < 0 ? path : path + asked.target.slice(mark),
    headers: asked.headers,
  } as unknown as IncomingMessage
  const tools = {
    addressOf: () => asked.address,
    hostOf: () => (asked.headers['host'] ?? '').replace(/:\d*$/, '').replace(/\.$/, '').toLowerCase(),
  }
  const bff = bffAt(plan, path, asked.method)
  const site = matching
    .createRouter(
      plan.routes.map(({ match }) => match),
      tools,
    )
    .find(raw, body)
  const atSite = bff === undefined ? plan.routes.filter(({ match }) => match.site === site?.name) : []
  const route = atSite.find(({ match }) => matching.misfit(match, { raw, body }, tools) === undefined) ?? atSite[0]
  return {
    path,
    bff,
    route,
    others: plan.routes
      .filter((other) => other !== route)
      .map((other) => ({
        route: other,
        why:
          matching.misfit(other.match, { raw, body }, tools) ??
          (route === undefined ? 'BFFs go first' : behind(other, route)),
      })),
  }
}

/** A BFF, and the policies before the address of it that was asked for, in short. */
export type AtBff = { readonly name: string; readonly policies: readonly string[] }

const bffAt = ({ bffs }: Plan, path: string, method: string): AtBff | undefined => {
  const isAt = (pattern: string): boolean => {
    const own = matching.createPaths<true>()
    own.add(pattern, true)
    return own.find(path) === true
  }
  for (const bff of bffs) {
    const { name, prefix, endpoints, graphql } = bff.served
    const here = endpoints.filter((endpoint) => isAt(prefix + endpoint.path))
    const endpoint = here.find((one) => one.method === method) ?? here[0]
    if (endpoint !== undefined) return { name, policies: inShortOf(policiesOfEndpoint(bff, endpoint)) }
    if (graphql && path === `${prefix}/graphql`) return { name, policies: inShortOf(bff.policies) }
  }
  return undefined
}

const behind = (other: PlannedRoute, { match: first }: PlannedRoute): string => {
  const { match } = other
  if (compareMatches(first, { ...match, path: first.path, conditions: first.conditions }) !== 0)
    return 'it fits; the other’s host is more exact'
  if (compareMatches(first, { ...match, conditions: first.conditions }) !== 0)
    return 'it fits; the other’s path is more exact'
  return countOf(first) > countOf(match)
    ? 'it fits; the other has more conditions'
    : 'it fits; the other is written first'
}

const countOf = ({ conditions }: RouteMatch): number => conditions.length
