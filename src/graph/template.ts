import { isRawNumber, type Json, numberText } from '../kernel/json.ts'
import { Problem, unauthenticated } from '../kernel/problem.ts'

/**
 * Templates: `{root.path}` with a `??` default and pipes. A template that is exactly one placeholder keeps
 * the value's type; an embedded one becomes text, encoded for its position by whoever renders it.
 */
export type Template = readonly (string | Expression)[]

export type Root = 'args' | 'this' | 'keys' | 'claims' | 'header'

export type Expression = {
  /** As written, without braces. */
  readonly text: string
  readonly root: Root
  /** Names after the root; for `this`, once bound, the path in the raw upstream object. */
  readonly path: readonly string[]
  readonly fallback?: Json
  readonly pipes: readonly Pipe[]
  /** The schema field `{this.field}` names. */
  readonly field?: string
  /** Whether the value is an id, compared and sent as a string. */
  readonly asId?: boolean
  /** How a value of an argument is written upstream, where names differ. */
  readonly input?: InputMap
}

export type Pipe =
  | { readonly name: 'join'; readonly separator: string }
  | { readonly name: 'json' | 'lower' | 'upper' | 'base64' }

/** How input values are renamed on their way upstream; undefined parts stay as they are. */
export type InputMap =
  | {
      readonly kind: 'object'
      /** Of a `spread` field, the members are the object's own: the cases of a oneof. */
      readonly fields: Readonly<
        Record<string, { readonly to: string; readonly map?: InputMap; readonly spread?: boolean }>
      >
    }
  /** A list of entries with `key` and `value`, as an object. */
  | { readonly kind: 'map'; readonly of?: InputMap }
  | { readonly kind: 'list'; readonly of: InputMap }
  | { readonly kind: 'enum'; readonly values: Readonly<Record<string, string>> }

/** What placeholders read from while one call is rendered. */
export type Scope = {
  readonly args: Readonly<Record<string, unknown>>
  /** The raw upstream object that owns the field; undefined at the root. Owners of one step take turns in one scope. */
  parent: object | undefined
  /** What is known of the parent before it arrived: the key it is loaded by. */
  readonly known?: { readonly field: string; readonly value: Json } | undefined
  /** The key, or the keys of a batch. */
  readonly keys?: Json | undefined
  /** The field mask of the step's binding. */
  readonly mask?: string | undefined
  readonly claims: Readonly<Record<string, unknown>> | undefined
  readonly header: (name: string) => string | undefined
}

/** A value a template needs is not there, so that the call must not be made: a dropped filter would widen the answer. */
export const noCall = Symbol('no call')

/**
 * The value at a path of an upstream or input object; own properties only, undefined where the path ends early, and
 * the Error where one stands on the way.
 */
export const dig = (value: unknown, path: readonly string[]): unknown => {
  const [only] = path
  if (only !== undefined && path.length === 1)
    return value !== null && typeof value === 'object' && Object.hasOwn(value, only)
      ? (value as Record<string, unknown>)[only]
      : undefined
  let found = value
  for (const name of path) {
    if (found instanceof Error) return found
    if (found === null || typeof found !== 'object' || !Object.hasOwn(found, name)) return undefined
    found = (found as Record<string, unknown>)[name]
  }
  return found
}

const read = (expression: Expression, scope: Scope): unknown => {
  switch (expression.root) {
    case 'args':
      return toUpstream(dig(scope.args, expression.path), expression.input)
    case 'this': {
      const { known } = scope
      const value =
        known !== undefined && known.field === expression.field ? known.value : dig(scope.parent, expression.path)
      // An entity that could not be completed has its failure where a value lacks: what needs the value fails alike.
      if (value instanceof Error) throw value
      return expression.asId === true ? idOf(value as Json | undefined) : value
    }
    case 'keys':
      return keyPart(scope.keys, expression.path[0])
    case 'claims':
      return dig(scope.claims, expression.path)
    case 'header':
      return scope.header(expression.path[0] ?? '')
  }
}

/** Of keys of several fields the values of one, or the whole of them where none is named; other keys as they are. */
const keyPart = (keys: Json | undefined, name: string | undefined): Json | undefined => {
  if (name === undefined || keys === null || typeof keys !== 'object') return keys
  if (isComposite(keys)) return (keys as CompositeKey)[name]
  if (!Array.isArray(keys)) return keys
  const [first] = keys as readonly Json[]
  return isComposite(first) ? keys.map((key) => (key as CompositeKey)[name] ?? null) : keys
}

/** A key of several fields. */
export type CompositeKey = { readonly [field: string]: Json }

export const isComposite = (key: Json | undefined): key is CompositeKey =>
  key !== null && typeof key === 'object' && !Array.isArray(key) && !isRawNumber(key)

