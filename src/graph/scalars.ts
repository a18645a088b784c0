import {
  GraphQLError,
  type GraphQLScalarType,
  type GraphQLSchema,
  isScalarType,
  Kind,
  type ValueNode,
  valueFromASTUntyped,
} from 'graphql'
import { exactNumber, isRawNumber, type Json, numberText } from '../kernel/json.ts'

/** How one of our scalars is read from clients and written to them. Both throw GraphQLError. */
type ScalarBehaviour = {
  readonly parseValue: (value: unknown) => Json
  readonly serialize: (value: unknown) => Json
}

const refuse = (expected: string, value: unknown): never => {
  throw new GraphQLError(`Expected ${expected}, found ${typeof value === 'string' ? `"${value}"` : typeof value}.`)
}

const digitsOf = (value: unknown): string | undefined => {
  if (typeof value === 'string') return value
  if (typeof value === 'bigint') return value.toString()
  if (isRawNumber(value)) return numberText(value)
  return Number.isSafeInteger(value) ? String(value) : undefined
}

const wholeNumber = (name: string, least: bigint, most: bigint): ScalarBehaviour => {
  const check = (value: unknown): string => {
    const digits = digitsOf(value)
    if (digits === undefined || !/^-?\d{1,20}$/.test(digits)) return refuse(name, value)
    const number = BigInt(digits)
    return number < least || number > most ? refuse(name, value) : number.toString()
  }
  return { parseValue: check, serialize: check }
}

const uint32 = (value: unknown): number => {
  const digits = digitsOf(value)
  const number = digits !== undefined && /^\d{1,10}$/.test(digits) ? Number(digits) : -1
  return number < 0 || number > 0xffff_ffff ? refuse('a 32-bit unsigned integer', value) : number
}

const text = (expected: string, form: RegExp): ScalarBehaviour => {
  const check = (value: unknown): string =>
    typeof value === 'string' && form.test(value) ? value : refuse(expected, value)
  return { parseValue: check, serialize: check }
}

const decimal = (value: unknown): string => {
  const digits = typeof value === 'number' ? String(value) : digitsOf(value)
  return digits !== undefined && /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(digits)
    ? digits
    : refuse('a decimal number', value)
}

/** Writing JSON takes stack for each level: a service that answers ten thousand would take the whole operation. */
const mostLevels = 500

const json = (value: unknown): Json =>
  isDeeper(value, mostLevels) ? refuse(`JSON of at most ${mostLevels} levels`, value) : (value as Json)

const isDeeper = (value: unknown, levels: number): boolean => {
  if (typeof value !== 'object' || value === null || isRawNumber(value)) return false
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1))
}

const behaviours: Readonly<Record<string, ScalarBehaviour>> = {
  Int64: wholeNumber('a 64-bit integer', -(2n ** 63n), 2n ** 63n - 1n),
  UInt64: wholeNumber('a 64-bit unsigned integer', 0n, 2n ** 64n - 1n),
  UInt32: { parseValue: uint32, serialize: uint32 },
  Decimal: { parseValue: decimal, serialize: decimal },
  DateTime: text(
    'a time such as 2026-01-31T12:00:00Z (RFC 3339)',
    /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[Tt]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-]([01]\d|2[0-3]):[0-5]\d)$/,
  ),
  Duration: text('a span of seconds such as 1.5s', /^-?\d{1,12}(\.\d{1,9})?s$/),
  Bytes: text('bytes in base64', /^[A-Za-z0-9+/_-]*={0,2}$/),
  JSON: { parseValue: json, serialize: json },
}

const literalOf =
  ({ parseValue }: ScalarBehaviour, name: string) =>
  (node: ValueNode, variables?: Readonly<Record<string, unknown>> | null): Json =>
    parseValue(
      name !== 'JSON' && (node.kind === Kind.INT || node.kind === Kind.FLOAT) ? node.value : literal(node, variables),
    )

/** A literal as JSON, every digit kept. */
const literal = (node: ValueNode, variables: Readonly<Record<string, unknown>> | null | undefined): Json => {
  switch (node.kind) {
    case Kind.INT:
    case Kind.FLOAT:
      return exactNumber(node.value)
    case Kind.LIST:
      return node.values.map((value) => literal(value, variables))
    case Kind.OBJECT:
      return Object.fromEntries(node.fields.map(({ name, value }) => [name.value, literal(value, variables)]))
    default:
      return valueFromASTUntyped(node, variables) as Json
  }
}

/** Gives our scalars of a schema their behaviour; SDL alone makes them accept anything. */
export const withScalars = (schema: GraphQLSchema): GraphQLSchema => {
  for (const [name, behaviour] of Object.entries(behaviours)) {
    const type = schema.getType(name)
    if (isScalarType(type))
      Object.assign<GraphQLScalarType, Partial<GraphQLScalarType>>(type, {
        ...behaviour,
        parseLiteral: literalOf(behaviour, name),
      })
  }
  return schema
}
