import {
  type GraphQLError,
  type GraphQLSchema,
  getVariableValues,
  isInputType,
  Kind,
  type OperationDefinitionNode,
  print,
  typeFromAST,
  valueFromAST,
} from 'graphql'
import type { Graph } from './graph.ts'
import { plainInputs } from './inputs.ts'

/** A variable of an operation, as far as it is known before its value is. */
export type PlannedVariable = {
  readonly name: string
  readonly nonNull: boolean
  /** The built-in scalar whose values are what they are; undefined for all that has to be coerced. */
  readonly plain: PlainScalar | undefined
  /** Its coerced default; undefined where it has none. */
  readonly fallback: { readonly value: unknown } | undefined
}

const fits = {
  String: (value: unknown) => typeof value === 'string',
  ID: (value: unknown) => typeof value === 'string',
  Int: (value: unknown) => typeof value === 'number' && (value | 0) === value,
  Float: (value: unknown) => typeof value === 'number' && Number.isFinite(value),
  Boolean: (value: unknown) => typeof value === 'boolean',
} as const

type PlainScalar = keyof typeof fits

/** The variables of a valid operation. */
export const planVariables = (
  schema: GraphQLSchema,
  { variableDefinitions = [] }: OperationDefinitionNode,
): readonly PlannedVariable[] =>
  variableDefinitions.map(({ variable, type, defaultValue }) => {
    const declared = typeFromAST(schema, type)
    const inner = type.kind === Kind.NON_NULL_TYPE ? type.type : type
    return {
      name: variable.name.value,
      nonNull: type.kind === Kind.NON_NULL_TYPE,
      plain: Object.hasOwn(fits, print(inner)) ? (print(inner) as PlainScalar) : undefined,
      fallback:
        defaultValue === undefined || !isInputType(declared)
          ? undefined
          : { value: valueFromAST(defaultValue, declared) },
    }
  })

export type CoercedVariables =
  | { readonly values: Readonly<Record<string, unknown>> }
  | { readonly errors: readonly GraphQLError[] }

/** Coerced variable values, or what is wrong with them. */
export const coerceVariables = (
  graph: Graph,
  { node, variables }: { readonly node: OperationDefinitionNode; readonly variables: readonly PlannedVariable[] },
  inputs: Readonly<Record<string, unknown>>,
): CoercedVariables => {
  const plain = plainValues(variables, inputs)
  if (plain !== undefined) return { values: plain }
  const { coerced, errors } = getVariableValues(
    graph.schema,
    node.variableDefinitions ?? [],
    plainInputs(graph.schema, node, inputs),
    { maxErrors: 20 },
  )
  return coerced === undefined ? { errors: errors ?? [] } : { values: coerced }
}

/** Most variables are plain scalars, given as what they are. Undefined where one needs a closer look. */
const plainValues = (
  variables: readonly PlannedVariable[],
  inputs: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> | undefined => {
  const values: Record<string, unknown> = {}
  for (const { name, nonNull, plain, fallback } of variables) {
    if (name === '__proto__') return undefined
    if (!Object.hasOwn(inputs, name)) {
      if (fallback !== undefined) values[name] = fallback.value
      else if (nonNull) return undefined
      continue
    }
    const value = inputs[name]
    if (value === null ? nonNull : plain === undefined || !fits[plain](value)) return undefined
    values[name] = value
  }
  return values
}
