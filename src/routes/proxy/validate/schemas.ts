import type { Path } from '../../../config/shape.ts'
import {
  isMembers,
  type Members,
  type OpenApiDocument,
  referred,
  resolved,
} from '../../../services/openapi/document.ts'
import { type Checkable, type WordReader, words } from './schema-words.ts'

/** What is wrong with a document, and where in it. */
export type DocumentMistake = { readonly at: Path; readonly message: string }

/** Schemas of one document as the checker takes them. */
export type Schemas = {
  /** The schema of a value that requests have at a place of the document. */
  readonly read: (schema: unknown, at: Path) => Checkable
  /** What references name in what was read. */
  readonly definitions: ReadonlyMap<string, Checkable>
  /** Reads what was referred to. To be called when all else is read. */
  readonly finish: () => void
}

/** Marks what the checker counts: each schema that is held against a value. */
export const counted = 'x-counted'

/** How long a path may be that leads to a schema: each is read, and becomes code, within the one around it. */
const mostSteps = 200

/** As much of a path as is told of what goes too deep. */
const shownSteps = 12

/** Names a definition. */
export const reference = 'x-reference'

/**
 * Reads schemas of OpenAPI 3.0 and 3.1 alike as JSON Schema 2020-12, each that is referred to once. Nothing is left for
 * the checker to find wrong: it makes its code when the first request comes, and may not fail then.
 */
export const createSchemas = (document: OpenApiDocument, mistakes: DocumentMistake[]): Schemas => {
  const isOld = String(document.root['openapi']).startsWith('3.0')
  const names = new Map<string, string>()
  const definitions = new Map<string, Checkable>()
  /** What is still to be read: one after the other, for references may be as deep as a document is long. */
  const waiting: { readonly name: string; readonly value: unknown; readonly at: Path }[] = []
  /** By definition, those that speak of the same value. */
  const same: Circle = new Map()
  /** Those within which another is being read. */
  const open = new Set<Members>()
  const told = (at: Path, message: string): undefined => {
    mistakes.push({ at, message })
  }

  const refer = (ref: unknown, at: Path, from: string | undefined): Checkable => {
    const found = typeof ref === 'string' ? referred(document, ref) : undefined
    if (found === undefined) {
      told(at, 'There is no such thing in this file. Put the files of a document together into one.')
      return true
    }
    const key = JSON.stringify(found.at)
    const name = names.get(key) ?? `schema-${names.size}`
    if (from !== undefined) same.get(from)?.to.add(name)
    if (!names.has(key)) {
      names.set(key, name)
      same.set(name, { to: new Set(), at: found.at })
      waiting.push({ name, ...found })
    }
    return { [reference]: name }
  }

  /** `from` is the definition that speaks of the same value. */
  const schemaAt = (schema: unknown, at: Path, from: string | undefined): Checkable => {
    if (typeof schema === 'boolean') return schema
    if (!isMembers(schema)) {
      told(at, 'Expected a schema.')
      return true
    }
    // A node of YAML may hold itself by an alias: that ends here too.
    if (at.length > mostSteps || open.has(schema)) {
      told(
        at.slice(0, shownSteps),
        'Schemas within schemas go too deep here. Name the inner ones, and refer to them by `$ref`.',
      )
      return true
    }
    open.add(schema)
    const read = membersAt(schema, at, from)
    open.delete(schema)
    return read
  }

  const membersAt = (schema: Members, at: Path, from: string | undefined): Checkable => {
    const { $ref: ref, $dynamicRef: dynamic } = schema
    if (dynamic !== undefined)
      told([...at, '$dynamicRef'], 'References that depend on who asks are not followed. Write `$ref`.')
    const referredTo = ref === undefined ? undefined : refer(ref, [...at, '$ref'], from)
    // What stands beside a reference counts from 3.1 on.
    if (referredTo !== undefined && isOld) return referredTo
    const reader: WordReader = {
      told,
      schema: (value, where, isSame) => schemaAt(value, where, isSame ? from : undefined),
    }
    const read: Record<string, unknown> = { [counted]: true }
    for (const [word, value] of Object.entries(isOld ? modern(schema) : schema)) {
      const use = Object.hasOwn(words, word) ? words[word] : undefined
      const meant = use?.(value, reader, [...at, word])
      if (meant !== undefined) read[word] = meant
    }
    if (Array.isArray(read['required'])) read['required'] = asked(document, schema, read['required'] as string[])
    if (referredTo !== undefined) read['allOf'] = [referredTo, ...((read['allOf'] ?? []) as readonly Checkable[])]
    return orNull(withFewForms(read), isOld && schema['nullable'] === true)
  }

  return {
    read: (schema, at) => schemaAt(schema, at, undefined),
    definitions,
    finish() {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop())
        definitions.set(next.name, schemaAt(next.value, next.at, next.name))
      for (const at of circles(same)) told(at, 'This schema is made of itself: no value could be held against it.')
    },
  }
}

