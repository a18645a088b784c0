import {
  type FieldNode,
  GraphQLError,
  type GraphQLField,
  getArgumentValues,
  isRequiredArgument,
  Kind,
  type OperationDefinitionNode,
  print,
  visit,
} from 'graphql'
import { Problem } from '../../kernel/problem.ts'

export type Arguments = Readonly<Record<string, unknown>>

/** A field's arguments, as far as they are known before the variables are. */
export type PlannedArguments =
  | { readonly kind: 'fixed'; readonly values: Arguments }
  /** Each named argument is a variable of its own type, which is checked already; the rest is fixed. */
  | {
      readonly kind: 'variables'
      readonly values: Arguments
      readonly named: readonly (readonly [argument: string, variable: string])[]
    }
  /** Variables inside of lists or objects, or of another type: coerced for each request. */
  | { readonly kind: 'coerced' }

type Field = { readonly field: GraphQLField<unknown, unknown>; readonly node: FieldNode }

/** What of a field's arguments need not be found out again for each request. */
export const planArguments = (
  { field, node }: Field,
  { variableDefinitions = [] }: Pick<OperationDefinitionNode, 'variableDefinitions'>,
): PlannedArguments => {
  const types = new Map(variableDefinitions.map(({ variable, type }) => [variable.name.value, print(type)]))
  const named: (readonly [string, string])[] = []
  const rest = (node.arguments ?? []).filter(({ name, value }) => {
    if (value.kind !== Kind.VARIABLE) return true
    const wanted = String(field.args.find((argument) => argument.name === name.value)?.type)
    const given = types.get(value.name.value)
    if (given !== wanted && given !== `${wanted}!`) return true
    named.push([name.value, value.name.value])
    return false
  })
  if (rest.some((argument) => usesVariables(argument))) return { kind: 'coerced' }
  const taken = new Set(named.map(([argument]) => argument))
  const args = field.args.filter((argument) => !taken.has(argument.name) || !isRequiredArgument(argument))
  const values = getArgumentValues({ ...field, args }, { ...node, arguments: rest })
  return named.length === 0 ? { kind: 'fixed', values } : { kind: 'variables', values, named }
}

const usesVariables = (argument: NonNullable<FieldNode['arguments']>[number]): boolean => {
  let found = false
  visit(argument, {
    Variable: () => {
      found = true
    },
  })
  return found
}

/**
 * Values of a field's arguments. Throws INVALID_ARGUMENT where a variable is null and the argument must not be,
 * which no validation can see: a variable with a default may be null (GraphQL specification §5.8.5).
 */
export const argumentsOf = (
  { field, node, args }: Field & { readonly args: PlannedArguments },
  variables: Arguments,
): Arguments => {
  switch (args.kind) {
    case 'fixed':
      return args.values
    case 'variables': {
      const values: Record<string, unknown> = { ...args.values }
      for (const [argument, variable] of args.named)
        if (Object.hasOwn(variables, variable)) values[argument] = variables[variable]
      return values
    }
    case 'coerced':
      return coerced(() => getArgumentValues(field, node, { ...variables }))
  }
}

/** What graphql makes of values, its refusal as a Problem. */
export const coerced = <T>(coerce: () => T): T => {
  try {
    return coerce()
  } catch (error) {
    throw error instanceof GraphQLError ? new Problem('INVALID_ARGUMENT', error.message, { cause: error }) : error
  }
}
