import type { Type } from 'protobufjs'
import type { JsonStyle } from '../style.ts'
import { type MessageReader, readFields } from './field.ts'
import type { Form } from './forms.ts'
import { shapeOf } from './shape.ts'
import { wellKnownRead } from './well-known.ts'

/** Compiles message types for one style into one form, each once. */
export const createReaders = <T>(style: JsonStyle, form: Form<T>): ((type: Type) => MessageReader<T>) => {
  const known = new WeakMap<Type, MessageReader<T>>()
  const readerOf = (type: Type): MessageReader<T> => {
    const found = known.get(type)
    if (found !== undefined) return found
    // Known before its fields are, for messages that contain themselves.
    const reader: MessageReader<T> = { shape: shapeOf(type), read: unfinished, values: 1 }
    known.set(type, reader)
    const context = { style, form, readerOf }
    const wellKnown = wellKnownRead(type, context)
    if (wellKnown === undefined) {
      const fields = readFields(type, context)
      reader.read = form.object(fields)
      reader.values = fields.length
    } else reader.read = wellKnown
    return reader
  }
  return readerOf
}

const unfinished = (): never => {
  throw new TypeError('a message type is used before it is compiled')
}
