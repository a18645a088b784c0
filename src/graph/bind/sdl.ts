import {
  type ASTNode,
  buildASTSchema,
  type DocumentNode,
  GraphQLError,
  type GraphQLSchema,
  Kind,
  parse,
  Source,
  ValuesOfCorrectTypeRule,
  validate,
  validateSchema,
} from 'graphql'
import { validateSDL } from 'graphql/validation/validate.js'
import { type Diagnostic, type Mend, type Place, placeAt, startOf } from '../../kernel/diagnostic.ts'
import { correction, mendWord } from '../../kernel/mend.ts'
import { prelude } from '../prelude.ts'
import { withScalars } from '../scalars.ts'

export type SourceFile = { readonly file: string; readonly text: string }

/** The place of a syntax node in its file. */
export const placeOfNode = (node: ASTNode): Place =>
  node.loc === undefined ? startOf('schema') : placeAt(node.loc.source.name, node.loc.source.body, node.loc.start)

/** A GraphQL error of a workspace file as a diagnostic: of a schema, or of the operation that `coordinate` names. */
export const diagnosticOf = (error: GraphQLError, file: string, coordinate?: string): Diagnostic => {
  const node = error.nodes?.find(({ loc }) => loc !== undefined && loc.source.name !== 'portico')
  const source = error.source
  const place =
    node !== undefined
      ? placeOfNode(node)
      : source !== undefined && source.name !== 'portico'
        ? placeAt(source.name, source.body, error.positions?.[0] ?? 0)
        : startOf(file)
  const code = coordinate === undefined ? 'PORTICO-106' : 'PORTICO-608'
  return {
    severity: 'error',
    code,
    place,
    coordinate: coordinate ?? 'schema',
    message: error.message,
    mend: node && suggested(node, error.message),
  }
}

/** The edit of what graphql-js suggests: the first name that it quotes is the misspelt one. */
const suggested = ({ loc }: ASTNode, message: string): Mend | undefined => {
  const [, name, meant] = /^[^"]*"([^"]+)".* Did you mean (?:the enum value )?("[^?]+")\?$/.exec(message) ?? []
  if (loc === undefined || name === undefined || meant === undefined) return undefined
  const candidates = [...meant.matchAll(/"([^"]+)"/g)].map(([, candidate = '']) => candidate)
  const { source, start, end } = loc
  return mendWord({ file: source.name, text: source.body, start, end }, name, correction(name, candidates))
}

/** Files of SDL as one schema with our directives known, or what is wrong with them. */
export const readSchema = (
  files: readonly SourceFile[],
):
  | { readonly schema: GraphQLSchema; readonly document: DocumentNode }
  | { readonly diagnostics: readonly Diagnostic[] } => {
  const diagnostics: Diagnostic[] = []
  const documents: DocumentNode[] = []
  for (const { file, text } of files) {
    try {
      documents.push(parse(new Source(text, file)))
    } catch (error) {
      if (!(error instanceof GraphQLError)) throw error
      const empty = /^\ufeff?(?:[\s,]|#.*)*$/.test(text)
      const message = empty ? 'The file defines nothing: write types into it, or do not name it.' : error.message
      diagnostics.push({ ...diagnosticOf(error, file), message })
    }
  }
  if (diagnostics.length > 0) return { diagnostics }
  const document: DocumentNode = {
    kind: Kind.DOCUMENT,
    definitions: [...prelude.definitions, ...documents.flatMap(({ definitions }) => definitions)],
  }
  const first = files[0]?.file ?? 'schema'
  const mistakes = validateSDL(document)
  if (mistakes.length > 0) return { diagnostics: mistakes.map((error) => diagnosticOf(error, first)) }
  const schema = buildASTSchema(document, { assumeValidSDL: true })
  const faults = [...validateSchema(schema)]
  // The rules for SDL know the arguments of directives, not whether their values fit.
  if (faults.length === 0) faults.push(...validate(schema, document, [ValuesOfCorrectTypeRule]))
  if (faults.length > 0) return { diagnostics: faults.map((error) => diagnosticOf(error, first)) }
  return { schema: withScalars(schema), document }
}
