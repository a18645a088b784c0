import { join, resolve } from 'node:path'
import { bindGraph } from '../graph/bind/bind.ts'
import { readSchema } from '../graph/bind/sdl.ts'
import { costMeter } from '../graph/cost/cost.ts'
import { readWeights } from '../graph/cost/weights.ts'
import type { Exposure } from '../graph/expose/config.ts'
import { exposeAll } from '../graph/expose/together.ts'
import type { Diagnostic, Place } from '../kernel/diagnostic.ts'
import { hasErrors } from '../kernel/diagnostic.ts'
import { entryAt, mayRead, pathsLike, readText } from '../kernel/snapshot.ts'
import type { Service } from '../services/service.ts'
import type { BffPlan } from './bff.ts'
import { compileEndpoint } from './endpoint/compile.ts'
import type { EndpointPlan } from './endpoint/endpoint.ts'
import { withScopes } from './explain.ts'
import { compileDocuments } from './graphql/compile.ts'
import type { DocumentsSettings, SubscriptionSettings } from './graphql/config.ts'

export type BffSettings = {
  readonly prefix: string
  readonly schema?: readonly string[] | undefined
  readonly expose?: readonly Exposure[] | undefined
  readonly operations?: readonly string[] | undefined
  readonly resolvers?: string | undefined
  readonly graphql?: boolean | undefined
  readonly documents?: DocumentsSettings | undefined
  readonly shareOperations?: boolean | undefined
  readonly explain?: { readonly scopes: readonly string[] } | undefined
  readonly introspection?: boolean | undefined
  readonly suggestions?: boolean | undefined
  readonly subscriptions: SubscriptionSettings
  /** The policy `auth`, as far as endpoints are concerned: whether nobody gets in without a token. */
  readonly auth?: { readonly providers: readonly string[]; readonly optional: boolean } | undefined
}

export type BffSurroundings = {
  readonly workspaceDir: string
  /** Undefined while some are wrong: then bindings are left for later, lest each reports a mistake made elsewhere. */
  readonly services: ReadonlyMap<string, Service> | undefined
  readonly limits: BffPlan['limits']
  /** The place of a setting, by its path from the root of `portico.yaml`. */
  readonly placeOf: (path: readonly (string | number)[]) => Place
}

/**
 * One entry of `bffs:` with its graph bound and its operations checked; `files` is what it was made from, sound or not,
 * and the folders in which a new file would belong to it.
 */
