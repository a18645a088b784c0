import { routes as routeKinds } from '../catalog.ts'
import type { Places } from '../config/places.ts'
import type { Diagnostic } from '../kernel/diagnostic.ts'
import type { WorkspaceConfig } from './config.ts'
import type { RouteMatch } from './plan.ts'

/** Addresses that two things claim: BFFs under one prefix, routes with one path, routes inside a BFF's own ground. */
export const overlaps = ({ bffs, routes }: WorkspaceConfig, places: Places): readonly Diagnostic[] => {
  const found: Diagnostic[] = []
  const prefixes = new Map<string, string>()
  for (const [name, { prefix }] of Object.entries(bffs)) {
    const other = prefixes.get(prefix)
    prefixes.set(prefix, name)
    if (other === undefined) continue
    found.push({
      severity: 'error',
      code: 'PORTICO-105',
      place: places.at(['bffs', name, 'prefix'], 'value'),
      coordinate: `bffs.${name}.prefix`,
      message: `${prefix} is the prefix of ${other} already; every BFF has its own.`,
    })
  }
  const claims = new Map<string, Claim[]>()
  for (const [index, route] of routes.entries()) {
    const { path } = route
    const at = () => ({
      place: places.at(['routes', index, 'path'], 'value'),
      coordinate: `routes[${index}].path`,
    })
    const doubt = clash({ index, match: matching.compile(route) }, claims, places)
    if (doubt !== undefined) found.push({ ...doubt, ...at() })
    const owner = [...prefixes].find(([prefix]) => path === prefix || path.startsWith(`${prefix}/`))
    if (owner !== undefined)
      found.push({
        severity: 'warning',
        code: 'PORTICO-605',
        ...at(),
        message: `${path} lies under ${owner[0]}, the prefix of the BFF ${owner[1]}, whose own addresses win.`,
      })
  }
  return found
}

const { match: matching } = routeKinds

/** A route's claim to one host's requests for paths of one shape. */
type Claim = { readonly index: number; readonly match: RouteMatch }

/** The first route before this one that some request fits as well, and as exactly; the claim is noted for those after. */
const clash = (
  claim: Claim,
  claims: Map<string, Claim[]>,
  places: Places,
): Pick<Diagnostic, 'severity' | 'code' | 'message'> | undefined => {
  const { match } = claim
  const before = new Set<Claim>()
  for (const host of match.hosts.length === 0 ? ['*'] : match.hosts) {
    const key = `${host} ${shapeOf(match)}`
    const others = claims.get(key) ?? []
    for (const other of others) before.add(other)
    claims.set(key, [...others, claim])
  }
  const rivals = [...before].filter((other) => meet(match, other.match))
  const same = rivals.find((other) => conditionsOf(other.match) === conditionsOf(match))
  const other = same ?? rivals[0]
  if (other === undefined) return undefined
  const { file, line, column } = places.at(['routes', other.index, 'path'], 'value')
  const where = `routes[${other.index}] (${file}:${line}:${column})`
  if (same !== undefined)
    return { severity: 'error', code: 'PORTICO-105', message: `${match.site} is served by ${where} already.` }
  const message = `A request may fit this route and ${where} alike, whose conditions are as many; the one written first answers. Add a condition to one of them.`
  return { severity: 'warning', code: 'PORTICO-611', message }
}

/** Whether one request could fit both, and neither goes first for having more conditions. */
const meet = (a: RouteMatch, b: RouteMatch): boolean =>
  a.conditions.length === b.conditions.length &&
  (a.methods === undefined || b.methods === undefined || [...a.methods].some((method) => b.methods?.has(method))) &&
  !matching.areDisjoint(a.conditions, b.conditions)

const conditionsOf = ({ conditions }: RouteMatch): string => conditions.map(matching.conditionText).join('; ')

/** Parameters differ by nothing that a request shows. */
const shapeOf = ({ path }: RouteMatch): string => path.text.replaceAll(/\{\w+\}/g, '{}')
