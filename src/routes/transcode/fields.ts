import protobuf, { type Field, type Type } from 'protobufjs'
import { didYouMean } from '../../kernel/diagnostic.ts'
import { isRawNumber, type Json } from '../../kernel/json.ts'
import { Problem } from '../../kernel/problem.ts'
import { fieldOf, jsonNames } from '../../services/grpc/json/fields.ts'

/** A request on its way to become a message; only ever built here. */
export type JsonObject = { [name: string]: Json }

/** A field of the request message at any depth, found by its dotted path in JSON or proto names. */
export type FieldPath = {
  /** In JSON names: `book.displayName`. One for each field, however it was written. */
  readonly name: string
  readonly steps: readonly Step[]
  /** The last field, whose value it is. */
  readonly field: Field
}

type Step = { readonly json: string; readonly proto: string }

/** Why a path names no field: the part of it that is wrong, and what is. */
export type FieldMistake = { readonly part: string; readonly message: string }

/** Deeper ones would make deeper messages than a service decodes. */
const deepest = 32

export const resolveFieldPath = (type: Type, path: string): FieldPath | FieldMistake => {
  const parts = path.split('.')
  if (parts.length > deepest) return { part: path, message: 'This is nested too deeply.' }
  const steps: Step[] = []
  let owner: Type | undefined = type
  let field: Field | undefined
  for (const part of parts) {
    if (owner === undefined)
      return { part, message: `${field?.name ?? ''} is not a message with fields that can be named one by one.` }
    field = fieldOf(owner, part)
    if (field === undefined)
      return { part, message: `${owner.name} has no field ${part}.${didYouMean(part, jsonNames(owner))}` }
    steps.push({ json: field.jsonName, proto: field.protoName })
    const nested: unknown = field.resolvedType
    owner = nested instanceof protobuf.Type && !field.repeated && !field.map ? nested : undefined
  }
  return { name: steps.map(({ json }) => json).join('.'), steps, field: field as Field }
}

/** Sets a field that nothing may have set before. Throws Problem INVALID_ARGUMENT where something has. */
export const setField = (into: JsonObject, { name, steps }: FieldPath, value: Json): void => {
  const last = steps.length - 1
  const object = last === 0 ? into : ownerOf(into, steps)
  const step = steps[last] as Step
  const key = keyIn(object, step)
  const before = key === undefined ? null : object[key]
  if (before !== null && before !== undefined)
    throw new Problem('INVALID_ARGUMENT', `${name}: this is part of the path; the body may not set it too.`)
  define(object, key ?? step.json, value)
}

/** Adds a value to a repeated field; the first makes the list. */
export const appendField = (into: JsonObject, { steps }: FieldPath, value: Json): void => {
  const object = ownerOf(into, steps)
  const step = steps.at(-1) as Step
  const list = object[step.json]
  if (Array.isArray(list)) (list as Json[]).push(value)
  else define(object, step.json, [value])
}

/** The object that holds the last field of a path, made where it is not there. */
const ownerOf = (into: JsonObject, steps: readonly Step[]): JsonObject => {
  let object = into
  for (const [index, step] of steps.slice(0, -1).entries()) {
    const key = keyIn(object, step)
    const held = key === undefined ? null : object[key]
    if (held === null || held === undefined) {
      const made: JsonObject = {}
      define(object, key ?? step.json, made)
      object = made
    } else if (isObject(held)) object = held
    else {
      const at = steps.slice(0, index + 1).map(({ json }) => json)
      throw new Problem('INVALID_ARGUMENT', `${at.join('.')}: expected an object.`)
    }
  }
  return object
}

/** The name under which an object holds a field; a body may use either. */
const keyIn = (object: JsonObject, { json, proto }: Step): string | undefined =>
  Object.hasOwn(object, json) ? json : Object.hasOwn(object, proto) ? proto : undefined

export const isObject = (json: Json | undefined): json is JsonObject =>
  typeof json === 'object' && json !== null && !Array.isArray(json) && !isRawNumber(json)

/** A plain assignment to this name would set the prototype. */
const define = (object: JsonObject, key: string, value: Json): void => {
  if (key === '__proto__')
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
  else object[key] = value
}
