import { isRawNumber, type Json } from '../../kernel/json.ts'
import { asProblem, Problem } from '../../kernel/problem.ts'
import type { KeyField } from '../graph.ts'
import { type Expression, noCall, renderValue, type Scope, type Template } from '../template.ts'

/** A key: the value of its field, or an object of the values of its fields where it has several. */
export const keyIn = (
  templates: readonly Template[],
  fields: readonly KeyField[],
  scope: Scope,
): ReturnType<typeof renderValue> | Problem => {
  try {
    if (templates.length === 1) return plainKey(renderValue(templates[0] as Template, scope))
    const key: Record<string, Json> = {}
    for (const [index, template] of templates.entries()) {
      const part = plainKey(renderValue(template, scope))
      if (!isKey(part)) return part
      key[(fields[index] as KeyField).name] = part
    }
    return key
  } catch (error) {
    return asProblem(error)
  }
}

/**
 * A key is one value, or a list of them. JSON may hold anything, and text of it would cost what its author makes it.
 * Throws INVALID_ARGUMENT.
 */
const plainKey = (key: ReturnType<typeof renderValue>): ReturnType<typeof renderValue> => {
  if (typeof key !== 'object' || key === null) return key
  if (Array.isArray(key) ? (key as readonly Json[]).every(isPlain) : isPlain(key)) return key
  throw new Problem('INVALID_ARGUMENT', 'A key is one value, and this one holds others.')
}

const isPlain = (value: Json): boolean => typeof value !== 'object' || value === null || isRawNumber(value)

/** The placeholders that read a parent's key. */
export const keyTemplates = (fields: readonly KeyField[]): readonly Template[] =>
  fields.map(({ name, path, isId }) => [
    { text: `this.${name}`, root: 'this', path, field: name, asId: isId, pipes: [] } satisfies Expression,
  ])

export const isKey = (value: Json | Problem | undefined | typeof noCall): value is Json =>
  value !== undefined && value !== null && value !== noCall && !(value instanceof Problem)
