import { routes } from '../catalog.ts'
import type { Places } from '../config/places.ts'
import type { Diagnostic } from '../kernel/diagnostic.ts'
import type { Service } from '../services/service.ts'
import type { WorkspaceConfig } from './config.ts'
import { idleRoutes } from './idle-routes.ts'
import type { RouteMatch, RoutePlan } from './plan.ts'

type RouteConfig = WorkspaceConfig['routes'][number]
type VersionedConfig = Extract<RouteConfig, { readonly versions: unknown }>
type SplitConfig = Extract<RouteConfig, { readonly split: unknown }>
type PlainConfig = Exclude<RouteConfig, VersionedConfig | SplitConfig>

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
  const { compiled, diagnostics } = compileForm(settings, ground)
  return { compiled, diagnostics: [...diagnostics, ...guardedRaw(settings, ground), ...idleRoutes(settings, ground)] }
}

const compileForm = (settings: RouteConfig, ground: RouteGround): CompiledRoutes => {
  if ('versions' in settings) return compileVersions(settings, ground)
  return 'split' in settings ? compileSplit(settings, ground) : compilePlain(settings, ground)
}

/** A service may read a raw path otherwise than the prefix by which its guard was chosen. */
const guardedRaw = (settings: RouteConfig, { index, places }: RouteGround): readonly Diagnostic[] => {
  if (!('pathMode' in settings) || settings.pathMode !== 'raw') return []
  if ((settings.auth?.providers ?? []).length === 0 || settings.path === '/*') return []
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
    const below = ['versions', 'of', version, 'service']
    const { route, diagnostics: mistakes } = compileKind({ ...settings, service }, ground, below)
    if ([service, ...othersOf(settings)].every(isJudged(ground))) diagnostics.push(...mistakes)
    return route?.kind === 'proxy' ? [{ route: { ...route, name, version: { name: version, headers } }, match }] : []
  })
  return { compiled, diagnostics }
}

/** A route for each part, all of one name: they share the limits of one route. */
const compileSplit = (settings: SplitConfig, ground: RouteGround): CompiledRoutes => {
  const { split: parts, sticky, active, override, ...shared } = settings
  const { index, places } = ground
  const match = routes.match.compile(settings)
  const name = `routes.${match.site}`
  const compiled = parts.map(({ service }, at) => compileKind({ ...shared, service }, ground, ['split', at, 'service']))
  const { split, mistakes } = routes.proxy.compileSplit(
    { split: parts.map((part) => ({ ...part, name: part.name ?? part.service })), sticky, active, override },
    compiled.flatMap(({ route }) => (route?.kind === 'proxy' ? [{ ...route, name }] : [])),
  )
  const diagnostics: readonly Diagnostic[] = [
    ...compiled
      .flatMap((one, at) =>
        [parts[at]?.service ?? '', ...othersOf(shared)].every(isJudged(ground)) ? one.diagnostics : [],
      )
      // What the parts share is wrong once.
      .filter((one, at, all) => all.findIndex(({ coordinate }) => coordinate === one.coordinate) === at),
    ...mistakes.map(
      ({ below, message }): Diagnostic => ({
        severity: 'error',
        code: 'PORTICO-015',
        place: places.at(['routes', index, below], 'value'),
        coordinate: `routes[${index}].${below}`,
        message,
      }),
    ),
  ]
  const first = split.parts[0]?.serves
  return { compiled: first === undefined ? [] : [{ route: { ...first, split }, match }], diagnostics }
}

const namedServices = (settings: PlainConfig): readonly string[] => {
  if ('service' in settings) return [settings.service, ...othersOf(settings)]
  return 'transcode' in settings ? settings.transcode : []
}

/** Services that stand in for another, or look on. */
const othersOf = ({ fallback, mirror }: Pick<SplitConfig, 'fallback' | 'mirror'>): readonly string[] =>
  [fallback?.service, mirror?.service].flatMap((name) => name ?? [])

const isJudged =
  ({ services, config }: RouteGround) =>
  (name: string): boolean =>
    services.has(name) || config.services[name] === undefined

const compileKind = (
  settings: PlainConfig,
  { index, config, services, places }: RouteGround,
  /** Where the service stands, if not under `service`. */
  servicePath: readonly (string | number)[] = ['service'],
): { readonly route?: RoutePlan; readonly diagnostics: readonly Diagnostic[] } => {
  const surroundings = {
    services,
    maxBodyBytes: config.limits.body,
    json: config.limits.json,
    placeOf: (setting: string) => {
      const below = setting === 'service' ? servicePath : [setting]
      return {
        place: places.at(['routes', index, ...below], 'value'),
        coordinate: `routes[${index}]${below.map((one) => (typeof one === 'number' ? `[${one}]` : `.${one}`)).join('')}`,
      }
    },
  }
  if ('service' in settings) {
    const service = services.get(settings.service)
    // Versions and parts of a split are of REST services.
    if (service?.kind === 'grpc' && servicePath.length === 1) {
      const compiled = routes.grpc.compile(settings, service, surroundings)
      return 'route' in compiled ? { route: { kind: 'grpc', ...compiled.route }, diagnostics: [] } : compiled
    }
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
