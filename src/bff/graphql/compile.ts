import { GraphQLError, Kind, parse, Source, validate } from 'graphql'
import { diagnosticOf } from '../../graph/bind/sdl.ts'
import type { Graph } from '../../graph/graph.ts'
import { documentRules, type OperationLimits } from '../../graph/limits.ts'
import type { Diagnostic } from '../../kernel/diagnostic.ts'
import { startOf } from '../../kernel/diagnostic.ts'
import type { DocumentsSettings } from './config.ts'
import type { DocumentsPlan } from './documents.ts'
import { readTrusted } from './manifest.ts'

type Surroundings = {
  readonly files: readonly { readonly file: string; readonly text: string }[]
  readonly graph: Graph
  readonly limits: OperationLimits
}

/** `documents:` of a BFF with its manifests read; a trusted document that the schema does not answer is an error. */
export const compileDocuments = (
  settings: DocumentsSettings | undefined,
  { files, graph, limits }: Surroundings,
): { readonly documents: DocumentsPlan; readonly diagnostics: readonly Diagnostic[] } => {
  if (settings === undefined || settings === 'any')
    return { documents: { trusted: undefined, apq: false }, diagnostics: [] }
  const { trusted, apq } = settings
  if (trusted === undefined) return { documents: { trusted: undefined, apq }, diagnostics: [] }
  const diagnostics: Diagnostic[] = []
  const all = files.map((file) => ({ file, ...readTrusted([file]) }))
  for (const { file, documents } of all)
    for (const text of new Set(documents.values())) diagnostics.push(...faults(file, text, { graph, limits }))
  const { documents, diagnostics: unreadable } = readTrusted(files)
  return { documents: { trusted: documents, apq }, diagnostics: [...unreadable, ...diagnostics] }
}

/** What is wrong with a trusted document: in a `.graphql` file at its place, in a manifest by its operation's name. */
const faults = (
  { file, text: whole }: Surroundings['files'][number],
  text: string,
  { graph, limits }: Omit<Surroundings, 'files'>,
): readonly Diagnostic[] => {
  try {
    const document = parse(new Source(text, file), { maxTokens: limits.tokens })
    const named = document.definitions.find((node) => node.kind === Kind.OPERATION_DEFINITION)
    const name = named?.name?.value ?? 'operation'
    return validate(graph.clientSchema, document, documentRules(limits)).map((error) =>
      text === whole ? diagnosticOf(error, file, name) : inManifest(file, whole, { name, message: error.message }),
    )
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error
    return text === whole
      ? [diagnosticOf(error, file, 'operation')]
      : [inManifest(file, whole, { name: 'documents.trusted', message: `${error.message} In: ${text.slice(0, 60)}` })]
  }
}

const inManifest = (
  file: string,
  text: string,
  { name, message }: { readonly name: string; readonly message: string },
): Diagnostic => ({ severity: 'error', code: 'PORTICO-608', place: startOf(file, text), coordinate: name, message })
