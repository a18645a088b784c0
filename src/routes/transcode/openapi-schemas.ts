import type { Enum, Field, Type } from 'protobufjs'
import { type JsonSchema, schemaRef } from '../../kernel/openapi.ts'
import { paragraphs } from '../../kernel/openapi-words.ts'
import { enumNames, isNullValue } from '../../services/grpc/json/enums.ts'
import { enumOf, fieldsOf, isImplicit, mapOf, messageOf, nameOf, oneofOf } from '../../services/grpc/json/fields.ts'
import { fieldBehaviors, isAsked, isDemanded, isDeprecated } from '../../services/grpc/protos/annotations.ts'
import type { TranscodeRouteConfig } from './compile.ts'
import { cleaned, describedAs } from './openapi-comments.ts'
import { keySchema, nullable, scalarSchema, wellKnownSchema } from './openapi-values.ts'

type JsonStyle = TranscodeRouteConfig['json']

/**
 * Schemas of messages under one style. A message that is both asked and answered has two: what an answer always has
 * and what a request may say differ. References go to `named()`, which holds what they reach.
 */
export type MessageSchemas = {
  /** What an answer is. */
  readonly answer: (type: Type) => JsonSchema
  /** What an answer's field is on its own; null where an absent one has no default. */
  readonly answerField: (field: Field) => JsonSchema
  /** What a request is, without the fields at the given paths (in JSON names), which something else sets. */
  readonly request: (type: Type, without?: readonly string[]) => JsonSchema
  readonly requestField: (field: Field, without?: readonly string[]) => JsonSchema
  /** Whether a request must say anything beside the fields at the given paths. */
  readonly requires: (type: Type, without: readonly string[]) => boolean
  /** One value of a field as text of a path or query has it. */
  readonly single: (field: Field) => JsonSchema
  readonly named: () => Readonly<Record<string, JsonSchema>>
}

type Use = 'answer' | 'request'

/** `answered` are the messages that services answer with: of these, what requests hold gets a name of its own. */
export const createSchemas = (style: JsonStyle, answered: readonly Type[]): MessageSchemas => {
  const known = reachable(answered)
  const named = new Map<string, JsonSchema>()

  const refTo = (name: string, make: () => JsonSchema): JsonSchema => {
    if (!named.has(name)) {
      // Known before it is made, for messages that hold themselves.
      named.set(name, {})
      named.set(name, make())
    }
    return schemaRef(name)
  }

  const message = (type: Type, use: Use): JsonSchema => {
    const own = wellKnownSchema(type)
    if (own !== undefined) return own
    const name = type.fullName.slice(1)
    // Names of protos have no dash.
    return refTo(use === 'request' && known.has(type) ? `${name}-Input` : name, () => object(type, use, []))
  }

  const object = (type: Type, use: Use, without: readonly string[]): JsonSchema => {
    const fields = fieldsOf(type).filter((field) => isShown(field, use) && !without.includes(field.jsonName))
    const properties = fields.map((field) => [nameOf(field, style.names), property(field, use, below(without, field))])
    const required = fields.filter((field) => isAlways(field, use, style)).map((field) => nameOf(field, style.names))
    return {
      // What has no name to be referred by is still called something in generated clients.
      ...(without.length === 0 ? {} : { title: type.name }),
      type: 'object',
      ...described(paragraphs(describedAs(type), exclusions(fields, style))),
      ...(isDeprecated(type) ? { deprecated: true } : {}),
      ...(properties.length === 0 ? {} : { properties: Object.fromEntries(properties) as object }),
      ...(required.length === 0 ? {} : { required }),
      ...(use === 'request' && style.unknownFields === 'refuse' ? { additionalProperties: false } : {}),
    }
  }

  const property = (field: Field, use: Use, without: readonly string[]): JsonSchema => {
    const schema = value(field, use, without)
    const behaviors = fieldBehaviors(field)
    const note = behaviors.includes('IMMUTABLE') ? 'Cannot be changed once it is set.' : undefined
    const description = paragraphs(describedAs(field) ?? (schema['description'] as string | undefined), note)
    return {
      ...schema,
      ...described(description),
      ...(isDeprecated(field) ? { deprecated: true } : {}),
      ...(use === 'answer' && behaviors.includes('OUTPUT_ONLY') ? { readOnly: true } : {}),
      ...(behaviors.includes('INPUT_ONLY') ? { writeOnly: true } : {}),
    }
  }

  const value = (field: Field, use: Use, without: readonly string[] = []): JsonSchema => {
    const one = single(field, use, without)
    const map = mapOf(field)
    if (map !== undefined) {
      const keys = keySchema(map.keyType)
      return { type: 'object', additionalProperties: one, ...(keys === undefined ? {} : { propertyNames: keys }) }
    }
    return field.repeated ? { type: 'array', items: one } : one
  }

  const single = (field: Field, use: Use, without: readonly string[] = []): JsonSchema => {
    const enumeration = enumOf(field)
    if (enumeration !== undefined) return enumSchema(enumeration)
    const type = messageOf(field)
    if (type === undefined) return scalarSchema(field) ?? {}
    return without.length === 0 ? message(type, use) : object(type, use, without)
  }

  const enumSchema = (type: Enum): JsonSchema =>
    isNullValue(type) ? { type: 'null' } : refTo(type.fullName.slice(1), () => enumeration(type, style.enums))

  return {
    answer: (type) => message(type, 'answer'),
    answerField: (field) =>
      field.repeated || field.map || isImplicit(field) ? value(field, 'answer') : nullable(value(field, 'answer')),
    request: (type, without = []) =>
      without.length === 0 ? message(type, 'request') : object(type, 'request', without),
    requestField: (field, without = []) => value(field, 'request', without),
    requires: (type, without) =>
      fieldsOf(type).some(
        (field) => isShown(field, 'request') && isAlways(field, 'request', style) && !without.includes(field.jsonName),
      ),
    single: (field) => single(field, 'request'),
    named: () => Object.fromEntries([...named].sort(([a], [b]) => (a < b ? -1 : 1))),
  }
}

