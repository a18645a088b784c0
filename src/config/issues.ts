import type { z } from 'zod'
import type { Code } from '../kernel/codes/codes.ts'
import { didYouMean, nearest } from '../kernel/diagnostic.ts'
import { correction } from '../kernel/mend.ts'
import { expectation, standardExpectation } from './expectation.ts'
import {
  alternatives,
  bare,
  defOf,
  isRequired,
  keysOf,
  kindOf,
  kindsOf,
  listed,
  membersOf,
  type Path,
  type Schema,
  schemasAt,
  wordsFor,
} from './shape.ts'

type Issue = z.core.$ZodIssue

/** What is wrong with one setting, at its key or its value. `place` differs from `path` where a key is missing. */
export type ShapeMistake = {
  readonly path: Path
  readonly place: Path
  readonly part: 'key' | 'value'
  readonly code: Code
  readonly message: string
  /** The setting that a misspelt key most likely meant. */
  readonly meant?: Path
  /** Whether it can have meant nothing else. */
  readonly certain?: true
}

/** What an issue is read against: the whole value, and the shape at the issue's base. */
export type Ground = {
  readonly root: unknown
  readonly base: Path
  readonly schema: Schema
  /** The other variants, where `schema` is one of a union. */
  readonly others?: readonly Schema[]
  /** Whether a setting holds text from the environment. */
  fromEnvironment(path: Path): boolean
}

const isMapping = (value: unknown): value is Record<string, unknown> => kindOf(value) === 'mapping'

/** What stands at a path; undefined where nothing does. */
export const valueAt = (root: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (value, segment) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, segment)
        ? (value as Record<string | number, unknown>)[segment]
        : undefined,
    root,
  )

/** The mistakes behind one zod issue. Messages that the shape did not write itself must have been left empty. */
export const mistakesOf = (issue: Issue, ground: Ground): readonly ShapeMistake[] => {
  const relative = issue.path as Path
  const path = [...ground.base, ...relative]
  const schemas = schemasAt(ground.schema, relative)
  const value = valueAt(ground.root, path)
  if (value === undefined) return [missingKey(path, schemas)]
  if (issue.code === 'unrecognized_keys') return unknownKeys(issue.keys, { path, schemas, value }, ground)
  if (issue.code === 'invalid_key')
    return [
      {
        path,
        place: path,
        part: 'key',
        code: 'PORTICO-005',
        message: issue.issues[0]?.message || 'This name is not allowed.',
      },
    ]
  if (issue.code === 'invalid_union') {
    const chosen = unionMistakes(issue, { path, schemas, value }, ground)
    if (chosen !== undefined) return chosen
  }
  const message = expectation(issue, {
    path,
    value,
    words: listed([...new Set(schemas.map(wordsFor))]),
    fromEnvironment: ground.fromEnvironment(path),
  })
  return [{ path, place: path, part: 'value', code: 'PORTICO-005', message }]
}

const missingKey = (path: Path, schemas: readonly Schema[]): ShapeMistake => ({
  path,
  place: path.slice(0, -1),
  part: 'key',
  code: 'PORTICO-004',
  message: `\`${path.at(-1)}\` is missing: ${standardExpectation(schemas)}`,
})

/** Zod hands up the issues of a union's variant where it is sure of it: then the variants are still to be told apart here. */
const unknownKeys = (
  keys: readonly string[],
  { path, schemas, value }: Union,
  ground: Ground,
): readonly ShapeMistake[] => {
  const variants = schemas.flatMap(alternatives).filter((form) => defOf(form).type === 'object')
  if (variants.length < 2)
    return keys.map((key) =>
      unknownKey([...path, key], variants, path.length === ground.base.length ? ground.others : []),
    )
  const { meant, tooMany } = told(variants, { path, schemas, value })
  if (tooMany !== undefined) return [tooMany]
  const others = variants.filter((variant) => variant !== meant)
  return keys.map((key) => unknownKey([...path, key], meant === undefined ? variants : [meant], others))
}

const unknownKey = (path: Path, schemas: readonly Schema[], others: readonly Schema[] = []): ShapeMistake => {
  const key = String(path.at(-1))
  // What stands behind the colon is the value, and may be a secret.
  const [before = ''] = key.split(':')
  if (before !== key) {
    const message = `\`${before}\` and its value are one word: put a blank behind the colon.`
    return { path: [...path.slice(0, -1), before], place: path, part: 'key', code: 'PORTICO-003', message }
  }
  const home = others.find((other) => keysOf([other]).has(key))
  const known = keysOf(schemas)
  const meant = nearest(key, known)
  const message =
    home === undefined
      ? `Unknown key \`${key}\`.${didYouMean(key, known)}`
      : `\`${key}\` goes with \`${markOf(home, schemas)}\`, not with \`${schemas.map((own) => markOf(own, [home])).join()}\`.`
  return {
    path,
    place: path,
    part: 'key',
    code: 'PORTICO-003',
    message,
    ...(meant === undefined ? {} : { meant: [...path.slice(0, -1), meant] }),
    ...(home === undefined && correction(key, known) !== undefined ? { certain: true } : {}),
  }
}

