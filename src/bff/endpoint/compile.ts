import {
  type DocumentNode,
  GraphQLError,
  Kind,
  NoUnusedVariablesRule,
  type OperationDefinitionNode,
  parse,
  Source,
  type ValidationRule,
  validate,
} from 'graphql'
import { misspelt } from '../../graph/bind/context.ts'
import { diagnosticOf, placeOfNode } from '../../graph/bind/sdl.ts'
import { directivesOf } from '../../graph/directives.ts'
import { documentRules, type OperationLimits } from '../../graph/limits.ts'
import { type Diagnostic, startOf } from '../../kernel/diagnostic.ts'
import { readEndpoint } from './arguments.ts'
import type { EndpointPlan } from './endpoint.ts'
import type { Reading } from './reading.ts'

/** Directives of a stored operation that no schema of clients knows. */
const ours: readonly string[] = ['endpoint', 'auth', 'rateLimit']

type SourceFile = { readonly file: string; readonly text: string }

export type EndpointSurroundings = Pick<Reading, 'graph' | 'guarded'> & {
  readonly limits: OperationLimits
}

/** A stored operation as an endpoint; undefined when it is wrong, with the mistakes as diagnostics. */
export const compileEndpoint = (
  { file, text }: SourceFile,
  { limits, ...surroundings }: EndpointSurroundings,
): { readonly endpoint: EndpointPlan | undefined; readonly diagnostics: readonly Diagnostic[] } => {
  const diagnostics: Diagnostic[] = []
  const wrong = (...found: readonly Diagnostic[]) => ({ endpoint: undefined, diagnostics: [...diagnostics, ...found] })
  let document: DocumentNode
  try {
    document = parse(new Source(text, file), { maxTokens: limits.tokens })
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error
    return wrong(diagnosticOf(error, file, 'operation'))
  }
  const operations = document.definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION)
  const [node] = operations
  if (node === undefined || operations.length > 1)
    return wrong({
      severity: 'error',
      code: 'PORTICO-610',
      place: startOf(file, text),
      coordinate: 'operation',
      message: 'A file of stored operations holds exactly one operation.',
    })
  const coordinate = node.name?.value ?? 'operation'
  const report: Reading['report'] = (at, code, message, unknown) => {
    const mend = unknown && misspelt(unknown.written ?? at, unknown.name, unknown)
    diagnostics.push({ severity: 'error', code, place: placeOfNode(at), coordinate, message, mend })
  }
  const [directive] = directivesOf('endpoint', node as never)
  if (directive === undefined)
    return wrong({
      severity: 'error',
      code: 'PORTICO-609',
      place: placeOfNode(node),
      coordinate,
      message: 'A stored operation says where it is served: add @endpoint(get: "/…").',
    })
  const bare: OperationDefinitionNode = {
    ...node,
    directives: node.directives?.filter(({ name }) => !ours.includes(name.value)) ?? [],
  }
  const stripped: DocumentNode = {
    ...document,
    definitions: document.definitions.map((definition) => (definition === node ? bare : definition)),
  }
  const refused = (rules: readonly ValidationRule[]): readonly Diagnostic[] =>
    validate(surroundings.graph.clientSchema, stripped, rules).map((error) => diagnosticOf(error, file, coordinate))
  const errors = [
    ...refused(documentRules(limits).filter((rule) => rule !== NoUnusedVariablesRule)),
    ...refused([NoUnusedVariablesRule]).map((unused): Diagnostic => ({ ...unused, code: 'PORTICO-603' })),
  ]
  if (errors.length > 0) return wrong(...errors)
  const endpoint = readEndpoint({
    ...surroundings,
    file,
    node: bare,
    directive,
    auth: directivesOf('auth', node as never)[0],
    limits: directivesOf('rateLimit', node as never),
    document: stripped,
    report,
  })
  return { endpoint: diagnostics.length > 0 ? undefined : endpoint, diagnostics }
}
