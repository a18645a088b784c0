import {
  GraphQLBoolean,
  GraphQLFloat,
  GraphQLID,
  GraphQLInt,
  type GraphQLLeafType,
  GraphQLString,
  isEnumType,
} from 'graphql'
import type { Graph } from '../graph.ts'

/** Names of the types that every generated file begins with. */
export const preamble = `/** A number that a double may not hold: digits, or raw JSON. */
type Digits = string | number | bigint | { readonly rawJSON: string }
`

const plain: ReadonlyMap<GraphQLLeafType, string> = new Map<GraphQLLeafType, string>([
  [GraphQLString, 'string'],
  [GraphQLInt, 'number'],
  [GraphQLFloat, 'number'],
  [GraphQLBoolean, 'boolean'],
])

const texts = new Set(['DateTime', 'Duration', 'Bytes'])
const digits = new Set(['Int64', 'UInt64', 'Decimal'])

/** A leaf as functions get it: coerced, under the names of the schema. */
export const givenLeaf = (type: GraphQLLeafType): string => {
  if (isEnumType(type)) return union(type.getValues().map(({ name }) => name))
  if (type === GraphQLID || texts.has(type.name) || digits.has(type.name)) return 'string'
  return type.name === 'UInt32' ? 'number' : (plain.get(type) ?? 'unknown')
}

/** A leaf as services write it, and as functions may return it. */
export const answeredLeaf = (type: GraphQLLeafType, { enums }: Pick<Graph, 'enums'>): string => {
  if (isEnumType(type)) {
    const spellings = enums.get(type.name)
    if (spellings === undefined) return union(type.getValues().map(({ name }) => name))
    return spellings.fallback === undefined ? union([...spellings.names.keys()]) : 'string'
  }
  if (type === GraphQLID) return 'Digits'
  if (digits.has(type.name)) return 'Digits'
  return givenLeaf(type)
}

const union = (names: readonly string[]): string => names.map((name) => JSON.stringify(name)).join(' | ') || 'never'
