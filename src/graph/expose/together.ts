import { type DefinitionNode, type DocumentNode, GraphQLError, Kind, parse, Source } from 'graphql'
import { type Diagnostic, didYouMean, type Place } from '../../kernel/diagnostic.ts'
import type { Service } from '../../services/service.ts'
import { placeOfNode, type SourceFile } from '../bind/sdl.ts'
import type { RootKind } from '../roots.ts'
import type { Exposure } from './config.ts'
import { type Exposed, exposeService } from './expose.ts'
import { printDefinition } from './print.ts'
import { emptyQuery, plainRoots, type Roots, sdlOf } from './sdl.ts'
import { pascal } from './words.ts'

export type ExposeSurroundings = {
  readonly services: ReadonlyMap<string, Service>
  /** The schema files that stand beside what is exposed. */
  readonly files: readonly SourceFile[]
  /** The place of a setting below `expose`, and what it is called in diagnostics. */
  readonly placeOf: (at: readonly (string | number)[]) => { readonly place: Place; readonly coordinate: string }
}

/**
 * The SDL of all exposures of a BFF, one file for each service, to be read beside its schema files. Messages that
 * services share stand in the first file that needs them; other names that meet are mistakes, told with both places.
 */
export const exposeAll = (
  exposures: readonly Exposure[],
  { services, files, placeOf }: ExposeSurroundings,
): { readonly files: readonly SourceFile[]; readonly diagnostics: readonly Diagnostic[] } => {
  if (exposures.length === 0) return { files: [], diagnostics: [] }
  const diagnostics: Diagnostic[] = []
  const known = knownIn(files)
  const defined = new Set(known.roots.defined)
  const made: SourceFile[] = []
  for (const exposure of exposures) {
    const report = (at: Exposure['at'], told: Pick<Diagnostic, 'severity' | 'code' | 'message'>): void => {
      diagnostics.push({ ...told, ...placeOf([...exposure.at, ...at]) })
    }
    const service = services.get(exposure.service)
    if (service?.kind !== 'grpc') {
      report([], { severity: 'error', code: 'PORTICO-820', message: noSuchService(exposure.service, services) })
      continue
    }
    const exposed = exposeService(service, exposure)
    for (const { severity, at, message } of exposed.mistakes)
      report(at, { severity, code: severity === 'error' ? 'PORTICO-820' : 'PORTICO-822', message })
    const meeting = new Meeting(exposed, known, (message) =>
      report([], { severity: 'error', code: 'PORTICO-821', message }),
    )
    const text = sdlOf({ ...exposed, types: meeting.ownTypes() }, { names: known.roots.names, defined })
    for (const { exposed: method } of exposed.fields) defined.add(method.kind)
    if (exposed.fields.length > 0) made.push({ file: fileOf(exposed), text })
  }
  return { files: [...made, ...rootFiles(defined, known)], diagnostics }
}

/** The name under which diagnostics show what is in no file: what is exposed of a service. */
export const exposedFile = (service: string): string => `${service} (exposed)`

const fileOf = ({ service }: Pick<Exposed, 'service'>): string => exposedFile(service)

const noSuchService = (name: string, services: ReadonlyMap<string, Service>): string => {
  const grpc = [...services.values()].filter(({ kind }) => kind === 'grpc').map((service) => service.name)
  return services.has(name)
    ? `${name} speaks REST; only a gRPC service says by itself what it can do.`
    : `There is no service ${name} in portico.yaml.${didYouMean(name, grpc)}`
}

/** Roots that GraphQL or the author's own `schema { … }` lacks. */
const rootFiles = (defined: ReadonlySet<RootKind>, { roots, hasSchema }: Known): readonly SourceFile[] => {
  const file = exposedFile('roots')
  const { names } = roots
  const missing = hasSchema ? [...defined].filter((kind) => !roots.named.has(kind)) : []
  return [
    ...(defined.has('query') ? [] : [{ file, text: emptyQuery(names.query) }]),
    ...missing.map((kind) => ({ file, text: `extend schema { ${kind}: ${names[kind]} }\n` })),
  ]
}

