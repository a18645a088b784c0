import type { Field, Type } from 'protobufjs'
import { isRawNumber, type Json } from '../../../../kernel/json.ts'
import { isNullValue } from '../enums.ts'
import {
  enumOf,
  isDelimited,
  isImplicit,
  lengthDelimited,
  mapOf,
  messageOf,
  tagOf,
  wireTypeOf,
  wireTypeOfScalar,
} from '../fields.ts'
import { insideEntry, insideItem, Mistake, unexpected } from '../mistake.ts'
import type { JsonStyle } from '../style.ts'
import type { WireWriter } from '../wire/writer.ts'
import { mapKeyWriter } from './key.ts'
import { valueWriter, type WriteValue } from './value.ts'

/** Writes the content of one message. Throws Mistake. */
export type WriteMessage = (out: WireWriter, json: Json) => void

/**
 * Writes a field with its tag; `json` is not null, unless the field takes null for a value. False where it is the
 * unknown name of an enum, and those are ignored.
 */
export type WriteField = (out: WireWriter, json: Json) => boolean

export type WriteContext = {
  readonly style: JsonStyle
  /** How messages of a type are written; called when one is, since types contain themselves. */
  readonly writerOf: (type: Type) => { readonly write: WriteMessage }
}

export const fieldWriter = (field: Field, context: WriteContext): WriteField => {
  if (field.map) return mapWriter(field, context)
  if (!field.repeated) return oneWriter(field, context)
  return field.packed && messageOf(field) === undefined && wireTypeOf(field) !== lengthDelimited
    ? packedWriter(field, context)
    : manyWriter(field, context)
}

/** Whether JSON null is a value of a field, and not its absence. */
export const takesNull = (field: Field): boolean => {
  const enumType = enumOf(field)
  return enumType === undefined ? messageOf(field)?.fullName === '.google.protobuf.Value' : isNullValue(enumType)
}

const oneWriter = (field: Field, context: WriteContext): WriteField => {
  const write = itemWriter(field, field.id, context)
  if (!isImplicit(field)) return write
  const tag = tagOf(field.id, wireTypeOf(field))
  const writeValue = valueWriter(field, context.style)
  return (out, json) => {
    const { pos } = out
    out.uint32(tag)
    const begin = out.pos
    const written = writeValue(out, json)
    if (!written || out.isZeroSince(begin)) out.pos = pos
    return written
  }
}

type OnWire = { readonly number: number; readonly delimited: boolean }

const messageWriter = (type: Type, { number, delimited }: OnWire, { writerOf }: WriteContext): WriteField => {
  const writer = writerOf(type)
  const tag = tagOf(number, delimited ? 3 : lengthDelimited)
  return (out, json) => {
    out.enter()
    out.uint32(tag)
    if (delimited) {
      writer.write(out, json)
      out.uint32(tag + 1)
    } else {
      const begin = out.begin()
      writer.write(out, json)
      out.end(begin)
    }
    out.depth -= 1
    return true
  }
}

const itemsOf = (json: Json): readonly Json[] => {
  if (!Array.isArray(json)) throw unexpected('a list', json)
  return json as readonly Json[]
}

const manyWriter = (field: Field, context: WriteContext): WriteField => {
  const write = itemWriter(field, field.id, context)
  const nulls = takesNull(field)
  return (out, json) => {
    const items = itemsOf(json)
    for (let index = 0; index < items.length; index += 1) {
      const item = items[index] as Json
      try {
        if (item === null && !nulls) throw new Mistake('expected a value, got null')
        write(out, item)
      } catch (thrown) {
        throw insideItem(thrown, index)
      }
    }
    return true
  }
}

/** One value, be it zero, under this number. */
const itemWriter = (field: Field, number: number, context: WriteContext): WriteField => {
  const message = messageOf(field)
  if (message !== undefined) return messageWriter(message, { number, delimited: isDelimited(field) }, context)
  const tag = tagOf(number, wireTypeOf(field))
  const write = valueWriter(field, context.style)
  return (out, json) => {
    const { pos } = out
    out.uint32(tag)
    const written = write(out, json)
    if (!written) out.pos = pos
    return written
  }
}

const packedWriter = (field: Field, { style }: WriteContext): WriteField => {
  const write: WriteValue = valueWriter(field, style)
  const tag = tagOf(field.id, lengthDelimited)
  return (out, json) => {
    const items = itemsOf(json)
    const { pos } = out
    out.uint32(tag)
    const begin = out.begin()
    for (let index = 0; index < items.length; index += 1) {
      try {
        write(out, items[index] as Json)
      } catch (thrown) {
        throw insideItem(thrown, index)
      }
    }
    if (out.pos === begin) out.pos = pos
    else out.end(begin)
    return true
  }
}

const mapWriter = (field: Field, context: WriteContext): WriteField => {
  const { keyType } = mapOf(field) as { readonly keyType: string }
  const tag = tagOf(field.id, lengthDelimited)
  const keyTag = tagOf(1, wireTypeOfScalar(keyType))
  const writeKey = mapKeyWriter(keyType)
  const writeValue = itemWriter(field, 2, context)
  const nulls = takesNull(field)
  return (out, json) => {
    const entries = objectOf(json)
    if (entries === undefined) throw unexpected('an object', json)
    for (const key of Object.keys(entries)) {
      const { pos } = out
      try {
        out.uint32(tag)
        const begin = out.begin()
        out.uint32(keyTag)
        writeKey(out, key)
        const value = entries[key] as Json
        if (value === null && !nulls) throw new Mistake('expected a value, got null')
        if (writeValue(out, value)) out.end(begin)
        else out.pos = pos
      } catch (thrown) {
        throw insideEntry(thrown, key)
      }
    }
    return true
  }
}

export type JsonObject = { readonly [key: string]: Json }

/** Undefined for what is no object. */
export const objectOf = (json: Json): JsonObject | undefined =>
  typeof json === 'object' && json !== null && !Array.isArray(json) && !isRawNumber(json)
    ? (json as JsonObject)
    : undefined
