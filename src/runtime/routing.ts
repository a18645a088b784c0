import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { routes } from '../catalog.ts'
import type { Plan, RouteMatch } from '../compile/plan.ts'
import { Problem } from '../kernel/problem.ts'
import { clientAddress, hostOf, type Trusts } from './client.ts'

/** A request that is on its way to a route: what it asked for stands here while its URL is the route's own address. */
type Routed = IncomingMessage & {
  target?: string
  site?: string | undefined
  refused?: Problem
}

export type Routing = {
  /** The address by which the app knows a route. */
  readonly addressOf: (match: RouteMatch) => string
  /** Finds a request's route and readdresses the request to it. What belongs to a BFF stays as it is. */
  readonly direct: (raw: IncomingMessage) => void
  /** Leaves paths of Fastify's router alone: those of BFFs, which win. */
  readonly leave: (urls: Iterable<string>) => void
}

/** Which of the plan's routes a request is for is found here, before Fastify's router: it knows paths and methods alone. */
export const createRouting = ({ routes: planned, bffs }: Plan, trusts: Trusts | undefined): Routing => {
  const router = routes.match.createRouter(
    planned.map(({ match }) => match),
    { addressOf: (raw) => clientAddress(raw, trusts), hostOf: (raw) => hostOf(raw, trusts) },
  )
  const nowhere = `${router.addresses}-`
  const prefixes = bffs.map(({ served }) => served.prefix)
  const left = routes.match.createPaths()
  const isLeft = (path: string): boolean => prefixes.some((prefix) => path.startsWith(prefix)) && left.has(path)
  return {
    addressOf: (match) => router.addressOf(match),
    leave(urls) {
      for (const url of urls) if (!url.startsWith(router.addresses)) left.add(url)
    },
    direct(raw) {
      const { url = '/' } = raw
      const mark = url.indexOf('?')
      if (isLeft(mark < 0 ? url : url.slice(0, mark))) return
      const routed = raw as Routed
      try {
        const site = router.find(raw)
        // Fastify decodes paths: left to it, `/%7C0` would be the address of a route.
        const address = site?.address ?? nowhere
        routed.target = url
        routed.site = site?.name
        raw.url = mark < 0 ? address : address + url.slice(mark)
      } catch (thrown) {
        if (!(thrown instanceof Problem)) throw thrown
        routed.refused = thrown
      }
    },
  }
}

/** The first hook of an app: from here on a request has its own URL again. */
export const takeBackUrls = (app: FastifyInstance): void => {
  app.addHook('onRequest', (request, _reply, done) => {
    const routed = request.raw as Routed
    if (routed.target !== undefined) {
      routed.url = routed.target
      request.pattern = routed.site
    }
    done(routed.refused)
  })
}
