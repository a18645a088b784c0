import type { RouteMatch } from './plan.ts'

/** The order in which routes are asked: exact hosts before wildcards before any, then paths, then more conditions. */
export const compareMatches = (a: RouteMatch, b: RouteMatch): number =>
  hostRank(b) - hostRank(a) ||
  comparePaths(a.path.segments, b.path.segments) ||
  b.conditions.length - a.conditions.length

/** Of several hosts the most exact counts. A longer wildcard is more exact. */
const hostRank = ({ hosts }: RouteMatch): number =>
  Math.max(0, ...hosts.map((host) => (host.startsWith('*') ? host.length : 1_000)))

const kinds = ['literal', 'one', 'many'] as const

type Segments = RouteMatch['path']['segments']

/** From left to right: text before a parameter before the rest. */
const comparePaths = (a: Segments, b: Segments): number => {
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const [one, other] = [a[at], b[at]]
    if (one === undefined || other === undefined) {
      // The path that ends here is exact; `*` takes what is left.
      const longer = one ?? other
      return (longer?.kind === 'many' ? -1 : 1) * (one === undefined ? 1 : -1)
    }
    const rank = kinds.indexOf(one.kind) - kinds.indexOf(other.kind)
    if (rank !== 0) return rank
    if (one.kind === 'literal' && other.kind === 'literal' && one.text !== other.text)
      return one.text < other.text ? -1 : 1
  }
  return 0
}
