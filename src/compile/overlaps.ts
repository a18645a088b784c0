import type { Places } from '../config/places.ts'
import type { Diagnostic } from '../kernel/diagnostic.ts'
import type { WorkspaceConfig } from './config.ts'

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
  const paths = new Map<string, number>()
  for (const [index, route] of routes.entries()) {
    const { path } = route
    const methods = 'service' in route ? route.methods : undefined
    const place = places.at(['routes', index, 'path'], 'value')
    const coordinate = `routes[${index}].path`
    for (const method of methods ?? ['*']) {
      const other = paths.get(`${method} ${path}`) ?? paths.get(`* ${path}`)
      if (other !== undefined) {
        const message = `${path} is served by routes[${other}] already.`
        found.push({ severity: 'error', code: 'PORTICO-105', place, coordinate, message })
        break
      }
      paths.set(`${method} ${path}`, index)
    }
    const owner = [...prefixes].find(([prefix]) => path === prefix || path.startsWith(`${prefix}/`))
    if (owner !== undefined)
      found.push({
        severity: 'warning',
        code: 'PORTICO-605',
        place,
        coordinate,
        message: `${path} lies under ${owner[0]}, the prefix of the BFF ${owner[1]}, whose own addresses win.`,
      })
  }
  return found
}
