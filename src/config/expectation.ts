import { z } from 'zod'
import { nearest } from '../kernel/diagnostic.ts'
import { isSecret } from './places.ts'
import { bare, defOf, kindOf, type Path, type Schema, wordsFor } from './shape.ts'

/** A value that a shape refuses, and what is known of it. */
export type Refused = {
  readonly path: Path
  readonly value: unknown
  /** What the shape takes, in words. */
  readonly words: string
  readonly fromEnvironment: boolean
}

/** "Expected …, found …." with a way out where there is a known one. */
export const expectation = (issue: z.core.$ZodIssue, refused: Refused): string => {
  const sentence = issue.message === '' ? sentenceFor(issue, refused) : issue.message
  const found = foundWords(refused)
  const expected = /^Expected ([^.]*(?:\.[^ ][^.]*)*)\.$/.exec(sentence)?.[1]
  if (expected !== undefined) return `Expected ${expected}, found ${found}.${wayOut(issue, refused)}`
  return refused.fromEnvironment ? `${sentence} Found ${found}.` : sentence
}

const sentenceFor = (issue: z.core.$ZodIssue, { words }: Refused): string => {
  switch (issue.code) {
    case 'too_small':
      return `Expected ${sizeWords(issue.origin, { bound: issue.minimum, side: 'least' })}.`
    case 'too_big':
      return `Expected ${sizeWords(issue.origin, { bound: issue.maximum, side: 'most' })}.`
    case 'invalid_type':
    case 'invalid_value':
    case 'invalid_union':
      return `Expected ${words}.`
    default:
      return 'This value is not allowed here.'
  }
}

const sizeWords = (
  origin: string,
  { bound, side }: { readonly bound: number | bigint; readonly side: 'least' | 'most' },
): string => {
  if (origin === 'array') return `at ${side} ${bound === 1 ? 'one' : bound}`
  return origin === 'string'
    ? `at ${side} ${bound} character${bound === 1 ? '' : 's'}`
    : `a number of at ${side} ${bound}`
}

const longest = 60

const foundWords = ({ path, value, fromEnvironment }: Refused): string => {
  const hidden = isSecret(path) || (typeof value === 'string' && /:\/\/[^/]*@/.test(value))
  const from = fromEnvironment ? ' from the environment' : ''
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list'
  if (kindOf(value) === 'mapping') return 'a mapping'
  if (hidden) return `a ${typeof value === 'string' ? 'text' : typeof value}${from} that is not shown here`
  if (value === '') return `an empty text${from}`
  if (typeof value === 'number') return `the number ${value}`
  if (typeof value !== 'string') return value === true ? 'true' : 'false'
  const short = value.length > longest ? `${value.slice(0, longest)}…` : value
  return `\`${short.replace(/\s+/g, ' ')}\`${from}`
}

const wayOut = (issue: z.core.$ZodIssue, { path, value, words }: Refused): string => {
  const choices = choicesOf(issue)
  if (choices.length > 0 && typeof value === 'string') {
    const near = nearest(value, choices)
    return near === undefined ? '' : ` Did you mean ${near}?`
  }
  if (value === null && words === 'a mapping') return ' Write {} for an empty one.'
  if (value === null && words === 'a list') return ' Write [] for an empty one.'
  if (value === false && words.startsWith('true or a mapping')) return ` Remove \`${path.at(-1)}\` to turn it off.`
  const scalar = typeof value === 'number' || typeof value === 'boolean'
  return scalar && words === 'text' && !isSecret(path) ? ` Quote it: "${value}".` : ''
}

/** The words that would do, of all forms where there are several. */
const choicesOf = (issue: z.core.$ZodIssue): readonly string[] => {
  if (issue.code === 'invalid_value') return issue.values.map(String)
  if (issue.code !== 'invalid_union') return []
  return issue.errors.flat().flatMap((one) => (one.path.length === 0 ? choicesOf(one) : []))
}

/** What a missing key should hold: the shape's own words where it has some, else the first sentence of its description. */
export const standardExpectation = (schemas: readonly Schema[]): string => {
  const [schema] = schemas
  if (schema === undefined) return 'expected a value.'
  const words = wordsFor(schema)
  const told = z.globalRegistry.get(schema)?.description ?? ''
  const first = /^(.+?)(?:: .+?)?\.(?: |$)/.exec(told)?.[1]
  const plain = ['text', 'a list', 'text or a list', 'a mapping', 'a number'].includes(words)
  if (!plain || first === undefined || defOf(bare(schema)).type === 'enum') return `expected ${words}.`
  return `${/^(A|[A-Z][a-z].*)/.test(first) ? `${first[0]?.toLowerCase()}${first.slice(1)}` : first}.`
}
