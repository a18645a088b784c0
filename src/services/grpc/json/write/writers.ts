import type { Type } from 'protobufjs'
import type { JsonStyle } from '../style.ts'
import type { WriteMessage } from './field.ts'
import { membersWriter } from './message.ts'
import { wellKnownWriter } from './well-known.ts'

export type MessageWriter = { write: WriteMessage }

/** Compiles how message types are written in one style, each once. */
export const createWriters = (style: JsonStyle): ((type: Type) => MessageWriter) => {
  const known = new WeakMap<Type, MessageWriter>()
  const writerOf = (type: Type): MessageWriter => {
    const found = known.get(type)
    if (found !== undefined) return found
    // Known before its fields are, for messages that contain themselves.
    const writer: MessageWriter = { write: unfinished }
    known.set(type, writer)
    writer.write = wellKnownWriter(type, { style, writerOf }) ?? membersWriter(type, { style, writerOf })
    return writer
  }
  return writerOf
}

const unfinished = (): never => {
  throw new TypeError('a message type is used before it is compiled')
}
