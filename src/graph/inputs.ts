import {
  GraphQLID,
  type GraphQLInputType,
  type GraphQLNamedInputType,
  type GraphQLSchema,
  getNamedType,
  getNullableType,
  isInputObjectType,
  isInputType,
  isListType,
  isSpecifiedScalarType,
  type OperationDefinitionNode,
  typeFromAST,
} from 'graphql'
import { isRawNumber, numberText } from '../kernel/json.ts'

/**
 * Variables as graphql-js takes them: numbers that were kept digit by digit become what the built-in scalars know.
 * Our own scalars get them as they are.
 */
export const plainInputs = (
  schema: GraphQLSchema,
  { variableDefinitions = [] }: OperationDefinitionNode,
  inputs: Readonly<Record<string, unknown>>,
): Record<string, unknown> => {
  const plain = { ...inputs }
  for (const { variable, type } of variableDefinitions) {
    const name = variable.name.value
    const given = inputs[name]
    // Most variables are plain already: only lists, objects and raw numbers can need more.
    if (given === null || typeof given !== 'object') continue
    const declared = typeFromAST(schema, type)
    if (declared !== undefined && isInputType(declared)) plain[name] = plainValue(given, declared)
  }
  return plain
}

const plainValue = (value: unknown, type: GraphQLInputType): unknown => {
  if (value === null || typeof value !== 'object') return value
  const nullable = getNullableType(type)
  if (isRawNumber(value)) return plainNumber(numberText(value), getNamedType(type)) ?? value
  if (isListType(nullable))
    return Array.isArray(value)
      ? value.map((item) => plainValue(item, nullable.ofType))
      : plainValue(value, nullable.ofType)
  if (!isInputObjectType(nullable) || Array.isArray(value)) return value
  const fields = nullable.getFields()
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      const field = Object.hasOwn(fields, name) ? fields[name] : undefined
      return [name, field === undefined ? inner : plainValue(inner, field.type)]
    }),
  )
}

/** An id is its digits; a number of another built-in type is a double. Undefined for scalars of our own. */
const plainNumber = (digits: string, type: GraphQLNamedInputType): string | number | undefined => {
  if (type === GraphQLID) return /^-?\d+$/.test(digits) ? digits : Number(digits)
  return isSpecifiedScalarType(type) ? Number(digits) : undefined
}
