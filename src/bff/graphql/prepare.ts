import { GraphQLError } from 'graphql'
import type { Operation, OperationStore } from '../../graph/operation.ts'
import { coerceVariables } from '../../graph/variables.ts'
import type { BffPlan } from '../bff.ts'
import type { FindDocument } from './documents.ts'
import type { GraphqlParameters } from './parameters.ts'

/** What a request asks for, checked and ready to run; or what is wrong with it. */
export type Prepared =
  | { readonly operation: Operation; readonly variables: Readonly<Record<string, unknown>> }
  | { readonly errors: readonly GraphQLError[] }

/** Finds the document that parameters mean, and checks it and its variables. Throws Problem. */
export type Prepare = (parameters: GraphqlParameters) => Prepared | Promise<Prepared>

export type PrepareTools = {
  readonly store: OperationStore
  readonly find: FindDocument
  /** Whether errors may suggest names of the schema. */
  readonly suggestions: boolean
}

/** Answers at once where the document is at hand. */
export const preparer = ({ graph }: BffPlan, { store, find, suggestions }: PrepareTools): Prepare => {
  const check = (text: string, { operationName, variables }: GraphqlParameters): Prepared => {
    const operation = store.find(text, operationName)
    if ('length' in operation) return { errors: operation }
    const coerced = coerceVariables(graph, operation, variables)
    if ('errors' in coerced) return { errors: suggestions ? coerced.errors : coerced.errors.map(withoutSuggestion) }
    return { operation, variables: coerced.values }
  }
  return (parameters) => {
    try {
      const text = find(parameters)
      return typeof text === 'string'
        ? check(text, parameters)
        : text.then((found) => check(found, parameters), refused)
    } catch (thrown) {
      return refused(thrown)
    }
  }
}

const refused = (thrown: unknown): Prepared => {
  if (thrown instanceof GraphQLError) return { errors: [thrown] }
  // Variables are coerced by recursion: a body can nest deeper than the stack.
  if (thrown instanceof RangeError) return { errors: [new GraphQLError('The variables are nested too deeply.')] }
  throw thrown
}

/** graphql-js suggests names when it coerces variables, and can be told not to only when it validates. */
const withoutSuggestion = ({ message, nodes, extensions }: GraphQLError): GraphQLError =>
  new GraphQLError(message.replace(/ Did you mean [^?]*\?$/, ''), { nodes: nodes ?? null, extensions })
