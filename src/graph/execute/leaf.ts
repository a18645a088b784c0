import { GraphQLBoolean, GraphQLFloat, GraphQLID, GraphQLInt, GraphQLString, isEnumType } from 'graphql'
import { isRawNumber, type Json, numberText } from '../../kernel/json.ts'
import { Problem } from '../../kernel/problem.ts'
import type { Reason } from '../../kernel/reason.ts'
import type { EnumSpellings } from '../graph.ts'
import type { Shape } from '../plan/plan.ts'

/** A raw value as a scalar or enum of the schema, or the Problem that it is none. Null for an enum's "unspecified". */
export const completeLeaf = (
  { type, spellings }: Pick<Extract<Shape, { kind: 'leaf' }>, 'type' | 'spellings'>,
  value: unknown,
  service: string | undefined,
): Json | Problem => {
  if (typeof value === 'string' && (type === GraphQLString || type === GraphQLID)) return value
  switch (type) {
    case GraphQLID:
      if (isRawNumber(value)) return numberText(value)
      break
    case GraphQLInt:
      if (typeof value === 'number' && (value | 0) === value) return value
      if (isRawNumber(value)) return completeLeaf({ type, spellings }, Number(numberText(value)), service)
      break
    case GraphQLFloat:
      if (isRawNumber(value)) return finite(Number(numberText(value)), service)
      break
    case GraphQLBoolean:
      if (typeof value === 'boolean') return value
      break
  }
  if (isEnumType(type)) {
    const name = spellings === undefined ? undefined : enumName(spellings, value)
    return name === undefined
      ? refusal(`a value that ${type.name} does not have`, { service, reason: 'ENUM_UNKNOWN' })
      : name
  }
  try {
    return type.serialize(isRawNumber(value) && type === GraphQLString ? numberText(value) : value) as Json
  } catch {
    // What graphql-js says of it repeats the value, which may be one that nobody is to see.
    return refusal(`something that is no ${type.name}`, { service, reason: 'TYPE_MISMATCH', cause: kindOf(value) })
  }
}

const kindOf = (value: unknown): string => {
  if (isRawNumber(value)) return 'a number'
  if (typeof value === 'string') return `a text of ${value.length} characters`
  return Array.isArray(value) ? `a list of ${value.length}` : `a value of type ${typeof value}`
}

type Refused = { readonly service: string | undefined; readonly reason: Reason; readonly cause?: unknown }

const refusal = (what: string, { service, reason, cause }: Refused): Problem =>
  new Problem('UNAVAILABLE', `The answer of ${service ?? 'its source'} holds ${what}.`, {
    status: 502,
    reason,
    cause,
    ...(service === undefined ? {} : { service }),
  })

const finite = (value: number, service: string | undefined): Json | Problem =>
  Number.isFinite(value) ? value : refusal('a number that is too large for Float', { service, reason: 'TYPE_MISMATCH' })

/** The name of an enum value by its spelling upstream; null for "nothing was said", undefined for one that is not known. */
const enumName = ({ names, fallback }: EnumSpellings, value: unknown): string | null | undefined => {
  if (typeof value !== 'string') return fallback
  const name = names.get(value) ?? fallback
  // The zero value of a proto enum means that nothing was said.
  return name ?? (/(?:^|_)UNSPECIFIED$/.test(value) ? null : undefined)
}
