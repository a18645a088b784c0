import type { IncomingMessage } from 'node:http'
import type { Json } from '../../kernel/json.ts'
import { anyMethod, createMatcher, type Matcher } from '../matcher.ts'
import { parseRoutePath } from '../path.ts'
import { Asked, type Test, testOf } from './asked.ts'
import type { RouteMatch } from './match.ts'

/**
 * Where routes stand: those with the same hosts, path and conditions share one, and differ by methods alone. The app
 * knows it by an address that no client can ask for, for no canonical path has a `|`.
 */
export type Site = {
  readonly name: string
  readonly address: string
  /** As written: `/users/*`. */
  readonly path: string
  readonly methods: ReadonlySet<string> | undefined
  readonly tests: readonly Test[]
  /** What stands before a path that is passed on as it came; undefined where paths are canonical. */
  readonly rawPrefix: string | undefined
}

export type Router = {
  /** What all addresses of sites begin with; what follows holds no slash. */
  readonly addresses: string
  /** The address by which the app knows a route. */
  addressOf(match: RouteMatch): string
  /**
   * The site that answers: the most exact host, then the most exact path, then the most conditions, then the order
   * in which they are written. A site that fits but for the method is taken where no other at its path fits.
   * Throws BodyWanted where that depends on a body that is not given.
   */
  find(raw: IncomingMessage, body?: Json): Site | undefined
}

export type RouterTools = {
  /** The client's address, as far as proxies are trusted. */
  readonly addressOf: (raw: IncomingMessage) => string
  /** The host a client asked for, without its port, in lower case. */
  readonly hostOf: (raw: IncomingMessage) => string
}

/** The sites of one path, those with most conditions first. */
type Sites = Matcher<Site[]>

/** `routes` in the order in which they are written. */
export const createRouter = (routes: readonly RouteMatch[], { addressOf, hostOf }: RouterTools): Router => {
  const sites = new Map<string, Site>()
  const hosts = new Map<string, Sites>()
  for (const match of routes) {
    const known = sites.get(match.site)
    const methods =
      known === undefined || known.methods === undefined || match.methods === undefined
        ? match.methods
        : new Set([...known.methods, ...match.methods])
    const site = {
      name: match.site,
      address: known?.address ?? `${addresses}${sites.size}`,
      path: match.path.text,
      methods,
      tests: match.conditions.map(testOf),
      rawPrefix: match.raw ? match.path.prefix : undefined,
    }
    sites.set(match.site, site)
    for (const host of match.hosts.length === 0 ? [anyHost] : match.hosts) {
      const paths = hosts.get(host) ?? createMatcher()
      hosts.set(host, paths)
      putSite(paths, { match, site, known })
    }
  }
  const open = hosts.get(anyHost)
  const byHost = hosts.size > (open === undefined ? 0 : 1)
  return {
    addresses,
    addressOf: ({ site }) => sites.get(site)?.address ?? '',
    find(raw, body) {
      const { url = '/' } = raw
      const mark = url.indexOf('?')
      const path = mark < 0 ? url : url.slice(0, mark)
      const search = new Search(raw, addressOf, body)
      if (byHost)
        for (const host of hostsFor(hostOf(raw))) {
          const found = search.in(hosts.get(host), path)
          if (found !== undefined) return found
        }
      return search.in(open, path)
    },
  }
}

const addresses = '/|'

/** No host is named so. */
const anyHost = '*'

const putSite = (
  paths: Sites,
  { match, site, known }: { match: RouteMatch; site: Site; known: Site | undefined },
): void => {
  const own = [site]
  const at = paths.add(match.path, anyMethod, own)
  if (at === undefined) return
  const before = at.findIndex((other) => other === known)
  if (before >= 0) at[before] = site
  else {
    const behind = at.findIndex((other) => other.tests.length < site.tests.length)
    at.splice(behind < 0 ? at.length : behind, 0, site)
  }
}

/** `a.b.example` is `a.b.example`, `*.b.example`, `*.example`. */
export const hostsFor = function* (host: string): Generator<string> {
  yield host
  for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) yield `*${host.slice(dot)}`
}

/** One request's way through the sites. */
class Search {
  readonly #raw: IncomingMessage
  readonly #addressOf: (raw: IncomingMessage) => string
  readonly #body: Json | undefined
  #asked: Asked | undefined
  #found: Site | undefined

  constructor(raw: IncomingMessage, addressOf: (raw: IncomingMessage) => string, body: Json | undefined) {
    this.#raw = raw
    this.#body = body
    this.#addressOf = addressOf
  }

  in(paths: Sites | undefined, path: string): Site | undefined {
    paths?.search(path, this.#accept)
    return this.#found
  }

  /** Whether one of the sites at a path answers; one that fits but for the method will do. */
  readonly #accept = (sites: readonly Site[]): boolean => {
    const method = this.#raw.method ?? ''
    for (const site of sites) {
      if (!this.#holds(site)) continue
      if (site.methods === undefined || site.methods.has(method)) {
        this.#found = site
        return true
      }
      this.#found ??= site
    }
    return this.#found !== undefined
  }

  #holds({ tests }: Site): boolean {
    if (tests.length === 0) return true
    this.#asked ??= new Asked(this.#raw, this.#addressOf, this.#body)
    const asked = this.#asked
    return tests.every((test) => test(asked))
  }
}

/** Values by paths as Fastify writes them: `/mobile/orders/:id`. */
export type Paths<Value> = { add(url: string, value: Value): void; find(path: string): Value | undefined }

export const createPaths = <Value>(): Paths<Value> => {
  const paths = createMatcher<Value>()
  // Most paths of BFFs hold no parameters, and every request of a BFF asks.
  const plain = new Map<string, Value>()
  return {
    add(url, value) {
      if (!/[:*{]/.test(url)) plain.set(url, value)
      paths.add(parseRoutePath(url.replaceAll(/\/:(\w+)/g, '/{$1}')), anyMethod, value)
    },
    find: (path) => plain.get(path) ?? paths.find(path, anyMethod)?.target,
  }
}
