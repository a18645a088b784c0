import { existsSync, globSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { bindGraph } from '../graph/bind/bind.ts'
import { readSchema } from '../graph/bind/sdl.ts'
import type { OperationLimits } from '../graph/limits.ts'
import type { Diagnostic, Place } from '../kernel/diagnostic.ts'
import { hasErrors } from '../kernel/diagnostic.ts'
import type { Service } from '../services/service.ts'
import type { BffPlan } from './bff.ts'
import { compileEndpoint } from './endpoint/compile.ts'
import type { EndpointPlan } from './endpoint/endpoint.ts'

export type BffSettings = {
  readonly prefix: string
  readonly schema: readonly string[]
  readonly operations?: readonly string[] | undefined
  readonly resolvers?: string | undefined
  readonly graphql?: boolean | undefined
}

export type BffSurroundings = {
  readonly workspaceDir: string
  /** Undefined while some are wrong: then bindings are left for later, lest each reports a mistake made elsewhere. */
  readonly services: ReadonlyMap<string, Service> | undefined
  readonly limits: OperationLimits
  /** The place of a setting, by its path from the root of `portico.yaml`. */
  readonly placeOf: (path: readonly (string | number)[]) => Place
}

/** One entry of `bffs:` with its graph bound and its operations checked; `files` is what it was made from, sound or not. */
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
  const found = (key: 'schema' | 'operations', patterns: readonly string[]): readonly string[] =>
    patterns.flatMap((pattern, index) => {
      const matches = globSync(pattern, { cwd: workspaceDir })
        .filter((file) => statSync(join(workspaceDir, file), { throwIfNoEntry: false })?.isFile())
        .map((file) => file.replaceAll('\\', '/'))
        .sort()
      if (matches.length === 0)
        diagnostics.push({
          severity: 'error',
          place: placeOf(['bffs', name, key, ...(patterns.length > 1 ? [index] : [])]),
          coordinate: `bffs.${name}.${key}`,
          message: `No file of the workspace is named ${pattern}.`,
        })
      return matches
    })
  const schemaFiles = [...new Set(found('schema', settings.schema))]
  const operationFiles = [...new Set(found('operations', settings.operations ?? []))]
  const resolvers = settings.resolvers === undefined ? undefined : resolve(workspaceDir, settings.resolvers)
  if (resolvers !== undefined && !existsSync(resolvers))
    diagnostics.push({
      severity: 'error',
      place: placeOf(['bffs', name, 'resolvers']),
      coordinate: `bffs.${name}.resolvers`,
      message: `There is no file ${settings.resolvers} in the workspace.`,
    })
  const files = [...schemaFiles, ...operationFiles, ...(settings.resolvers === undefined ? [] : [settings.resolvers])]
  if (hasErrors(diagnostics)) return { bff: undefined, diagnostics, files }
  const read = (file: string) => ({ file, text: readFileSync(join(workspaceDir, file), 'utf8') })
  if (services === undefined) {
    const schema = readSchema(schemaFiles.map(read))
    return { bff: undefined, diagnostics: 'diagnostics' in schema ? schema.diagnostics : [], files }
  }
  const { graph, diagnostics: mistakes } = bindGraph(schemaFiles.map(read), services)
  diagnostics.push(...mistakes)
  if (graph === undefined) return { bff: undefined, diagnostics, files }
  if (graph.resolvers.size > 0 && resolvers === undefined)
    diagnostics.push({
      severity: 'error',
      place: placeOf(['bffs', name]),
      coordinate: `bffs.${name}`,
      message: `The schema names functions by @resolver (${[...graph.resolvers].join(', ')}); add \`resolvers:\` with the module that exports them.`,
    })
  const endpoints: EndpointPlan[] = []
  for (const file of operationFiles) {
    const compiled = compileEndpoint(read(file), { graph, limits })
    diagnostics.push(...compiled.diagnostics)
    if (compiled.endpoint !== undefined) endpoints.push(compiled.endpoint)
  }
  diagnostics.push(...clashes(endpoints, workspaceDir))
  if (hasErrors(diagnostics)) return { bff: undefined, diagnostics, files }
  const { prefix } = settings
  const graphql = settings.graphql ?? settings.operations === undefined
  return { bff: { name, prefix, graph, graphql, endpoints, resolvers, limits }, diagnostics, files }
}

/** Two operations at one address: the second would never be asked. */
const clashes = (endpoints: readonly EndpointPlan[], workspaceDir: string): readonly Diagnostic[] => {
  const taken = new Map<string, EndpointPlan>()
  return endpoints.flatMap((endpoint): Diagnostic[] => {
    const address = `${endpoint.method} ${endpoint.path.replaceAll(/\{\w+\}/g, '{}')}`
    const other = taken.get(address)
    taken.set(address, endpoint)
    if (other === undefined) return []
    const text = readFileSync(join(workspaceDir, endpoint.file), 'utf8').split('\n')[0] ?? ''
    return [
      {
        severity: 'error',
        place: { file: endpoint.file, line: 1, column: 1, text },
        coordinate: endpoint.name,
        message: `${endpoint.method} ${endpoint.path} is already served by ${other.file}.`,
      },
    ]
  })
}
