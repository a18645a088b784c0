import { isDeepStrictEqual } from 'node:util'
import { type ApiDescription, type JsonSchema, renameRefs } from '../kernel/openapi.ts'

export type Merged = {
  readonly descriptions: readonly ApiDescription[]
  readonly schemas: Readonly<Record<string, JsonSchema>>
}

/**
 * The schemas of several descriptions under one roof. Where two mean different things by one name, as services with
 * the same package or routes with different settings may, the later one's gets a number.
 */
export const mergeSchemas = (descriptions: readonly ApiDescription[]): Merged => {
  const schemas = new Map<string, JsonSchema>()
  const merged = descriptions.map((description) => {
    const names = namesFor(description.schemas, schemas)
    for (const [name, schema] of Object.entries(description.schemas))
      schemas.set(names.get(name) ?? name, renameRefs(schema, names))
    return { ...description, operations: renameRefs(description.operations, names) }
  })
  return { descriptions: merged, schemas: Object.fromEntries(schemas) }
}

/** New names for what differs from what is there, and for all that leads to it. */
const namesFor = (
  own: Readonly<Record<string, JsonSchema>>,
  there: ReadonlyMap<string, JsonSchema>,
): ReadonlyMap<string, string> => {
  const shared = Object.keys(own).filter((name) => there.has(name))
  const different = new Set(shared.filter((name) => !isDeepStrictEqual(own[name], there.get(name))))
  for (let before = -1; before !== different.size; ) {
    before = different.size
    for (const name of shared) if (refsOf(own[name]).some((ref) => different.has(ref))) different.add(name)
  }
  return new Map(
    [...different].map((name) => {
      let count = 2
      while (there.has(`${name}-${count}`)) count += 1
      return [name, `${name}-${count}`]
    }),
  )
}

const refsOf = (schema: unknown): readonly string[] => {
  if (typeof schema !== 'object' || schema === null) return []
  return Object.entries(schema).flatMap(([key, value]: [string, unknown]) =>
    key === '$ref' && typeof value === 'string' ? [value.slice(value.lastIndexOf('/') + 1)] : refsOf(value),
  )
}
