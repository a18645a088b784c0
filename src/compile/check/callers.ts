import type { BffPlan } from '../../bff/bff.ts'
import { providers as kinds } from '../../catalog.ts'
import type { Places } from '../../config/places.ts'
import type { Path } from '../../config/shape.ts'
import { placeOfNode } from '../../graph/bind/sdl.ts'
import { type Diagnostic, didYouMean, type Place } from '../../kernel/diagnostic.ts'
import { placeOfAuth } from '../auth.ts'
import type { WorkspaceConfig } from '../config.ts'
import type { Plan } from '../plan.ts'

export type CallerGround = {
  readonly config: WorkspaceConfig
  readonly places: Places
  readonly providers: Plan['providers']
  readonly bffs: readonly BffPlan[]
}

type Where = { readonly place: Place; readonly coordinate: string }
type Rule = Parameters<typeof kinds.unmet>[0]

/** Doubts about who can be known where: rules and limits that are for callers whom no provider of their place knows. */
export const checkCallers = (ground: CallerGround): readonly Diagnostic[] => [
  ...entriesOf(ground).flatMap((entry) => ofEntry(entry, ground)),
  ...ofGateway(ground),
  ...ground.bffs.flatMap((bff) => ofGraph(bff, ground)),
  ...keysAsMetadata(ground),
]

type Entry = {
  readonly path: Path
  readonly coordinate: string
  readonly settings: Pick<WorkspaceConfig['routes'][number], 'auth' | 'rateLimit'>
}

const entriesOf = ({ config }: CallerGround): readonly Entry[] => [
  ...Object.entries(config.bffs).map(([name, settings]) => ({
    path: ['bffs', name],
    coordinate: `bffs.${name}`,
    settings,
  })),
  ...config.routes.map((settings, index) => ({ path: ['routes', index], coordinate: `routes[${index}]`, settings })),
]

const ofEntry = ({ path, coordinate, settings }: Entry, ground: CallerGround): readonly Diagnostic[] => {
  const { auth, rateLimit } = settings
  const { config, places } = ground
  return [
    ...(auth?.require === undefined
      ? []
      : nobodyMeets(auth.require, { auth, at: placeOfAuth(auth, { config, places, path }) }, ground)),
    ...(countsKeys(rateLimit) && !showsKeys(auth?.providers, ground)
      ? [nobodyHasKeys({ place: places.at([...path, 'rateLimit'], 'value'), coordinate: `${coordinate}.rateLimit` })]
      : []),
  ]
}

const ofGateway = (ground: CallerGround): readonly Diagnostic[] => {
  const { rateLimit, plans, auth } = ground.config
  if (showsKeys(Object.keys(auth), ground)) return []
  const limits: readonly (readonly [Path, WorkspaceConfig['rateLimit']])[] = [
    [['rateLimit'], rateLimit],
    ...Object.entries(plans?.of ?? {}).map(([name, of]) => [['plans', 'of', name], of] as const),
  ]
  return limits.flatMap(([path, some]) =>
    countsKeys(some) ? [nobodyHasKeys({ place: ground.places.at(path, 'value'), coordinate: path.join('.') })] : [],
  )
}