/** What tells keys apart: their values as text, so that 7 and "7" are one. */
export const keyText = (key: Json): string =>
  typeof key !== 'string' && isComposite(key) ? JSON.stringify(Object.values(key).map(textOf)) : textOf(key)

/** An id, or a list of them, as strings. */
const idOf = (value: Json | undefined): Json | undefined => {
  if (value === null || value === undefined) return value
  return Array.isArray(value) ? value.map((item: Json) => idOf(item) ?? null) : textOf(value)
}

const toUpstream = (value: unknown, map: InputMap | undefined): unknown => {
  if (map === undefined || value === null || value === undefined) return value
  switch (map.kind) {
    case 'enum':
      return map.values[value as string] ?? value
    case 'list':
      return Array.isArray(value) ? value.map((item) => toUpstream(item, map.of)) : toUpstream(value, map.of)
    case 'object':
      return Object.fromEntries(
        Object.entries(value).flatMap(([name, inner]): (readonly [string, unknown])[] => {
          const field = map.fields[name]
          if (field === undefined) return [[name, inner]]
          const upstream = toUpstream(inner, field.map)
          return field.spread === true ? Object.entries(upstream ?? {}) : [[field.to, upstream]]
        }),
      )
    case 'map':
      return fromEntries((Array.isArray(value) ? value : [value]) as readonly MapEntry[], map.of)
  }
}

type MapEntry = { readonly key: Json; readonly value: unknown }

const fromEntries = (entries: readonly MapEntry[], of: InputMap | undefined): Record<string, unknown> => {
  const pairs = entries.map(({ key, value }) => [textOf(key), toUpstream(value, of)] as const)
  const object = Object.fromEntries(pairs)
  if (Object.keys(object).length === pairs.length) return object
  throw new Problem('INVALID_ARGUMENT', 'A map has each key once.')
}

/**
 * The value of one placeholder: `undefined` when an optional one (args, header) is absent, `null` when the
 * client said null, `noCall` when a parent's value or key is missing. Throws UNAUTHENTICATED for missing claims.
 */
export const evaluate = (expression: Expression, scope: Scope): Json | undefined | typeof noCall => {
  let value = read(expression, scope) as Json | null | undefined
  if ((value === undefined || value === null) && expression.fallback !== undefined) value = expression.fallback
  if (value === undefined || value === null) {
    if (expression.root === 'this' || expression.root === 'keys') return noCall
    if (expression.root === 'claims') throw unauthenticated()
    return value
  }
  for (const pipe of expression.pipes) value = piped(value, pipe, expression)
  return value
}

const piped = (value: Json, pipe: Pipe, { text }: Expression): Json => {
  switch (pipe.name) {
    case 'join':
      return (Array.isArray(value) ? value : [value])
        .filter((item: Json) => item !== null)
        .map((item: Json) => unseparated(textOf(item), pipe.separator, text))
        .join(pipe.separator)
    case 'json':
      return JSON.stringify(value)
    case 'lower':
      return textOf(value).toLowerCase()
    case 'upper':
      return textOf(value).toUpperCase()
    case 'base64':
      return Buffer.from(textOf(value)).toString('base64')
  }
}

const unseparated = (item: string, separator: string, text: string): string => {
  if (!item.includes(separator)) return item
  throw new Problem('INVALID_ARGUMENT', `A value of {${text}} must not contain "${separator}".`)
}

/** A value as text: strings as they are, numbers by their digits, the rest as JSON. */
export const textOf = (value: Json): string => {
  if (typeof value === 'string') return value
  if (typeof value === 'number' || isRawNumber(value)) return numberText(value)
  return JSON.stringify(value)
}

/**
 * Renders a template that keeps its value's type when it is one placeholder, and is text otherwise.
 * `undefined` when an optional value is absent.
 */
export const renderValue = (template: Template, scope: Scope): Json | undefined | typeof noCall => {
  const [only] = template
  if (template.length === 1 && only !== undefined) return typeof only === 'string' ? only : evaluate(only, scope)
  return renderText(template, scope, textOf)
}

/** Renders a template as text, each placeholder through `encode`. `undefined` when an optional value is absent or null. */
export const renderText = (
  template: Template,
  scope: Scope,
  encode: (value: Json, expression: Expression) => string,
): string | undefined | typeof noCall => {
  let text = ''
  for (const part of template) {
    if (typeof part === 'string') {
      text += part
      continue
    }
    const value = evaluate(part, scope)
    if (value === noCall || value === undefined) return value
    if (value === null) return undefined
    text += encode(value, part)
  }
  return text
}

/** Every placeholder of a template. */
export const expressionsOf = (template: Template): Expression[] =>
  template.filter((part): part is Expression => typeof part !== 'string')

/** The same template with each placeholder replaced. */
export const mapExpressions = (template: Template, change: (expression: Expression) => Expression): Template =>
  template.map((part) => (typeof part === 'string' ? part : change(part)))