/** Paths that begin at a field, as seen from inside of it. */
const below = (paths: readonly string[], { jsonName }: Field): readonly string[] =>
  paths.filter((path) => path.startsWith(`${jsonName}.`)).map((path) => path.slice(jsonName.length + 1))

const isShown = (field: Field, use: Use): boolean => use === 'answer' || isAsked(field)

/** Whether an answer always has a field, or a request must have it. */
const isAlways = (field: Field, use: Use, { defaults }: JsonStyle): boolean => {
  if (use === 'request') return isDemanded(field)
  if (fieldBehaviors(field).includes('INPUT_ONLY')) return false
  return field.required || (defaults === 'always' && (field.repeated || field.map || isImplicit(field)))
}

const described = (description: string | undefined): { readonly description?: string } =>
  description === undefined ? {} : { description }

/** Which fields exclude each other, in words: tools make little of the schema that would say so. */
const exclusions = (fields: readonly Field[], { names }: JsonStyle): string | undefined => {
  const groups = new Map<unknown, string[]>()
  for (const field of fields) {
    const oneof = oneofOf(field)
    if (oneof !== undefined) groups.set(oneof, [...(groups.get(oneof) ?? []), `\`${nameOf(field, names)}\``])
  }
  const sentences = [...groups.values()]
    .filter(({ length }) => length > 1)
    .map((group) => `At most one of ${group.join(', ')} is set.`)
  return sentences.join(' ') || undefined
}

const enumeration = (type: Enum, written: JsonStyle['enums']): JsonSchema => {
  const { byNumber, closed } = enumNames(type)
  const values = [...byNumber].map(([number, name]) => {
    const own = Object.keys(type.values).find((key) => type.values[key] === number) ?? name
    const note = cleaned(type.comments[own])?.replaceAll(/\s*\n\s*/g, ' ')
    const deprecated = (type.valuesOptions?.[own] as { readonly deprecated?: boolean } | undefined)?.deprecated
    return { number, name, note, deprecated: deprecated === true }
  })
  const list = values
    .filter(({ note, deprecated }) => note !== undefined || deprecated)
    .map(({ name, note, deprecated }) => `- \`${name}\`: ${[deprecated ? 'Deprecated.' : '', note].join(' ').trim()}`)
  const open = closed || written === 'number' ? undefined : 'A value that is not in this list comes as its number.'
  const numbers = values.map(({ number }) => number)
  const names = values.map(({ name }) => name)
  return {
    ...(written === 'name'
      ? { type: 'string', enum: names }
      : { type: 'integer', enum: numbers, 'x-enum-varnames': names }),
    ...described(paragraphs(describedAs(type), list.join('\n'), open)),
    ...(isDeprecated(type) ? { deprecated: true } : {}),
  }
}

/** Messages and all that their fields hold, at any depth. */
const reachable = (types: readonly Type[]): ReadonlySet<Type> => {
  const seen = new Set<Type>()
  const left = [...types]
  for (let type = left.pop(); type !== undefined; type = left.pop()) {
    if (seen.has(type) || wellKnownSchema(type) !== undefined) continue
    seen.add(type)
    left.push(...fieldsOf(type).flatMap((field) => messageOf(field) ?? []))
  }
  return seen
}
