import type { Path } from '../../../config/shape.ts'
import { didYouMean } from '../../../kernel/diagnostic.ts'
import { linearPattern } from '../../../kernel/pattern.ts'
import { isMembers } from '../../../services/openapi/document.ts'
import { formats } from './formats.ts'

/** What reads the value of a keyword: the value for the checker, or a mistake told and undefined. */
type Read = (value: unknown, reader: WordReader, at: Path) => unknown

export type WordReader = {
  readonly told: (at: Path, message: string) => undefined
  /** A schema below; `same` where it speaks of the same value as the one around it. */
  readonly schema: (value: unknown, at: Path, same: boolean) => Checkable
}

/** A schema of JSON Schema 2020-12 with nothing in it that is not checked. */
export type Checkable = boolean | Readonly<Record<string, unknown>>

const expects =
  (fits: (value: unknown) => boolean, what: string): Read =>
  (value, { told }, at) =>
    fits(value) ? value : told(at, `Expected ${what}.`)

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0
const isNames = (value: unknown): boolean =>
  Array.isArray(value) && value.every((one: unknown) => typeof one === 'string')

const number = expects((value) => Number.isFinite(value), 'a number')
const count = expects(isCount, 'a number of things, 0 or more')
const names = expects(isNames, 'a list of names')

const below =
  (same: boolean): Read =>
  (value, { schema }, at) =>
    schema(value, at, same)

const list =
  (same: boolean): Read =>
  (value, { schema, told }, at) =>
    Array.isArray(value) && value.length > 0
      ? value.map((one: unknown, index) => schema(one, [...at, index], same))
      : told(at, 'Expected a list of schemas.')

/** What the checker makes of one name stands within what it makes of those before: V8 reads code to some depth only. */
const mostNames = 1000

const map =
  (readName: Read, same = false): Read =>
  (value, reader, at) => {
    if (!isMembers(value)) return reader.told(at, 'Expected schemas by name.')
    if (Object.keys(value).length > mostNames)
      return reader.told(at, `More than ${mostNames} schemas by name in one place are not read.`)
    return Object.fromEntries(
      Object.entries(value).flatMap(([name, one]) =>
        readName(name, reader, [...at, name]) === undefined
          ? []
          : [[name, reader.schema(one, [...at, name], same)] as const],
      ),
    )
  }

const pattern: Read = (value, { told }, at) => {
  if (typeof value !== 'string') return told(at, 'Expected a regular expression.')
  const found = linearPattern(value)
  return 'mistake' in found
    ? told(at, `The pattern ${found.mistake}, so it is not run. Several patterns by \`allOf\` can say most of it.`)
    : value
}

const types = ['null', 'boolean', 'object', 'array', 'number', 'string', 'integer']

const type: Read = (value, { told }, at) => {
  if (Array.isArray(value) && value.length === 0) return told(at, 'Expected a type, or a list of them.')
  const wrong = [value].flat().find((one) => typeof one !== 'string' || !types.includes(one))
  if (wrong === undefined) return value
  return told(at, `There is no such type.${typeof wrong === 'string' ? didYouMean(wrong, types) : ''}`)
}

const any: Read = (value) => value

/** Every keyword that is checked; all others say nothing of what a request may be. */
export const words: Readonly<Record<string, Read>> = {
  type,
  const: any,
  enum: expects((value) => Array.isArray(value) && value.length > 0, 'a list of values'),
  multipleOf: expects((value) => Number.isFinite(value) && Number(value) > 0, 'a number above 0'),
  maximum: number,
  minimum: number,
  exclusiveMaximum: number,
  exclusiveMinimum: number,
  maxLength: count,
  minLength: count,
  maxItems: count,
  minItems: count,
  maxContains: count,
  minContains: count,
  maxProperties: count,
  minProperties: count,
  pattern,
  // What is no format of ours is words for people (JSON Schema 2020-12 §7.2.1).
  format: (value) => (typeof value === 'string' && Object.hasOwn(formats, value) ? value : undefined),
  uniqueItems: expects((value) => typeof value === 'boolean', 'true or false'),
  required: names,
  dependentRequired: (value, { told }, at) =>
    isMembers(value) && Object.values(value).every(isNames) ? value : told(at, 'Expected lists of names by name.'),
  properties: map(any),
  patternProperties: map(pattern),
  dependentSchemas: map(any, true),
  additionalProperties: below(false),
  unevaluatedProperties: below(false),
  propertyNames: below(false),
  items: below(false),
  prefixItems: list(false),
  unevaluatedItems: below(false),
  contains: below(false),
  allOf: list(true),
  anyOf: list(true),
  oneOf: list(true),
  ...Object.fromEntries(['not', 'if', 'then', 'else'].map((word) => [word, below(true)])),
}
