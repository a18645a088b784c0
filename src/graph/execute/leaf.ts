import { GraphQLBoolean, GraphQLFloat, GraphQLID, GraphQLInt, GraphQLString, isEnumType } from 'graphql'
import { isRawNumber, type Json, numberText } from '../../kernel/json.ts'
import { Problem } from '../../kernel/problem.ts'
import type { EnumSpellings } from '../graph.ts'
import type { Shape } from '../plan/plan.ts'

/** A raw value as a scalar or enum of the schema, or the Problem that it is none. Null for an enum's "unspecified". */
export const completeLeaf = ({ type, spellings }: Extract<Shape, { kind: 'leaf' }>, value: unknown): Json | Problem => {
  switch (type) {
    case GraphQLString:
      if (typeof value === 'string') return value
      break
    case GraphQLID:
      if (typeof value === 'string') return value
      if (isRawNumber(value)) return numberText(value)
      break
    case GraphQLInt:
      if (typeof value === 'number' && (value | 0) === value) return value
      break
    case GraphQLFloat:
      if (isRawNumber(value)) return finite(Number(numberText(value)))
      break
    case GraphQLBoolean:
      if (typeof value === 'boolean') return value
      break
  }
  if (isEnumType(type)) return spellings === undefined ? unknownValue(type.name) : enumName(type.name, spellings, value)
  try {
    return type.serialize(isRawNumber(value) && type === GraphQLString ? numberText(value) : value) as Json
  } catch (cause) {
    return new Problem('UNAVAILABLE', `The answer holds something that is no ${type.name}.`, { status: 502, cause })
  }
}

const finite = (value: number): Json | Problem =>
  Number.isFinite(value)
    ? value
    : new Problem('UNAVAILABLE', 'The answer holds a number that is too large for Float.', { status: 502 })

const enumName = (type: string, { names, fallback }: EnumSpellings, value: unknown): Json | Problem => {
  if (typeof value !== 'string') return fallback ?? unknownValue(type)
  const name = names.get(value) ?? fallback
  if (name !== undefined) return name
  // The zero value of a proto enum means that nothing was said.
  return value.endsWith('_UNSPECIFIED') ? null : unknownValue(type)
}

const unknownValue = (type: string): Problem =>
  new Problem('UNAVAILABLE', `The answer holds a value that ${type} does not have.`, { status: 502 })