export const compileBff = (
  name: string,
  settings: BffSettings,
  { workspaceDir, services, limits, placeOf }: BffSurroundings,
): {
  readonly bff: BffPlan | undefined
  readonly diagnostics: readonly Diagnostic[]
  readonly files: readonly string[]
} => {
  const diagnostics: Diagnostic[] = []
  const found = (key: 'schema' | 'operations' | 'documents.trusted', patterns: readonly string[]): readonly string[] =>
    patterns.flatMap((pattern, index) => {
      const matches = pathsLike(pattern, workspaceDir)
        .filter((file) => entryAt(join(workspaceDir, file))?.kind === 'file')
        .map((file) => file.replaceAll('\\', '/'))
        .sort()
      if (matches.length === 0)
        diagnostics.push({
          severity: 'error',
          code: 'PORTICO-009',
          place: placeOf(['bffs', name, ...key.split('.'), ...(patterns.length > 1 ? [index] : [])]),
          coordinate: `bffs.${name}.${key}`,
          message: `No file of the workspace is named ${pattern}.`,
        })
      const closed = matches.find((file) => !mayRead(join(workspaceDir, file)))
      if (closed !== undefined)
        diagnostics.push({
          severity: 'error',
          code: 'PORTICO-009',
          place: placeOf(['bffs', name, ...key.split('.'), ...(patterns.length > 1 ? [index] : [])]),
          coordinate: `bffs.${name}.${key}`,
          message: `${closed} may not be read: give the user that runs the gateway the right to.`,
        })
      return matches
    })
  const { schema = [], expose = [] } = settings
  if (schema.length === 0 && expose.length === 0)
    diagnostics.push({
      severity: 'error',
      code: 'PORTICO-016',
      place: placeOf(['bffs', name]),
      coordinate: `bffs.${name}`,
      message: 'A BFF shows something: name SDL files by `schema`, gRPC services by `expose`, or both.',
    })
  const schemaFiles = [...new Set(found('schema', schema))]
  const operationFiles = [...new Set(found('operations', settings.operations ?? []))]
  const trusted = settings.documents === 'any' ? undefined : settings.documents?.trusted
  const documentFiles = [...new Set(found('documents.trusted', trusted ?? []))]
  const resolvers = settings.resolvers === undefined ? undefined : resolve(workspaceDir, settings.resolvers)
  if (resolvers !== undefined && entryAt(resolvers) === undefined)
    diagnostics.push({
      severity: 'error',
      code: 'PORTICO-009',
      place: placeOf(['bffs', name, 'resolvers']),
      coordinate: `bffs.${name}.resolvers`,
      message: `There is no file ${settings.resolvers} in the workspace.`,
    })
  const files = [
    ...foldersOf([...schema, ...(settings.operations ?? []), ...(trusted ?? [])]),
    ...schemaFiles,
    ...operationFiles,
    ...documentFiles,
    ...(settings.resolvers === undefined ? [] : [settings.resolvers]),
  ]
  if (hasErrors(diagnostics)) return { bff: undefined, diagnostics, files }
  const read = (file: string) => ({ file, text: readText(join(workspaceDir, file)) })
  const written = schemaFiles.map(read)
  if (services === undefined) {
    // What is exposed cannot be told yet, and the schema files may speak of it.
    const alone = expose.length > 0 ? undefined : readSchema(written)
    const mistakes = alone !== undefined && 'diagnostics' in alone ? alone.diagnostics : []
    return { bff: undefined, diagnostics: mistakes, files }
  }
  const exposed = exposeAll(expose, {
    services,
    files: written,
    placeOf: (at) => ({
      place: placeOf(['bffs', name, 'expose', ...at]),
      coordinate: ['bffs', name, 'expose', ...at].join('.'),
    }),
  })
  diagnostics.push(...exposed.diagnostics)
  if (hasErrors(diagnostics)) return { bff: undefined, diagnostics, files }
  const { graph, diagnostics: mistakes } = bindGraph([...written, ...exposed.files], services)
  diagnostics.push(...mistakes)
  if (graph === undefined) return { bff: undefined, diagnostics, files }
  if (graph.resolvers.size > 0 && resolvers === undefined)
    diagnostics.push({
      severity: 'error',
      code: 'PORTICO-017',
      place: placeOf(['bffs', name]),
      coordinate: `bffs.${name}`,
      message: `The schema names functions by @resolver (${[...graph.resolvers].join(', ')}); add \`resolvers:\` with the module that exports them.`,
    })
  const endpoints: EndpointPlan[] = []
  for (const file of operationFiles) {
    const compiled = compileEndpoint(read(file), { graph, limits, guarded: needsToken(settings.auth) })
    diagnostics.push(...compiled.diagnostics)
    if (compiled.endpoint !== undefined) endpoints.push(compiled.endpoint)
  }
  diagnostics.push(...clashes(endpoints, workspaceDir))
  const { documents, diagnostics: refused } = compileDocuments(settings.documents, {
    files: documentFiles.map(read),
    graph,
    limits,
  })
  const { weights, diagnostics: misweighed } = readWeights(graph.schema)
  diagnostics.push(...refused, ...misweighed)
  if (hasErrors(diagnostics)) return { bff: undefined, diagnostics, files }
  const { prefix } = settings
  const graphql = settings.graphql ?? settings.operations === undefined
  const cost =
    limits.cost && costMeter(graph, { weights, listSize: limits.listSize, strict: limits.cost.mode === 'enforce' })
  const { introspection, suggestions, subscriptions } = settings
  const { shareOperations = false } = settings
  const explain = settings.explain && withScopes(settings.explain.scopes)
  const served = { shareOperations, explain, documents, introspection, suggestions, subscriptions, cost }
  return { bff: { name, prefix, graph, graphql, endpoints, resolvers, limits, ...served }, diagnostics, files }
}

/** What stands before the wildcards of patterns. The workspace itself is none: too much else happens there. */
const foldersOf = (patterns: readonly string[]): readonly string[] =>
  patterns
    .filter((pattern) => /[*?[{]/.test(pattern))
    .map((pattern) => pattern.slice(0, pattern.slice(0, pattern.search(/[*?[{]/)).lastIndexOf('/') + 1))
    .filter((folder) => /[^./]/.test(folder))

const needsToken = (auth: BffSettings['auth']): boolean => auth !== undefined && !auth.optional

/** Two operations at one address: the second would never be asked. */
const clashes = (endpoints: readonly EndpointPlan[], workspaceDir: string): readonly Diagnostic[] => {
  const taken = new Map<string, EndpointPlan>()
  return endpoints.flatMap((endpoint): Diagnostic[] => {
    const address = `${endpoint.method} ${endpoint.path.replaceAll(/\{\w+\}/g, '{}')}`
    const other = taken.get(address)
    taken.set(address, endpoint)
    if (other === undefined) return []
    const text = readText(join(workspaceDir, endpoint.file)).split('\n')[0] ?? ''
    return [
      {
        severity: 'error',
        code: 'PORTICO-105',
        place: { file: endpoint.file, line: 1, column: 1, text },
        coordinate: endpoint.name,
        message: `${endpoint.method} ${endpoint.path} is already served by ${other.file}.`,
      },
    ]
  })
}