/** What the schema and the stored operations of a BFF say. */
const ofGraph = (bff: BffPlan, ground: CallerGround): readonly Diagnostic[] => {
  const { name, graph, endpoints } = bff
  const auth = ground.config.bffs[name]?.auth
  const rulesOfEndpoints = endpoints.flatMap(({ access }) => {
    const rule = access && kinds.narrow(auth, access)
    return typeof rule === 'object' ? [rule] : []
  })
  const asked = [...new Set([auth, ...rulesOfEndpoints].flatMap((rule) => rule?.providers ?? []))]
  const fallback = ground.places.at(['bffs', name], 'value')
  const nodeOf = (coordinate: string) => {
    const [type = '', field] = coordinate.split('.')
    const parent = graph.schema.getType(type)
    if (field === undefined) return parent?.astNode
    return parent !== undefined && 'getFields' in parent ? parent.getFields()[field]?.astNode : undefined
  }
  const at = (coordinate: string): Where => {
    const node = nodeOf(coordinate)
    return { coordinate, place: node ? placeOfNode(node) : fallback }
  }
  const rules: readonly (readonly [string, Rule | undefined])[] = [
    ['schema', graph.rootRule],
    ...graph.typeRules,
    ...[...graph.fields].map(([coordinate, { rule }]) => [coordinate, rule] as const),
  ]
  const counted = [...graph.fields].flatMap(([coordinate, { limits }]) => (countsKeys(limits) ? [at(coordinate)] : []))
  const stored = endpoints.flatMap(({ name: coordinate, limits, operation: { node } }) =>
    countsKeys(limits) ? [{ coordinate, place: placeOfNode(node) }] : [],
  )
  return [
    ...rules.flatMap(([coordinate, rule]) => {
      if (rule === undefined) return []
      const unknown = [...new Set(rule.providers.flat())].filter((provider) => !asked.includes(provider))
      return unknown.length > 0
        ? unknown.map((provider) => notAsked(provider, { bff: name, asked, at: at(coordinate) }))
        : nobodyMeets(rule, { auth: auth && { ...auth, providers: asked }, at: at(coordinate) }, ground)
    }),
    ...endpoints.flatMap(({ name: operation, access, operation: { node } }) => {
      const rule = access && kinds.narrow(auth, access)
      const place = { coordinate: operation, place: placeOfNode(node) }
      return typeof rule === 'object' ? nobodyMeets(access as Rule, { auth: rule, at: place }, ground) : []
    }),
    ...(showsKeys(asked, ground) ? [] : [...counted, ...stored].map(nobodyHasKeys)),
  ]
}

/** A provider that `auth` of the BFF does not ask knows no caller: the field would be closed to all. */
const notAsked = (
  provider: string,
  { bff, asked, at }: { readonly bff: string; readonly asked: readonly string[]; readonly at: Where },
): Diagnostic => ({
  severity: 'error',
  code: 'PORTICO-010',
  ...at,
  message: `\`auth\` of bffs.${bff} does not ask the provider ${provider}, so that nobody is known by it.${didYouMean(provider, asked)}`,
})

const nobodyMeets = (
  rule: Rule,
  { auth, at }: { readonly auth: WorkspaceConfig['routes'][number]['auth']; readonly at: Where },
  { providers }: CallerGround,
): readonly Diagnostic[] => {
  const why = auth && kinds.unmet(rule, auth, providers)
  if (why === undefined) return []
  const message = `Nobody meets this rule: ${why}.`
  return [{ severity: 'warning', code: 'PORTICO-035', ...at, message }]
}

const nobodyHasKeys = (at: Where): Diagnostic => ({
  severity: 'warning',
  code: 'PORTICO-036',
  ...at,
  message: 'This counts by API key, and no provider here knows callers by keys: they are counted as by `user`.',
})

const countsKeys = (limits: readonly ('plan' | { readonly by: readonly unknown[] })[] = []): boolean =>
  limits.some((limit) => limit !== 'plan' && limit.by.includes('key'))

const showsKeys = (names: readonly string[] = [], { config }: CallerGround): boolean =>
  names.some((name) => {
    const provider = config.auth[name]
    return provider !== undefined && 'apiKey' in provider
  })

/** A key that a client shows is not passed on under another name for it. */
const keysAsMetadata = ({ config, places }: CallerGround): readonly Diagnostic[] =>
  config.routes.flatMap((route, index): Diagnostic[] => {
    if (!('transcode' in route)) return []
    const service = route.transcode.find((name) => config.services[name]?.identity !== 'forward')
    const shown = new Set(route.metadata.request.map((name) => name.toLowerCase()))
    return Object.entries(config.auth).flatMap(([name, provider]): Diagnostic[] => {
      const header = 'apiKey' in provider ? provider.apiKey.header.toLowerCase() : undefined
      if (service === undefined || header === undefined || !shown.has(header)) return []
      return [
        {
          severity: 'error',
          code: 'PORTICO-015',
          place: places.at(['routes', index, 'metadata', 'request'], 'value'),
          coordinate: `routes[${index}].metadata.request`,
          message: `${header} shows keys of auth.${name}, and ${service} is not one that says identity: forward.`,
        },
      ]
    })
  })