/** Bounds as they are written since 3.1: `exclusiveMinimum: true` beside a `minimum` was the bound itself excluded. */
const modern = (schema: Members): Members => {
  const { exclusiveMinimum, exclusiveMaximum, minimum, maximum, ...rest } = schema
  return {
    ...rest,
    ...bound('inimum', minimum, exclusiveMinimum),
    ...bound('aximum', maximum, exclusiveMaximum),
  }
}

const bound = (which: 'inimum' | 'aximum', value: unknown, exclusive: unknown): Members => {
  const [open, closed] = [`exclusiveM${which}`, `m${which}`]
  if (typeof exclusive === 'boolean') return value === undefined ? {} : { [exclusive ? open : closed]: value }
  return {
    ...(value === undefined ? {} : { [closed]: value }),
    ...(exclusive === undefined ? {} : { [open]: exclusive }),
  }
}

/** Null beside what else fits. Said so that what is wrong with another value is told, not that it fits none of two. */
const orNull = (schema: Checkable, takesNull: boolean): Checkable =>
  takesNull ? { [counted]: true, if: { type: 'null' }, else: schema } : schema

/** One form, or one beside null, is no choice. */
const withFewForms = ({ anyOf, oneOf, ...schema }: Readonly<Record<string, unknown>>): Checkable => {
  const choices: Record<string, unknown> = {}
  const all: unknown[] = Array.isArray(schema['allOf']) ? [...(schema['allOf'] as unknown[])] : []
  for (const [word, list] of Object.entries({ anyOf, oneOf })) {
    if (!Array.isArray(list)) continue
    const others = list.filter((one: Checkable) => typeof one === 'boolean' || one['type'] !== 'null') as Checkable[]
    const [only] = others
    if (others.length === 1 && only !== undefined) all.push(orNull(only, list.length > 1))
    else choices[word] = list
  }
  return { ...schema, ...choices, ...(all.length > 0 && { allOf: all }) }
}

/** References in circles, and deeper than people write. */
const mostHops = 16

/** What a request has to have: of properties that are read-only, answers alone speak (OpenAPI 3.1 §4.8.24.4). */
const asked = (document: OpenApiDocument, schema: Members, required: readonly string[]): readonly string[] =>
  required.filter((name) => !isReadOnly(document, schema, name))

const isReadOnly = (document: OpenApiDocument, schema: Members, name: string, hops = 0): boolean => {
  const { properties, allOf } = schema
  const property = isMembers(properties) && Object.hasOwn(properties, name) ? properties[name] : undefined
  if (isMembers(property) && (property['readOnly'] ?? resolved(document, property)?.['readOnly']) === true) return true
  if (!Array.isArray(allOf) || hops > mostHops) return false
  return allOf.some((part: unknown) => {
    const inner = resolved(document, part)
    return inner !== undefined && isReadOnly(document, inner, name, hops + 1)
  })
}

type Circle = Map<string, { readonly to: Set<string>; readonly at: Path }>

/** Where definitions stand that lead back to themselves, or to one that does: who leads nowhere is left out until none is. */
const circles = (same: Circle): readonly Path[] => {
  const left = new Map(same)
  for (let before = -1; before !== left.size; ) {
    before = left.size
    for (const [name, { to }] of left) if (![...to].some((next) => left.has(next))) left.delete(name)
  }
  return [...left.values()].map(({ at }) => at)
}
