import { createHash } from 'node:crypto'
import { bffs, routes } from '../catalog.ts'
import type { ApiDescription, ApiOperation } from '../kernel/openapi.ts'
import { assemblePaths, type Described, type PathItem } from './openapi-paths.ts'
import { problemResponses, problemSchemas } from './openapi-problems.ts'
import { mergeSchemas } from './openapi-schemas.ts'
import { securitySchemes } from './openapi-security.ts'
import { policiesOfEndpoint } from './operation-auth.ts'
import type { Plan, PolicyUse } from './plan.ts'

/** One API of a plan that describes itself. */
export type DocumentedApi = {
  /** A part of URLs: `api`, `shop-v1`; unique in a plan. */
  readonly name: string
  /** What it is made of: endpoints of a BFF or a transcoded route. */
  readonly kind: 'bff' | 'route'
  /** As the workspace writes it: `/api/*`, the prefix of a BFF. */
  readonly route: string
  /** `/api`; empty at the root. */
  readonly prefix: string
  /** Those that requests of an operation meet. */
  readonly policiesOf: (operation: ApiOperation) => readonly PolicyUse[]
  readonly describe: () => readonly ApiDescription[]
}

/** A document of OpenAPI 3.1 (https://spec.openapis.org/oas/v3.1.1), as far as this program looks into it. */
export type OpenApiDocument = {
  readonly openapi: '3.1.1'
  readonly info: { readonly title: string; readonly version: string; readonly description: string }
  readonly servers: readonly { readonly url: string }[]
  readonly tags: readonly object[]
  readonly paths: Readonly<Record<string, PathItem>>
  readonly components: Readonly<Record<'schemas' | 'responses' | 'securitySchemes', object>>
}

/** What of a plan can be documented: BFFs with endpoints, then routes in the order in which they match. */
export const documentedApis = (plan: Plan): readonly DocumentedApi[] => {
  const names = new Set<string>()
  const ofBffs = plan.bffs.flatMap((bff): DocumentedApi[] => {
    const { served } = bff
    if (served.endpoints.length === 0) return []
    const { prefix, endpoints } = served
    const name = uniqueName(served.name, names)
    const policiesOf = ({ method, path }: ApiOperation): readonly PolicyUse[] => {
      const endpoint = endpoints.find((one) => one.method === method && prefix + one.path === path)
      return endpoint === undefined ? bff.policies : policiesOfEndpoint(bff, endpoint)
    }
    return [{ name, kind: 'bff', route: prefix, prefix, policiesOf, describe: () => [bffs.describe(served)] }]
  })
  const ofRoutes = plan.routes.flatMap(({ served, policies }): DocumentedApi[] => {
    if (served.kind !== 'transcode') return []
    const { path: route, prefix } = served
    const name = uniqueName(prefix.slice(1).replaceAll(/[^A-Za-z0-9_-]+/g, '-') || 'root', names)
    const policiesOf = () => policies
    return [{ name, kind: 'route', route, prefix, policiesOf, describe: () => routes.transcode.describe(served) }]
  })
  return [...ofBffs, ...ofRoutes]
}

const uniqueName = (wanted: string, names: Set<string>): string => {
  let name = wanted
  for (let count = 2; names.has(name); count += 1) name = `${wanted}-${count}`
  names.add(name)
  return name
}

/**
 * The document of one or several APIs: pure JSON. `origin` is where clients reach the gateway, such as
 * `https://api.shop.example`; without it, servers are relative to where the document is served.
 */
export const openApiDocument = (
  apis: readonly DocumentedApi[],
  { providers }: Pick<Plan, 'providers'>,
  origin = '',
): OpenApiDocument => {
  const [only] = apis
  const prefix = apis.length === 1 ? (only?.prefix ?? '') : ''
  const sources = apis.flatMap(({ policiesOf, describe }) =>
    describe().map((description) => ({ policiesOf, description })),
  )
  const { descriptions, schemas } = mergeSchemas(sources.map(({ description }) => description))
  const described: Described[] = descriptions.flatMap(({ operations }, index) => {
    const policiesOf = sources[index]?.policiesOf
    return operations.map((operation) => ({ operation, policies: policiesOf?.(operation) ?? [] }))
  })
  const paths = assemblePaths(described, prefix)
  const tags = new Map(descriptions.flatMap((description) => description.tags.map((tag) => [tag.name, tag] as const)))
  const content = {
    tags: [...tags.values()],
    paths,
    components: {
      schemas: { ...schemas, ...problemSchemas },
      responses: problemResponses,
      securitySchemes: securitySchemes(
        described.map(({ policies }) => policies),
        providers,
      ),
    },
  }
  const servers = [{ url: `${origin}${prefix}` || '/' }]
  return { openapi: '3.1.1', info: infoOf(apis, content), servers, ...withoutUndefined(content) }
}

const notes = {
  route: [
    'Messages are ProtoJSON: 64-bit integers are strings, and NaN and the infinities are the strings `NaN`, `Infinity` and `-Infinity` where a number is expected.',
    'Requests may use the field names of the proto as well as those of JSON.',
  ],
  bff: [
    'A part of an answer that failed is null or absent where that is allowed, named by `_errors` and the header `Portico-Partial`.',
  ],
} as const

const always = 'A request that fails gets a problem (RFC 9457) with a canonical code.'

/** Another API has another version: it is made of all that the document says, but for where. */
const infoOf = (apis: readonly DocumentedApi[], content: object): OpenApiDocument['info'] => ({
  title: apis.length === 1 ? `The API under ${apis[0]?.route}` : 'The APIs of this gateway',
  version: createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 12),
  description: [...[...new Set(apis.map(({ kind }) => kind))].flatMap((kind) => notes[kind]), always].join(' '),
})

/** JSON has no undefined, YAML would write it. */
const withoutUndefined = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T