/** The key that tells one variant from others: its first required key that they do not have. */
const markOf = (variant: Schema, others: readonly Schema[]): string | undefined => {
  const foreign = keysOf(others)
  return alternatives(variant)
    .flatMap((form) => Object.entries(membersOf(form)))
    .find(([key, member]) => isRequired(member) && !foreign.has(key))?.[0]
}

type Union = { readonly path: Path; readonly schemas: readonly Schema[]; readonly value: unknown }
type UnionIssue = Issue & { readonly code: 'invalid_union' }

/** The mistakes of the variant the author meant; undefined where the value is of no variant's kind. */
const unionMistakes = (issue: UnionIssue, union: Union, ground: Ground): readonly ShapeMistake[] | undefined => {
  const options = optionsOf(union.schemas, issue.errors.length)
  const kind = kindOf(union.value)
  const variants = options
    .map((schema, index) => ({ schema, issues: issue.errors[index] ?? [] }))
    .filter(({ schema }) => kindsOf(schema).has(kind))
  const only = variants[0]
  if (only === undefined || (variants.length > 1 && kind !== 'mapping')) return undefined
  if (variants.length > 1) return variantMistakes(variants, union, ground)
  // A scalar of the wrong value is told in the words of the union, which know all its forms.
  if (kind !== 'mapping' && only.issues.every(({ code, path }) => path.length === 0 && code === 'invalid_value'))
    return undefined
  return within(only, union, { ...ground, others: [] })
}

const optionsOf = (schemas: readonly Schema[], count: number): readonly Schema[] => {
  for (const schema of schemas) {
    const def = defOf(bare(schema))
    if (def.type === 'union' && def.options.length === count) return def.options
  }
  return []
}

type Variant = { readonly schema: Schema; readonly issues: readonly Issue[] }

const within = ({ schema, issues }: Variant, { path }: Union, ground: Ground): readonly ShapeMistake[] =>
  issues.flatMap((issue) => mistakesOf(issue, { ...ground, base: path, schema }))

/** Several variants are mappings: the keys that tell them apart decide which was meant. */
const variantMistakes = (variants: readonly Variant[], union: Union, ground: Ground): readonly ShapeMistake[] => {
  const schemas = variants.map(({ schema }) => schema)
  const { meant, tooMany, marks } = told(schemas, union)
  if (tooMany !== undefined) return [tooMany]
  const chosen = variants.find(({ schema }) => schema === meant)
  if (chosen !== undefined)
    return within(chosen, union, { ...ground, others: schemas.filter((schema) => schema !== meant) })
  const { path } = union
  const known = keysOf(schemas)
  const unknown = Object.keys(union.value ?? {}).filter((key) => !known.has(key))
  const needs: ShapeMistake = {
    path,
    place: path,
    part: 'key',
    code: 'PORTICO-004',
    message: `${aNoun(path)} needs ${listed(marks.map((mark) => `\`${mark}\``))}.`,
  }
  return [
    ...unknown.map((key) => unknownKey([...path, key], schemas)),
    // A misspelt `rest` is one mistake, not two.
    ...(unknown.some((key) => marks.includes(nearest(key, known) ?? '')) ? [] : [needs]),
    ...within({ ...variants[0]!, issues: commonIssues(variants) }, union, { ...ground, others: [] }),
  ]
}

type Told = { readonly meant?: Schema; readonly tooMany?: ShapeMistake; readonly marks: readonly string[] }

/** Which variant a mapping is, by the keys that mark them. */
const told = (variants: readonly Schema[], { path, value }: Union): Told => {
  const keys = isMapping(value) ? Object.keys(value) : []
  const marked = variants.map((variant) => ({
    variant,
    mark:
      markOf(
        variant,
        variants.filter((other) => other !== variant),
      ) ?? '',
  }))
  const marks = marked.map(({ mark }) => mark)
  const given = keys.filter((key) => marks.includes(key))
  const meant = marked.find(({ mark }) => mark === given[0])?.variant
  if (meant === undefined) return { marks }
  if (given.length === 1) return { meant, marks }
  const place = [...path, given[1] ?? '']
  const message = `${aNoun(path)} has ${listed(given.map((mark) => `\`${mark}\``))}, not ${given.length === 2 ? 'both' : 'all'}.`
  return { marks, tooMany: { path: place, place, part: 'key', code: 'PORTICO-003', message } }
}

const commonIssues = (variants: readonly Variant[]): readonly Issue[] => {
  const mark = ({ path, code }: Issue) => `${path.join('\u0000')}:${code}`
  return (variants[0]?.issues ?? []).filter(
    (issue) =>
      issue.code !== 'unrecognized_keys' &&
      variants.every(({ issues }) => issues.some((other) => mark(other) === mark(issue))),
  )
}

/** `services.users` is a service, `routes[0].auth` is what it is called. */
const aNoun = (path: Path): string => {
  const [last, list] = [path.at(-1) ?? 'entry', path.at(-2)]
  if (path.length !== 2 && typeof last === 'string') return `\`${last}\``
  const noun = String(list ?? 'entry').replace(/s$/, '')
  return `${/^[aeiou]/.test(noun) ? 'An' : 'A'} ${noun}`
}
