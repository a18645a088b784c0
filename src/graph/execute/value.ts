import type { OneofCase } from '../graph.ts'
import type { FieldValue, Hop } from '../plan/plan.ts'
import { dig } from '../template.ts'

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
  if (value.kind === 'read') return readPath(raw, value.path)
  return value.kind === 'oneof' ? setCase(raw, value.cases) : undefined
}

const readPath = (raw: object, path: readonly string[]): unknown => {
  const name = path[0] ?? ''
  if (path.length > 1 || name === '__proto__') return dig(raw, path)
  const found = (raw as Record<string, unknown>)[name]
  // JSON holds no functions: one can only be a member of Object.prototype, such as `constructor`.
  return typeof found === 'function' ? undefined : found
}

const setCase = (raw: object, cases: readonly OneofCase[]): Variant | null => {
  for (const { name, type } of cases) {
    const value = readPath(raw, [name])
    if (value !== undefined && value !== null) return new Variant(type, value)
  }
  return null
}

/** The type an abstract value says it has: by its oneof case, or by `__typename`. */
export const typeNameOf = (value: unknown): string | undefined => {
  if (value instanceof Variant) return value.typeName
  const name = dig(value, ['__typename'])
  return typeof name === 'string' ? name : undefined
}

export const unwrapped = (value: unknown): unknown => (value instanceof Variant ? value.value : value)
