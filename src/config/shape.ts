import { z } from 'zod'

/** Questions to a zod shape: what a place may hold, which keys it knows, how that is said in words. */

export type Schema = z.core.$ZodType
/** Where in a workspace file: keys and list indices from the top. */
export type Path = readonly (string | number)[]
export type Kind = 'text' | 'number' | 'boolean' | 'list' | 'mapping' | 'other'

export const defOf = (schema: Schema): z.core.$ZodTypes['_zod']['def'] => (schema as z.core.$ZodTypes)._zod.def

/** The schema under its defaults, optionals and transforms: what an author writes. */
export const bare = (schema: Schema): Schema => {
  const def = defOf(schema)
  switch (def.type) {
    case 'optional':
    case 'default':
    case 'prefault':
    case 'nullable':
    case 'nonoptional':
    case 'readonly':
    case 'catch':
      return bare(def.innerType)
    case 'pipe':
      return bare(def.in)
    case 'lazy':
      return bare(def.getter())
    default:
      return schema
  }
}

/** Every form a value may take: bare, and unions opened. */
export const alternatives = (schema: Schema): readonly Schema[] => {
  const form = bare(schema)
  const def = defOf(form)
  return def.type === 'union' ? def.options.flatMap(alternatives) : [form]
}

export const kindsOf = (schema: Schema): ReadonlySet<Kind> => new Set(alternatives(schema).flatMap(formKinds))

const formKinds = (form: Schema): readonly Kind[] => {
  const def = defOf(form)
  switch (def.type) {
    case 'string':
      return ['text']
    case 'number':
      return ['number']
    case 'boolean':
      return ['boolean']
    case 'enum':
      return Object.values(def.entries).map(kindOf)
    case 'literal':
      return def.values.map(kindOf)
    case 'array':
      return ['list']
    case 'object':
    case 'record':
      return ['mapping']
    default:
      return ['other']
  }
}

export const kindOf = (value: unknown): Kind => {
  if (typeof value === 'string') return 'text'
  if (typeof value === 'number') return 'number'
  if (typeof value === 'boolean') return 'boolean'
  if (Array.isArray(value)) return 'list'
  return typeof value === 'object' && value !== null ? 'mapping' : 'other'
}

/** The members of an object shape, by key; empty for every other shape. */
export const membersOf = (form: Schema): Readonly<Record<string, Schema>> => {
  const def = defOf(form)
  return def.type === 'object' ? def.shape : {}
}

const childOf = (form: Schema, segment: string | number): readonly Schema[] => {
  const def = defOf(form)
  if (def.type === 'record') return [def.valueType]
  if (def.type === 'array') return [def.element]
  const members = membersOf(form)
  const member = Object.hasOwn(members, segment) ? members[segment] : undefined
  return member === undefined ? [] : [member]
}

/** The schemas a key or index below `schemas` may have: several where unions stand above it, none where it is unknown. */
export const below = (schemas: readonly Schema[], segment: string | number): readonly Schema[] => {
  let children = childrenOf.get(schemas)
  if (children === undefined) childrenOf.set(schemas, (children = new Map()))
  let found = children.get(segment)
  if (found === undefined) {
    found = schemas.flatMap(alternatives).flatMap((form) => childOf(form, segment))
    children.set(segment, found)
  }
  return found
}

/** Ten thousand routes are read against the same few schemas. */
const childrenOf = new WeakMap<readonly Schema[], Map<string | number, readonly Schema[]>>()

export const schemasAt = (schema: Schema, path: Path): readonly Schema[] => path.reduce(below, [schema])

/** The keys a mapping may have. */
export const keysOf = (schemas: readonly Schema[]): ReadonlySet<string> => {
  let keys = memberKeys.get(schemas)
  if (keys === undefined) {
    keys = new Set(schemas.flatMap(alternatives).flatMap((form) => Object.keys(membersOf(form))))
    memberKeys.set(schemas, keys)
  }
  return keys
}

const memberKeys = new WeakMap<readonly Schema[], ReadonlySet<string>>()

/** Whether a key must be written. */
export const isRequired = (schema: Schema): boolean => schema._zod.optin === undefined

export const listed = (items: readonly string[], word = 'or'): string =>
  items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} ${word} ${items.at(-1)}`

/** What a shape's own error says it expects: `a duration such as 800ms`; undefined where it says nothing. */
const ownWords = (form: Schema): string | undefined => {
  const { error } = z.safeParse(form, undefined, { error: () => '' })
  return /^Expected (.+)\.$/.exec(error?.issues[0]?.message ?? '')?.[1]
}

/** A shape in words, as they follow "expected": `text or a list`, `true or false`. */
export const wordsFor = (schema: Schema): string => {
  const form = bare(schema)
  const own = ownWords(form)
  if (own !== undefined) return own
  const def = defOf(form)
  switch (def.type) {
    case 'union': {
      const lists = (option: Schema) => Number(kindsOf(option).has('list'))
      return listed([...new Set([...def.options].sort((a, b) => lists(a) - lists(b)).map(wordsFor))])
    }
    case 'string':
      return 'text'
    case 'number':
      return 'a number'
    case 'boolean':
      return 'true or false'
    case 'enum':
      return listed(Object.values(def.entries).map(String))
    case 'literal':
      return listed(def.values.map(String))
    case 'array':
      return 'a list'
    case 'object':
    case 'record':
      return 'a mapping'
    default:
      return 'a value'
  }
}
