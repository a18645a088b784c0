import { limits, routes as routeKinds } from '../catalog.ts'
import { duration } from '../config/scalars.ts'
import { writtenValue } from '../config/written.ts'
import type { AuthRule } from '../policies/auth/config.ts'
import type { Split } from '../services/split/split.ts'
import { authText, matchText } from './openapi-security.ts'
import { policiesOfEndpoint } from './operation-auth.ts'
import type { Plan, PlannedBff, PlannedRoute, PolicyUse, RoutePlan } from './plan.ts'

/** One address that a gateway answers. */
export type Listed = {
  readonly method: string
  readonly address: string
  /** What else a request must have: `header x-beta: 1`. */
  readonly match?: readonly string[]
  /** By what: `mobile  schema/mobile/my-dashboard.graphql`, `users`. */
  readonly by: string
  /** Policies in the order in which a request meets them, each with its settings in short. */
  readonly policies: readonly string[]
}

/** Everything a plan serves: BFFs first, for their addresses win; then routes, the most specific first. */
export const listAddresses = ({ bffs, routes, services }: Plan): readonly Listed[] => [
  ...bffs.flatMap((bff) => {
    const { served, policies } = bff
    const { name, prefix } = served
    return [
      ...served.endpoints.map((endpoint) => listEndpoint(bff, endpoint)),
      ...(served.graphql
        ? [
            {
              method: 'GET,POST',
              address: `${prefix}/graphql`,
              by: `${name}  GraphQL`,
              policies: inShortOf(policies),
            },
          ]
        : []),
    ]
  }),
  ...routes.flatMap((route) => listRoute(route, services)),
]

/** What one endpoint answers. */
export const listEndpoint = (bff: PlannedBff, endpoint: PlannedBff['served']['endpoints'][number]): Listed => ({
  method: endpoint.method,
  address: bff.served.prefix + endpoint.path,
  by: `${bff.served.name}  ${endpoint.file}`,
  policies: [...inShortOf(policiesOfEndpoint(bff, endpoint)), ...matchInShort(endpoint)],
})

/** Variables that have to equal a claim: compared once they are read, after all policies. */
const matchInShort = ({ access }: PlannedBff['served']['endpoints'][number]): readonly string[] =>
  access === undefined || access.match.length === 0 ? [] : [matchText(access)]

/** What one route answers. */
export const listRoute = ({ served, match, policies }: PlannedRoute, services: Plan['services']): readonly Listed[] =>
  addressesOf(served, services).map(({ address, ...rest }) => ({
    ...rest,
    address: match.hosts.join(',') + address,
    ...(match.conditions.length > 0 && { match: match.conditions.map(matching.conditionText) }),
    policies: inShortOf(policies),
  }))

const { match: matching } = routeKinds

const addressesOf = (route: RoutePlan, services: Plan['services']): readonly Omit<Listed, 'policies'>[] => {
  if (route.kind === 'transcode')
    return route.bindings.map(({ verb, pattern, service, method }) => ({
      method: verb,
      address: pattern,
      by: `${withParts(services.get(service) ?? { name: service })}  ${method.path.slice(1)}${route.websocket && (method.requestStream || method.responseStream) ? ', WebSocket too' : ''}`,
    }))
  const { methods, path } = route
  return [{ method: methods.length === 7 ? '*' : methods.join(','), address: path, by: doing(route) }]
}

const doing = (route: Exclude<RoutePlan, { readonly kind: 'transcode' }>): string => {
  if (route.kind === 'proxy') {
    const { service, rewrite, websocket, validate, version, split, fallback, mirror } = route
    return [
      `proxy to ${split === undefined ? withParts(service) : sharesOf(split)}`,
      version === undefined ? '' : `, version ${version.name}`,
      rewrite === undefined ? '' : ` as ${rewrite.text}`,
      websocket ? ', WebSocket too' : '',
      validate === undefined ? '' : ', validated',
      fallback === undefined ? '' : `, else ${insteadOf(fallback)}`,
      mirror === undefined ? '' : `, ${percent(mirror.share)} mirrored to ${mirror.route.service.name}`,
    ].join('')
  }
  if (route.kind === 'grpc') return `gRPC to ${withParts(route.service)}`
  const { answer } = route
  if (answer.kind === 'refuse') return 'refuse other versions'
  return answer.kind === 'redirect'
    ? `redirect to ${answer.origin}${answer.to.text} (${answer.status})`
    : `respond with ${answer.status}`
}

/** What is tried where the service has failed, in order: `old, stale 5m, 503`. */
const insteadOf = ({
  route,
  staleMs,
  respond,
}: NonNullable<Extract<RoutePlan, { kind: 'proxy' }>['fallback']>): string =>
  [
    ...(route === undefined ? [] : [route.service.name]),
    ...(staleMs === undefined ? [] : [`stale ${String(writtenValue(duration, staleMs))}`]),
    ...(respond === undefined ? [] : [String(respond.status)]),
  ].join(', ')

/** `users`, and of a service whose targets are of several parts `users (old 3, new 1)`. */
const withParts = ({ name, targets }: ServiceInShort): string =>
  targets?.split === undefined ? name : `${name} (${sharesOf(targets.split)})`

type ServiceInShort = { readonly name: string; readonly targets?: { readonly split?: Split | undefined } }

/** `users 95, users-next 5`, `users-blue, users-green (active)`. */
const sharesOf = ({ parts, active }: Split): string =>
  parts
    .map(({ name, weight, ramp }) => {
      if (active !== undefined) return name === active ? `${name} (active)` : name
      return ramp === undefined ? `${name} ${weight}` : `${name} ${percent(ramp.from)} to ${percent(ramp.to)}`
    })
    .join(', ')

const percent = (share: number): string => `${Math.round(share * 1_000) / 10}%`

/** What is said to browsers decides over no request. */
export const inShortOf = (uses: readonly PolicyUse[]): readonly string[] =>
  uses.filter(({ name }) => name !== 'securityHeaders').map(inShort)

const inShort = ({ name, settings }: PolicyUse): string => {
  const known = settings as {
    limits?: readonly Parameters<typeof limits.inWords>[0][]
    plans?: { readonly of: ReadonlyMap<string, unknown> }
    origins?: string[]
  }
  switch (name) {
    case 'auth':
      return `auth ${authText(settings as AuthRule)}`
    case 'rateLimit':
      return `rateLimit ${[...(known.limits ?? []).map(limits.inWords), ...(known.plans === undefined ? [] : ['of the plan'])].join(', ')}`
    case 'cors':
      return `cors ${known.origins?.join(' ')}`
    case 'securityHeaders':
    case 'ipRules':
    case 'contentTypes':
    case 'maintenance':
    case 'concurrency':
    case 'compression':
      return name
  }
}
