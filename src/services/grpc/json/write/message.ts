import type { OneOf, Type } from 'protobufjs'
import type { Json } from '../../../../kernel/json.ts'
import { fieldsOf, nameOf, namesOf, oneofOf } from '../fields.ts'
import { insideField, Mistake, unexpected } from '../mistake.ts'
import type { WireWriter } from '../wire/writer.ts'
import {
  fieldWriter,
  type JsonObject,
  objectOf,
  takesNull,
  type WriteContext,
  type WriteField,
  type WriteMessage,
} from './field.ts'

/** A field, as one of its names finds it. */
type Member = {
  /** Its place in the file's order, which is the order on the wire: equal requests are equal bytes. */
  readonly index: number
  readonly takesNull: boolean
  readonly oneof: OneOf | undefined
  readonly write: WriteField
}

/** Writes messages whose JSON is an object of their fields. */
export const membersWriter = (type: Type, context: WriteContext): WriteMessage => {
  const members = membersOf(type, context)
  const required = fieldsOf(type).filter((field) => field.required)
  const ignored = context.style.unknownFields === 'ignore'

  /** False where the keys are not in the file's order: then what was written does not count. */
  const writeKeys = (out: WireWriter, json: JsonObject, keys: readonly string[]): boolean => {
    let last = -1
    let chosen: Set<OneOf> | undefined
    for (const key of keys) {
      const member = members.get(key)
      if (member === undefined) {
        if (ignored) continue
        throw insideField(new Mistake('unknown field'), key)
      }
      if (member.index < last) return false
      if (member.index === last) throw insideField(new Mistake('this field is given twice, by two of its names'), key)
      last = member.index
      const value = json[key] as Json
      if (value === null && !member.takesNull) continue
      try {
        if (!member.write(out, value) || member.oneof === undefined) continue
        if (chosen?.has(member.oneof) === true)
          throw new Mistake(`only one field of ${member.oneof.name} may be given, and this is another`)
        chosen = (chosen ?? new Set()).add(member.oneof)
      } catch (thrown) {
        throw insideField(thrown, key)
      }
    }
    return true
  }

  const indexOf = (key: string): number => members.get(key)?.index ?? -1

  return (out, json) => {
    const given = objectOf(json)
    if (given === undefined) throw unexpected('an object', json)
    const { pos } = out
    const keys = Object.keys(given)
    if (!writeKeys(out, given, keys)) {
      out.pos = pos
      writeKeys(
        out,
        given,
        keys.toSorted((a, b) => indexOf(a) - indexOf(b)),
      )
    }
    for (const field of required)
      if (namesOf(field).every((name) => !Object.hasOwn(given, name) || given[name] === null))
        throw insideField(new Mistake('required, and not given'), nameOf(field, 'json'))
  }
}

const membersOf = (type: Type, context: WriteContext): ReadonlyMap<string, Member> => {
  const members = new Map<string, Member>()
  const fields = fieldsOf(type).map((field, index) => ({
    names: namesOf(field),
    member: {
      index,
      takesNull: takesNull(field) && !field.repeated && !field.map,
      oneof: oneofOf(field),
      write: fieldWriter(field, context),
    },
  }))
  // A JSON name is stronger than another field's proto name.
  for (const at of [0, 1])
    for (const { names, member } of fields) {
      const name = names[at]
      if (name !== undefined && !members.has(name)) members.set(name, member)
    }
  return members
}
