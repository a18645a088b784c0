import { routes } from '../catalog.ts'
import type { Places } from '../config/places.ts'
import type { Diagnostic } from '../kernel/diagnostic.ts'
import type { Service } from '../services/service.ts'
import type { WorkspaceConfig } from './config.ts'
import type { RouteMatch, RoutePlan } from './plan.ts'

type RouteConfig = WorkspaceConfig['routes'][number]
type VersionedConfig = Extract<RouteConfig, { readonly versions: unknown }>
type PlainConfig = Exclude<RouteConfig, VersionedConfig>

/** What a route needs to know of its workspace. */
export type RouteGround = {
  readonly index: number
  readonly config: WorkspaceConfig
  /** Those that are sound. */
  readonly services: ReadonlyMap<string, Service>
  readonly places: Places
}

export type CompiledRoutes = {
  /** One; of several versions one for each and more. */
  readonly compiled: readonly { readonly route: RoutePlan; readonly match: RouteMatch }[]
  readonly diagnostics: readonly Diagnostic[]
}

/** One entry of `routes:`, of the kind that its keys say. */
export const compileRoute = (settings: RouteConfig, ground: RouteGround): CompiledRoutes => {
  const { compiled, diagnostics } =
    'versions' in settings ? compileVersions(settings, ground) : compilePlain(settings, ground)
  return { compiled, diagnostics: [...diagnostics, ...guardedRaw(settings, ground)] }
}

/** A service may read a raw path otherwise than the prefix by which its guard was chosen. */
const guardedRaw = (settings: RouteConfig, { index, places }: RouteGround): readonly Diagnostic[] => {
  if (!('pathMode' in settings) || settings.pathMode !== 'raw') return []
  if (settings.auth === undefined || settings.path === '/*') return []
  const place = places.at(['routes', index, 'pathMode'], 'value')
  const message =
    'A raw path can be spelt in other ways than the one that auth guards. Guard `/*` of a host, or take canonical paths.'
  return [{ severity: 'error', code: 'PORTICO-015', place, coordinate: `routes[${index}].pathMode`, message }]
}

const compilePlain = (settings: PlainConfig, ground: RouteGround): CompiledRoutes => {
  const { route, diagnostics } = compileKind(settings, ground)
  const match = routes.match.compile(settings)
  const compiled = route === undefined ? [] : [{ route: { ...route, name: `routes.${match.site}` }, match }]
  // Of a service that is wrong itself, nothing more is said here.
  return { compiled, diagnostics: namedServices(settings).every(isJudged(ground)) ? diagnostics : [] }
}

const compileVersions = ({ versions, ...settings }: VersionedConfig, ground: RouteGround): CompiledRoutes => {
  const { index, places } = ground
  const expanded = routes.match.expandVersions(versions, {
    path: settings.path,
    placeOf: (below) => ({
      place: places.at(['routes', index, 'versions', ...below], 'value'),
      coordinate: ['routes[', index, '].versions', ...below.map((one) => `.${one}`)].join(''),
    }),
  })
  const diagnostics = [...expanded.diagnostics]
  // All share the limits of one route.
  const name = `routes.${routes.match.compile(settings).site}`
  const compiled = expanded.versions.flatMap((one): CompiledRoutes['compiled'] => {
    const { name: version, service, conditions, headers } = one
    const match = routes.match.compile(settings, conditions)
    const { path, methods } = settings
    if (version === undefined || service === undefined) {
      const served = Object.keys(versions.of)
      const route = routes.answer.refuseVersion({ name, path, methods, headers, served })
      return [{ route: { kind: 'answer', ...route }, match }]
    }
    const below = ['of', version, 'service']
    const { route, diagnostics: mistakes } = compileKind({ ...settings, service }, ground, below)
    if (isJudged(ground)(service)) diagnostics.push(...mistakes)
    return route?.kind === 'proxy' ? [{ route: { ...route, name, version: { name: version, headers } }, match }] : []
  })
  return { compiled, diagnostics }
}

const namedServices = (settings: PlainConfig): readonly string[] => {
  if ('service' in settings) return [settings.service]
  return 'transcode' in settings ? settings.transcode : []
}

const isJudged =
  ({ services, config }: RouteGround) =>
  (name: string): boolean =>
    services.has(name) || config.services[name] === undefined

const compileKind = (
  settings: PlainConfig,
  { index, config, services, places }: RouteGround,
  version?: readonly string[],
): { readonly route?: RoutePlan; readonly diagnostics: readonly Diagnostic[] } => {
  const surroundings = {
    services,
    maxBodyBytes: config.limits.body,
    placeOf: (setting: string) => {
      const below = setting === 'service' && version !== undefined ? ['versions', ...version] : [setting]
      return {
        place: places.at(['routes', index, ...below], 'value'),
        coordinate: `routes[${index}].${below.join('.')}`,
      }
    },
  }
  if ('service' in settings) {
    const compiled = routes.proxy.compile(settings, surroundings)
    return 'route' in compiled ? { route: { kind: 'proxy', ...compiled.route }, diagnostics: [] } : compiled
  }
  if ('redirect' in settings || 'respond' in settings) {
    const compiled = routes.answer.compile(settings, surroundings)
    return 'route' in compiled ? { route: { kind: 'answer', ...compiled.route }, diagnostics: [] } : compiled
  }
  const { route, diagnostics } = routes.transcode.compile(settings, surroundings)
  return route === undefined ? { diagnostics } : { route: { kind: 'transcode', ...route }, diagnostics }
}
