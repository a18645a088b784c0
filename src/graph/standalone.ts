import {
  type DocumentNode,
  GraphQLError,
  getOperationAST,
  type OperationDefinitionNode,
  parse,
  specifiedRules,
  validate,
  valueFromASTUntyped,
} from 'graphql'
import type { Graph } from './graph.ts'
import { makeOperation, type Operation } from './operation.ts'

/** The one operation of a document outside any store, or what is wrong with it, a sentence each. */
export const parseOperation = (
  { clientSchema, ...graph }: Graph,
  text: string,
): Operation | { readonly errors: readonly string[] } => {
  let document: DocumentNode
  try {
    document = parse(text)
  } catch (error) {
    if (error instanceof GraphQLError) return { errors: [located(error)] }
    throw error
  }
  const errors = validate(clientSchema, document, specifiedRules)
  if (errors.length > 0) return { errors: errors.map(located) }
  const node = getOperationAST(document)
  return node
    ? makeOperation({ clientSchema, ...graph }, document, node)
    : { errors: ['The document should hold exactly one operation.'] }
}

const located = ({ message, locations }: GraphQLError): string => {
  const [at] = locations ?? []
  return at === undefined ? message : `${at.line}:${at.column}  ${message}`
}

/** Variables as given, and the defaults of the others; what has neither stays unknown. */
export const withDefaults = (
  { variableDefinitions = [] }: OperationDefinitionNode,
  given: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> => ({
  ...Object.fromEntries(
    variableDefinitions.flatMap(({ variable, defaultValue }) =>
      defaultValue === undefined ? [] : [[variable.name.value, valueFromASTUntyped(defaultValue)]],
    ),
  ),
  ...given,
})
