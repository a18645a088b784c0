import { isRawNumber, type Json } from '../../kernel/json.ts'
import type { OneofCase, VariantRule } from '../graph.ts'
import type { FieldValue, Hop } from '../plan/plan.ts'
import { dig, textOf } from '../template.ts'

/** A value whose type the upstream object told: the set case of a oneof. */
export class Variant {
  readonly typeName: string
  readonly value: unknown
  constructor(typeName: string, value: unknown) {
    this.typeName = typeName
    this.value = value
  }
}

/** Reads a plain field out of an upstream object; undefined where it is not there. */
export const readField = (raw: object, value: Hop['value'] | FieldValue): unknown => {
  switch (value.kind) {
    case 'read':
      return readPath(raw, value.path)
    case 'oneof':
      return setCase(raw, value.cases)
    case 'case':
      return value.names.find((name) => isSet(readPath(raw, [name]))) ?? null
    case 'entries':
      return entriesOf(readPath(raw, value.path))
    default:
      return undefined
  }
}

/** What stands at a path of an upstream object; undefined where it ends early. */
export const readPath = (raw: object, path: readonly string[]): unknown => {
  const name = path[0] ?? ''
  if (path.length > 1 || name === '__proto__') return dig(raw, path)
  const found = (raw as Record<string, unknown>)[name]
  // JSON holds no functions: one can only be a member of Object.prototype, such as `constructor`.
  return typeof found === 'function' ? undefined : found
}

const setCase = (raw: object, cases: readonly OneofCase[]): Variant | null => {
  for (const { name, type } of cases) {
    const value = readPath(raw, [name])
    if (isSet(value)) return new Variant(type, value)
  }
  return null
}

const isSet = (value: unknown): boolean => value !== undefined && value !== null

type Entry = { readonly key: string; readonly value: unknown }

/** Entries own fields like any object, so a map has the same ones whenever it is read. */
const entries = new WeakMap<object, readonly Entry[]>()

const entriesOf = (map: unknown): unknown => {
  if (map === null || typeof map !== 'object' || Array.isArray(map)) return map
  let list = entries.get(map)
  if (list === undefined) {
    list = Object.entries(map).map(([key, value]: [string, unknown]) => ({ key, value }))
    entries.set(map, list)
  }
  return list
}

/** The type an abstract value says it has: by its oneof case, by what `@variant` reads, or by `__typename`. */
export const typeNameOf = (value: unknown, rule: VariantRule | undefined): string | undefined => {
  if (value instanceof Variant) return value.typeName
  if (rule !== undefined) {
    const said = dig(value, rule.by) as Json | undefined
    const type = said === undefined || said === null ? undefined : rule.types.get(textOf(said))
    return type ?? (isPlain(value) ? rule.fallback : undefined)
  }
  const name = dig(value, ['__typename'])
  return typeof name === 'string' ? name : undefined
}

const isPlain = (value: unknown): boolean =>
  value !== null && typeof value === 'object' && !Array.isArray(value) && !isRawNumber(value)

export const unwrapped = (value: unknown): unknown => (value instanceof Variant ? value.value : value)
