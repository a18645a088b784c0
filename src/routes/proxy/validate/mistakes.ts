import type { DefinedError, ErrorObject } from 'ajv/dist/2020.js'
import { shortened } from '../../../kernel/shortened.ts'

/** What is wrong with a value: where (RFC 6901), and in words that say nothing of the value. */
export type Mistake = { readonly path: string; readonly message: string }

/** As many as one mends at once; who repeats himself has one mistake. */
export const mostMistakes = 20

/** The names in a path are the client's, and as long as it likes. */
const longestPath = 200

/** Where a name stands that a client chose (RFC 6901 §3). */
export const pointerTo = (name: string): string =>
  shortened(`/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`, longestPath)

/** What the checker found, in our words. */
export const mistakesOf = (errors: readonly ErrorObject[]): readonly Mistake[] => {
  const found: Mistake[] = []
  for (const error of told(errors)) {
    const { path, message } = mistakeOf(error as DefinedError)
    const mistake = { path: shortened(path, longestPath), message }
    if (found.some((one) => one.path === mistake.path && one.message === message)) continue
    found.push(mistake)
    if (found.length === mostMistakes) break
  }
  return found
}

/** Of a choice that failed, what was wrong with each form stands before it, and helps nobody. */
const told = (errors: readonly ErrorObject[]): readonly ErrorObject[] => {
  const kept: ErrorObject[] = []
  for (const error of errors) {
    const { keyword, instancePath } = error
    // Its `else` has told.
    if (keyword === 'if') continue
    if (choices.has(keyword)) while (isWithin(kept.at(-1), instancePath)) kept.pop()
    kept.push(error)
  }
  return kept
}

const choices = new Set(['anyOf', 'oneOf', 'not', 'contains', 'propertyNames'])

const isWithin = (error: ErrorObject | undefined, path: string): boolean =>
  error !== undefined && (error.instancePath === path || error.instancePath.startsWith(`${path}/`))

const mistakeOf = (error: DefinedError): Mistake => {
  const at = (name: string): string => error.instancePath + pointerTo(name)
  const here = (message: string): Mistake => ({ path: error.instancePath, message })
  switch (error.keyword) {
    case 'required':
    case 'dependentRequired':
      return { path: at(error.params.missingProperty), message: 'is missing' }
    case 'additionalProperties':
      return { path: at(error.params.additionalProperty), message: unknown }
    case 'unevaluatedProperties':
      return { path: at(error.params.unevaluatedProperty), message: unknown }
    case 'propertyNames':
      return { path: at(error.params.propertyName), message: 'is no name that is taken here' }
    case 'type':
      return here(`should be ${typesInWords(error.params.type)}`)
    case 'minimum':
    case 'maximum':
    case 'exclusiveMinimum':
    case 'exclusiveMaximum':
      return here(`should be ${comparisons[error.params.comparison]} ${error.params.limit}`)
    case 'multipleOf':
      return here(`should be a multiple of ${error.params.multipleOf}`)
    case 'minLength':
      return here(`should have at least ${counted(error.params.limit, 'character')}`)
    case 'maxLength':
      return here(`should have at most ${counted(error.params.limit, 'character')}`)
    case 'minItems':
      return here(`should have at least ${counted(error.params.limit, 'item')}`)
    case 'maxItems':
    case 'items':
    case 'unevaluatedItems':
      return here(
        'limit' in error.params ? `should have at most ${counted(error.params.limit, 'item')}` : 'has too many items',
      )
    case 'minProperties':
      return here(`should have at least ${counted(error.params.limit, 'member')}`)
    case 'maxProperties':
      return here(`should have at most ${counted(error.params.limit, 'member')}`)
    case 'uniqueItems':
      return here('has an item twice')
    case 'contains':
      return here('lacks an item that has to be there, or has too many of them')
    case 'enum':
    case 'const':
      return here('is none of the values that are taken here')
    case 'format':
      return here(`should be a valid ${error.params.format}`)
    case 'pattern':
      return here('has not the form that it should have')
    case 'oneOf':
      return here(
        error.params.passingSchemas === null ? 'fits none of the forms that are taken here' : 'fits more than one form',
      )
    case 'anyOf':
      return here('fits none of the forms that are taken here')
    default:
      return here('should not be so')
  }
}

const unknown = 'is not known here'

const comparisons = { '<=': 'at most', '>=': 'at least', '<': 'less than', '>': 'more than' } as const

const words: Readonly<Record<string, string>> = {
  null: 'null',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
  number: 'a number',
  string: 'a string',
  integer: 'an integer',
}

/** One type, or several as a list or with commas between them. */
const typesInWords = (type: string | readonly string[]): string =>
  [type]
    .flat()
    .flatMap((one) => one.split(','))
    .map((one) => words[one] ?? one)
    .join(' or ')

const counted = (count: number, thing: string): string => `${count} ${thing}${count === 1 ? '' : 's'}`
