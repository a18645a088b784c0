import type { Type } from 'protobufjs'
import type { Json } from '../../../kernel/json.ts'
import { Problem } from '../../../kernel/problem.ts'
import { Mistake } from './mistake.ts'
import { type MessageReader, readUntil } from './read/field.ts'
import { jsonForm } from './read/forms.ts'
import { createReaders } from './read/readers.ts'
import { out as text, textForm } from './read/text-form.ts'
import { defaultStyle, type JsonStyle } from './style.ts'
import { WireReader } from './wire/reader.ts'
import { WireWriter } from './wire/writer.ts'
import { createWriters, type MessageWriter } from './write/writers.ts'

/** ProtoJSON both ways for one message type (https://protobuf.dev/programming-guides/json/). */
export type MessageCodec = {
  /**
   * JSON as bytes. Accepts lowerCamel and proto names, 64-bit integers as numbers or strings. Throws Problem
   * INVALID_ARGUMENT with the path of the field where a value does not fit, or a field or enum name is unknown.
   */
  readonly encode: (json: Json) => Buffer
  /** Bytes as JSON. Throws Problem UNAVAILABLE (502) where they are not such a message. */
  readonly decode: (bytes: Uint8Array) => Json
  /** Bytes as JSON text, the same as `decode` would give and without its objects. */
  readonly decodeText: (bytes: Uint8Array) => string
  /** The same text as UTF-8 between others, for streams: without a string, of which a long one would be garbage. */
  readonly decodeBetween: (bytes: Uint8Array, around: readonly [before: string, after: string]) => Buffer
}

/** The codec of a type in a style, compiled once; `encode` and the others as each is first taken from it. */
export const messageCodec = (type: Type, style: JsonStyle = defaultStyle): MessageCodec => codecsOf(style)(type)

type Codecs = (type: Type) => MessageCodec

/** One for each of the sixteen styles, at most. */
const byStyle = new Map<string, Codecs>()

const codecsOf = (style: JsonStyle): Codecs => {
  const key = `${style.names} ${style.defaults} ${style.unknownFields} ${style.enums}`
  const known = byStyle.get(key)
  if (known !== undefined) return known
  const codecs = createCodecs(style)
  byStyle.set(key, codecs)
  return codecs
}

const createCodecs = (style: JsonStyle): Codecs => {
  const known = new WeakMap<Type, MessageCodec>()
  const writerOf = createWriters(style)
  const jsonReaderOf = createReaders(style, jsonForm)
  const textReaderOf = createReaders(style, textForm)
  return (type) => {
    const found = known.get(type)
    if (found !== undefined) return found
    let encode: MessageCodec['encode'] | undefined
    let decode: MessageCodec['decode'] | undefined
    let decodeText: MessageCodec['decodeText'] | undefined
    let decodeBetween: MessageCodec['decodeBetween'] | undefined
    // Each way is compiled when it is first taken: of most types only one is.
    const codec: MessageCodec = {
      get encode() {
        return (encode ??= encoder(writerOf(type)))
      },
      get decode() {
        return (decode ??= decoder(jsonReaderOf(type)))
      },
      get decodeText() {
        return (decodeText ??= textDecoder(textReaderOf(type)))
      },
      get decodeBetween() {
        return (decodeBetween ??= betweenDecoder(textReaderOf(type)))
      },
    }
    known.set(type, codec)
    return codec
  }
}

/** Requests are written one at a time, so one buffer does for all. */
const out = new WireWriter()

const encoder =
  (writer: MessageWriter): MessageCodec['encode'] =>
  (json) => {
    try {
      out.start()
      writer.write(out, json)
      return out.take()
    } catch (thrown) {
      if (!(thrown instanceof Mistake)) throw thrown
      throw new Problem('INVALID_ARGUMENT', thrown.explain(), { cause: thrown })
    }
  }

const decoder =
  (reader: MessageReader<Json>): MessageCodec['decode'] =>
  (bytes) => {
    try {
      return readUntil(reader, new WireReader(bytes), bytes.length)
    } catch (thrown) {
      throw unreadable(thrown)
    }
  }

const textDecoder =
  (reader: MessageReader<void>): MessageCodec['decodeText'] =>
  (bytes) => {
    try {
      text.start()
      readUntil(reader, new WireReader(bytes), bytes.length)
      return text.take()
    } catch (thrown) {
      throw unreadable(thrown)
    }
  }

const betweenDecoder =
  (reader: MessageReader<void>): MessageCodec['decodeBetween'] =>
  (bytes, [before, after]) => {
    try {
      text.start()
      text.ascii(before)
      readUntil(reader, new WireReader(bytes), bytes.length)
      text.ascii(after)
      return text.takeBytes()
    } catch (thrown) {
      throw unreadable(thrown)
    }
  }

const unreadable = (cause: unknown): Problem =>
  new Problem('UNAVAILABLE', 'A service gave an answer that cannot be read.', { status: 502, cause })
