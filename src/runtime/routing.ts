import type { IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'
import { routes } from '../catalog.ts'
import type { Plan, RouteMatch } from '../compile/plan.ts'
import type { Json } from '../kernel/json.ts'
import { loosestPath } from '../kernel/path.ts'
import { Problem } from '../kernel/problem.ts'
import { clientAddress, hostOf, type Trusts, vouchForwarded } from './client.ts'

/** A request whose target was not canonical: as it came, and whether there is no canonical form of it. */
export type Spelt = IncomingMessage & { spelt?: { readonly target: string; readonly isAmbiguous: boolean } }

/** A request that is on its way to a route: what it asked for stands here while its URL is the route's own address. */
type Routed = Spelt & {
  target?: string
  site?: string | undefined
  refused?: Problem
}

type Router = ReturnType<typeof routes.match.createRouter>
type Found = {
  readonly site: ReturnType<Router['find']>
  readonly path: string
  readonly query: string
  readonly body: Json | undefined
}

/** A promise where a body has to be read first; `null` stands for none. */
export type Direct = (raw: IncomingMessage, body?: Json) => Promise<void> | undefined

export type Routing = {
  /** The address by which the app knows a route. */
  readonly addressOf: (match: RouteMatch) => string
  /** What every such address begins with; a parameter may stand for the rest. */
  readonly addresses: string
  /** Finds a request's route and readdresses the request to it. What belongs to a BFF stays as it is. */
  readonly direct: Direct
  /**
   * Is told what Fastify's router has: what each of its URLs allows (RFC 9110 §10.2.1). Paths that are no route's
   * address are left alone: those of BFFs, which win.
   */
  readonly leave: (allowed: ReadonlyMap<string, string>) => void
  /** What the address that a request was given allows; undefined where there is nothing. For methods that Fastify's router does not know. */
  readonly allowAt: (address: string) => string | undefined
}

/** Which of the plan's routes a request is for is found here, before Fastify's router: it knows paths and methods alone. */
export const createRouting = (
  { routes: planned, bffs, limits, trustedHeaders }: Plan,
  trusts: Trusts | undefined,
): Routing => {
  const router = routes.match.createRouter(
    planned.map(({ match }) => match),
    { addressOf: (raw) => clientAddress(raw, trusts), hostOf: (raw) => hostOf(raw, trusts) },
  )
  const nowhere = `${router.addresses}/`
  const prefixes = bffs.map(({ served }) => served.prefix)
  const left = routes.match.createPaths<string>()
  const allowAtSites = new Map<string, string>()
  const isLeft = (path: string): boolean =>
    prefixes.some((prefix) => path.startsWith(prefix)) && left.find(path) !== undefined
  /** The canonical URL, or for a raw route what came: where no reading of it leads to another route. */
  const asItMayGoOn = (raw: Routed, { site, path, query, body }: Found): string => {
    const target = raw.spelt?.target ?? path + query
    const prefix = site?.rawPrefix
    if (prefix === undefined) {
      if (raw.spelt?.isAmbiguous === true) throw unsafe()
      return path + query
    }
    const loosest = loosestPath(target)
    const rest = target.slice(prefix.length)
    if (loosest === undefined || !target.startsWith(prefix) || !/^([/?]|$)/.test(rest)) throw unsafe()
    if (loosest !== path) {
      if (isLeft(loosest)) throw unsafe()
      raw.url = loosest + query
      const other = router.find(raw, body)
      raw.url = path + query
      if (other !== site) throw unsafe()
    }
    return target
  }
  const refuse = (raw: Routed, thrown: unknown): void => {
    if (!(thrown instanceof Problem)) throw thrown
    raw.refused = thrown
    raw.target = raw.url ?? '/'
    raw.url = nowhere
  }
  const find = (raw: Routed, body?: Json): Promise<void> | undefined => {
    const { url = '/' } = raw
    const mark = url.indexOf('?')
    const path = mark < 0 ? url : url.slice(0, mark)
    const query = mark < 0 ? '' : url.slice(mark)
    try {
      if (isLeft(path)) {
        if (raw.spelt?.isAmbiguous === true) throw unsafe()
        return undefined
      }
      const site = router.find(raw, body)
      raw.target =
        raw.spelt === undefined && site?.rawPrefix === undefined ? url : asItMayGoOn(raw, { site, path, query, body })
      raw.site = site?.name
      // Fastify decodes paths: left to it, `/%7C0` would be the address of a route.
      raw.url = (site?.address ?? nowhere) + query
    } catch (thrown) {
      if (thrown instanceof routes.match.BodyWanted) return withBody(raw)
      refuse(raw, thrown)
    }
    return undefined
  }
  const withBody = async (raw: Routed): Promise<void> => {
    try {
      await find(raw, await routes.match.readJsonBody(raw, limits.json))
    } catch (thrown) {
      refuse(raw, thrown)
    }
  }
  return {
    addressOf: (match) => router.addressOf(match),
    addresses: router.addresses,
    leave(allowed) {
      for (const [url, allow] of allowed)
        if (url.startsWith(router.addresses)) allowAtSites.set(url, allow)
        else left.add(url, allow)
    },
    allowAt(address) {
      const path = address.split('?', 1)[0] as string
      if (path === nowhere) return undefined
      // A site that the app has no address of its own for takes what all do.
      return path.startsWith(router.addresses)
        ? (allowAtSites.get(path) ?? standardMethods.join(', '))
        : left.find(path)
    },
    direct(raw, body) {
      vouchForwarded(raw, trusts, trustedHeaders)
      return find(raw, body)
    },
  }
}

/** The methods that routes are made of. */
export const standardMethods: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

const unsafe = (): Problem =>
  new Problem('INVALID_ARGUMENT', 'The path of this request is not well-formed or not safe to pass on.')

/** For the first hook of an app: from here on a request has its own URL again. What routing found wrong with it is returned. */
export const takeBackUrl = (request: FastifyRequest): Problem | undefined => {
  const routed = request.raw as Routed
  if (routed.target !== undefined) {
    routed.url = routed.target
    request.pattern = routed.site
  }
  return routed.refused
}
