import type { FastifyRequest } from 'fastify'
import type { Said } from '../../kernel/access.ts'

/** Where a route says that parameters and subdomains are: made when the workspace is compiled. */
export type SaidPlaces = {
  /** The index of the segment of each parameter of the path. */
  readonly segments: ReadonlyMap<string, number>
  /** What stands after `*` in the hosts, with its dot. */
  readonly suffixes: readonly string[]
}

export const noPlaces: SaidPlaces = { segments: new Map(), suffixes: [] }

/** What a rule may look at. */
export type Requested = Pick<FastifyRequest, 'canonicalPath' | 'url' | 'hostname'>

/** What a request says at the places of a rule's `match`, as services read it: undefined where they could read it in two ways. */
export const saidBy =
  ({ canonicalPath, url, hostname }: Requested, places: SaidPlaces): Said =>
  ([on, name = '']) => {
    switch (on) {
      case 'path':
        return segmentOf(canonicalPath, places.segments.get(name))
      case 'query':
        return parameterOf(url, name)
      case 'host':
        return hostOf(hostname)
      case 'subdomain':
        return subdomainOf(hostOf(hostname), places.suffixes)
      default:
        return undefined
    }
  }

/** A segment of the path that was routed, decoded once as services do. */
const segmentOf = (path: string, at: number | undefined): string | undefined => {
  const segment = at === undefined ? undefined : path.slice(1).split('/')[at]
  if (segment === undefined) return undefined
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}

/**
 * The one value of a parameter. Where services may find a second, by `;` as separator, brackets, case, or the dots and
 * spaces that PHP takes for underscores, there is none that all of them read.
 */
const parameterOf = (url: string, name: string): string | undefined => {
  const mark = url.indexOf('?')
  if (mark < 0) return undefined
  const pairs = [...new URLSearchParams(url.slice(mark + 1).replaceAll(';', '&'))]
  const alike = pairs.filter(([given]) => loosest(given) === loosest(name))
  const [only] = alike
  return alike.length === 1 && only?.[0] === name ? only[1] : undefined
}

const loosest = (name: string): string =>
  name
    .replace(/(?!^)\[.*$/s, '')
    .replace(/\0.*$/s, '')
    .trim()
    .replaceAll(/[. ]/g, '_')
    .toLowerCase()

const hostOf = (hostname: string): string => hostname.toLowerCase().replace(/\.$/, '')

const subdomainOf = (host: string, suffixes: readonly string[]): string | undefined => {
  const suffix = suffixes.find((one) => host.endsWith(one))
  return suffix === undefined ? undefined : host.slice(0, -suffix.length)
}
