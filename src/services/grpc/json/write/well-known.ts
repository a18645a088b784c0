import type { Type } from 'protobufjs'
import { isRawNumber, type Json } from '../../../../kernel/json.ts'
import { anyType, isWrapped } from '../any.ts'
import { fieldsOf, tagOf } from '../fields.ts'
import { maskPaths } from '../masks.ts'
import { insideField, Mistake, unexpected } from '../mistake.ts'
import { parseDuration, parseTimestamp, type Time } from '../times.ts'
import type { WireWriter } from '../wire/writer.ts'
import {
  fieldWriter,
  type JsonObject,
  objectOf,
  type WriteContext,
  type WriteField,
  type WriteMessage,
} from './field.ts'

/** Writes a message whose JSON is not an object of its fields; undefined for all others. */
export const wellKnownWriter = (type: Type, context: WriteContext): WriteMessage | undefined => {
  switch (isWrapped(type) ? type.name : '') {
    case '':
      return undefined
    case 'Timestamp':
      return timeWriter(parseTimestamp, 'a time such as "2024-02-29T23:59:59.5Z" in the years 1 to 9999')
    case 'Duration':
      return timeWriter(parseDuration, 'seconds such as "3.5s", within 10,000 years')
    case 'FieldMask':
      return writeMask
    case 'Any':
      return anyWriter(type, context)
    case 'Value':
      return valueWriter(type, context)
    default: {
      // Struct, ListValue and the wrappers have one field, which is their JSON.
      const [only] = fieldsOf(type).map((field) => fieldWriter(field, context))
      return (out, json) => void only?.(out, json)
    }
  }
}

const timeWriter =
  (parse: (text: string) => Time | undefined, expected: string): WriteMessage =>
  (out, json) => {
    const time = typeof json === 'string' ? parse(json) : undefined
    if (time === undefined) throw unexpected(expected, json)
    const { seconds, nanos } = time
    if (seconds !== 0) {
      out.uint32(tagOf(1, 0))
      out.long(seconds >>> 0, Math.floor(seconds / 0x1_0000_0000) >>> 0)
    }
    if (nanos !== 0) {
      out.uint32(tagOf(2, 0))
      out.int32(nanos)
    }
  }

const writeMask: WriteMessage = (out, json) => {
  const paths = typeof json === 'string' ? maskPaths(json) : undefined
  if (paths === undefined) throw unexpected('field paths such as "unitsSold,price.currencyCode"', json)
  for (const path of paths) {
    out.uint32(tagOf(1, 2))
    out.string(path)
  }
}

/** By the number of the field of `kind` that holds it (google/protobuf/struct.proto). */
const kindOf = (json: Json): number => {
  if (json === null) return 1
  if (typeof json === 'number' || isRawNumber(json)) return 2
  if (typeof json === 'string') return 3
  if (typeof json === 'boolean') return 4
  return Array.isArray(json) ? 6 : 5
}

const valueWriter = (type: Type, context: WriteContext): WriteMessage => {
  const kinds = new Map<number, WriteField>(fieldsOf(type).map((field) => [field.id, fieldWriter(field, context)]))
  return (out, json) => void kinds.get(kindOf(json))?.(out, json)
}

/** The type may stand anywhere in the object, so it is looked for first. */
const anyWriter =
  ({ root }: Type, { writerOf }: WriteContext): WriteMessage =>
  (out, json) => {
    const given = objectOf(json)
    if (given === undefined) throw unexpected('an object with an "@type"', json)
    const { '@type': url, ...members } = given
    if (url === undefined && Object.keys(members).length === 0) return
    const type = typeof url === 'string' ? anyType(root, url) : undefined
    if (type === undefined || typeof url !== 'string')
      throw insideField(
        unexpected('the name of a known type such as "type.googleapis.com/package.Message"', url ?? null),
        '@type',
      )
    out.uint32(tagOf(1, 2))
    out.string(url)
    const { pos } = out
    out.uint32(tagOf(2, 2))
    const begin = out.begin()
    out.enter()
    const { write } = writerOf(type)
    if (isWrapped(type)) writeWrapped(out, members, write)
    else write(out, members)
    out.depth -= 1
    if (out.pos === begin) out.pos = pos
    else out.end(begin)
  }

const writeWrapped = (out: WireWriter, { value, ...others }: JsonObject, write: WriteMessage): void => {
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) throw insideField(new Mistake('unknown field'), unknown)
  try {
    if (value === undefined) throw new Mistake('required, and not given')
    write(out, value)
  } catch (thrown) {
    throw insideField(thrown, 'value')
  }
}