/** A name that is taken: where, and by what; text and origin of a type that another service exposes. */
type Taken = { readonly where: string; readonly of?: string; readonly text?: string }

type Known = {
  readonly roots: Roots & { readonly named: ReadonlySet<RootKind> }
  readonly hasSchema: boolean
  readonly types: Map<string, Taken>
  /** By `query.getProduct`. */
  readonly fields: Map<string, Taken>
}

const knownIn = (files: readonly SourceFile[]): Known => {
  const definitions = files.flatMap((file) => parsed(file)?.definitions ?? [])
  const named = new Set<RootKind>()
  const names = { ...plainRoots.names }
  for (const node of definitions)
    if (node.kind === Kind.SCHEMA_DEFINITION || node.kind === Kind.SCHEMA_EXTENSION)
      for (const { operation, type } of node.operationTypes ?? []) {
        named.add(operation)
        names[operation] = type.name.value
      }
  const kindOf = (name: string): RootKind | undefined =>
    (Object.keys(names) as RootKind[]).find((kind) => names[kind] === name)
  const types = new Map<string, Taken>()
  const fields = new Map<string, Taken>()
  const defined = new Set<RootKind>()
  for (const node of definitions) {
    if (!('name' in node) || node.name === undefined || node.kind === Kind.DIRECTIVE_DEFINITION) continue
    const kind = kindOf(node.name.value)
    if (isDefinition(node)) types.set(node.name.value, { where: placeText(node.name) })
    if (kind === undefined || !('fields' in node)) continue
    if (isDefinition(node)) defined.add(kind)
    for (const field of node.fields ?? []) fields.set(`${kind}.${field.name.value}`, { where: placeText(field.name) })
  }
  const hasSchema = definitions.some(({ kind }) => kind === Kind.SCHEMA_DEFINITION)
  return { roots: { names, defined, named }, hasSchema, types, fields }
}

const isDefinition = ({ kind }: DefinitionNode): boolean => kind.endsWith('TypeDefinition')

/** A file that cannot be parsed is told about by who reads the schema. */
const parsed = ({ file, text }: SourceFile): DocumentNode | undefined => {
  try {
    return parse(new Source(text, file))
  } catch (error) {
    if (error instanceof GraphQLError) return undefined
    throw error
  }
}

const placeText = (node: Parameters<typeof placeOfNode>[0]): string => {
  const { file, line, column } = placeOfNode(node)
  return `${file}:${line}:${column}`
}

/** What one service exposes against the names there are. */
class Meeting {
  private readonly exposed: Exposed
  private readonly known: Known
  private readonly report: (message: string) => void

  constructor(exposed: Exposed, known: Known, report: (message: string) => void) {
    this.exposed = exposed
    this.known = known
    this.report = report
    for (const { exposed: method } of exposed.fields) {
      const { kind, field } = method
      this.take(known.fields, `${kind}.${field}`, { what: `${field} (${method.path}) as a ${kind}`, taken: this.mine })
    }
  }

  /** The types that no earlier file has in the same words. */
  ownTypes(): Exposed['types'] {
    const { types } = this.known
    return this.exposed.types.filter((type) => {
      const { name, of } = type
      const text = printDefinition(type)
      const other = types.get(name)
      if (other?.of === of && other.text === text) return false
      this.take(types, name, {
        what: `a type ${name} (${of.split(' ').at(-1)?.slice(1)})`,
        taken: { ...this.mine, of, text },
      })
      return true
    })
  }

  private get mine(): Taken {
    return { where: `what ${this.exposed.service} exposes` }
  }

  private take(names: Map<string, Taken>, name: string, { what, taken }: { what: string; taken: Taken }): void {
    const other = names.get(name)
    names.set(name, taken)
    // Two fields of one service under one name are told where that service is read.
    if (other === undefined || other.where === this.mine.where) return
    const { service } = this.exposed
    this.report(
      `${service} exposes ${what}, which is already in ${other.where}. Set its names apart by expose: { ${service}: { prefix: ${pascal(service.replaceAll('-', '_'))} } }, or show fewer of its methods by \`methods\`.`,
    )
  }
}
