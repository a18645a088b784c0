import { type FieldNode, GraphQLError, type GraphQLField, getArgumentValues } from 'graphql'
import { Problem } from '../../kernel/problem.ts'

/**
 * Values of a field's arguments. Throws INVALID_ARGUMENT where a variable is null and the argument must not be,
 * which no validation can see: a variable with a default may be null (GraphQL specification §5.8.5).
 */
export const argumentsOf = (
  { field, node }: { readonly field: GraphQLField<unknown, unknown>; readonly node: FieldNode },
  variables: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> => coerced(() => getArgumentValues(field, node, { ...variables }))

/** What graphql makes of values, its refusal as a Problem. */
export const coerced = <T>(coerce: () => T): T => {
  try {
    return coerce()
  } catch (error) {
    throw error instanceof GraphQLError ? new Problem('INVALID_ARGUMENT', error.message, { cause: error }) : error
  }
}
