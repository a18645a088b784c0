import type { Type } from 'protobufjs'
import protojson from 'protobufjs/ext/protojson.js'
import type { Json } from '../../../kernel/json.ts'
import { Problem } from '../../../kernel/problem.ts'
import { messageReader } from './decode.ts'
import { explainMistake } from './mistake.ts'
import { plainNumbers } from './numbers.ts'

/** ProtoJSON both ways for one message type (https://protobuf.dev/programming-guides/json/). */
export type MessageCodec = {
  /**
   * JSON as bytes. Accepts lowerCamel and proto names, 64-bit integers as numbers or strings. Throws Problem
   * INVALID_ARGUMENT with the path of the field where a value does not fit, or a field or enum name is unknown.
   */
  readonly encode: (json: Json) => Buffer
  /** Bytes as JSON with lowerCamel names. Throws Problem UNAVAILABLE (502) where they are not such a message. */
  readonly decode: (bytes: Uint8Array) => Json
}

const codecs = new WeakMap<Type, MessageCodec>()

/** The codec of a type, made once. */
export const messageCodec = (type: Type): MessageCodec => {
  const known = codecs.get(type)
  if (known !== undefined) return known
  const codec = makeCodec(type)
  codecs.set(type, codec)
  return codec
}

const makeCodec = (type: Type): MessageCodec => {
  const readMessage = messageReader(type)
  return {
    encode(json) {
      let plain = json
      try {
        plain = plainNumbers(json, type)
        return type.encode(protojson.fromJson(type, plain)).finish() as Buffer
      } catch (thrown) {
        throw new Problem('INVALID_ARGUMENT', explainMistake(type, plain, thrown), { cause: thrown })
      }
    },
    decode(bytes) {
      try {
        return readMessage(type.decode(bytes))
      } catch (thrown) {
        throw new Problem('UNAVAILABLE', 'A service gave an answer that cannot be read.', {
          status: 502,
          cause: thrown,
        })
      }
    },
  }
}
