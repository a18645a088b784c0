import protobuf, { type Field, type Type } from 'protobufjs'
import type { Json } from '../../kernel/json.ts'
import { maskJson } from '../../kernel/mask/json.ts'
import type { Masker } from '../../kernel/mask/masker.ts'
import { Problem } from '../../kernel/problem.ts'
import { messageCodec } from '../../services/grpc/json/codec.ts'
import { fieldOf } from '../../services/grpc/json/fields.ts'
import type { JsonStyle } from '../../services/grpc/json/style.ts'

/** Bytes as a service wrote them, with their media type (`google.api.HttpBody`). */
export type RawAnswer = { readonly contentType: string; readonly data: Buffer }

/** How an answer's message becomes a body: as JSON text, or raw. Throws Problem UNAVAILABLE (502) for what cannot be read. */
export type AnswerReader =
  | {
      readonly kind: 'json'
      readonly read: (message: Uint8Array) => string
      /** The same as UTF-8 between others, for streams. */
      readonly readBetween: (message: Uint8Array, around: Around) => Buffer
    }
  | { readonly kind: 'raw'; readonly read: (message: Uint8Array) => RawAnswer }

type Around = readonly [before: string, after: string]

export type AnswerFields = {
  /** The field that the body is; empty for the whole message. */
  readonly responseBody: string
  readonly style: JsonStyle
  readonly service: string
}

/** Undefined where the message has no such field. */
export const answerReader = (type: Type, { responseBody, style, service }: AnswerFields): AnswerReader | undefined => {
  const field = responseBody === '' ? undefined : fieldOf(type, responseBody)
  if (responseBody !== '' && field === undefined) return undefined
  const body: unknown = field === undefined ? type : field.resolvedType
  if (body instanceof protobuf.Type && body.fullName === '.google.api.HttpBody' && field?.repeated !== true)
    return { kind: 'raw', read: guarded(service, rawReader(type, field)) }
  const codec = messageCodec(type, style)
  if (field === undefined)
    return {
      kind: 'json',
      read: guarded(service, codec.decodeText),
      readBetween: guarded(service, codec.decodeBetween),
    }
  const name = style.names === 'json' ? field.jsonName : field.protoName
  const absent = JSON.stringify(valueWhereAbsent(type, field, name, style))
  const read = (message: Uint8Array): string => {
    const json = codec.decode(message) as { readonly [name: string]: Json }
    return Object.hasOwn(json, name) ? JSON.stringify(json[name]) : absent
  }
  const readBetween = (message: Uint8Array, [before, after]: Around): Buffer =>
    Buffer.from(`${before}${read(message)}${after}`)
  return { kind: 'json', read: guarded(service, read), readBetween: guarded(service, readBetween) }
}

/** What stands for a field that was not sent: its default where it has one, else null. */
const valueWhereAbsent = (type: Type, field: Field, name: string, style: JsonStyle): Json => {
  if (field.map) return {}
  if (field.repeated) return []
  if (field.resolvedType instanceof protobuf.Type || field.hasPresence) return null
  const empty = messageCodec(type, { ...style, defaults: 'always' }).decode(new Uint8Array())
  return (empty as { readonly [name: string]: Json })[name] ?? null
}

type HttpBody = { readonly contentType: string; readonly data: Uint8Array }

/** RFC 9110 §8.3.1, as far as a header can hold it. */
const mediaType = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+\/[!#$%&'*+.^_`|~0-9A-Za-z-]+(?:[ \t]*;[\t\x20-\x7e]*)?$/

const rawReader = (type: Type, field: Field | undefined) => {
  return (message: Uint8Array): RawAnswer => {
    const decoded: unknown = type.decode(message)
    const body = (field === undefined ? decoded : (decoded as Record<string, unknown>)[field.name]) as HttpBody | null
    const contentType = body?.contentType ?? ''
    const data = body?.data ?? new Uint8Array()
    return {
      contentType: mediaType.test(contentType) ? contentType : 'application/octet-stream',
      data: Buffer.from(data.buffer, data.byteOffset, data.byteLength),
    }
  }
}

const guarded =
  <Answer, Rest extends readonly unknown[]>(service: string, read: (message: Uint8Array, ...rest: Rest) => Answer) =>
  (message: Uint8Array, ...rest: Rest): Answer => {
    try {
      return read(message, ...rest)
    } catch (cause) {
      throw new Problem('UNAVAILABLE', `Service ${service} gave an answer that cannot be read.`, {
        status: 502,
        service,
        cause,
      })
    }
  }

/** The reader for one caller. What is not JSON cannot be masked, and is then not shown. */
export const maskedReader = (
  { answer, service }: { readonly answer: AnswerReader; readonly service: string },
  masker: Masker | undefined,
): AnswerReader => {
  if (masker === undefined) return answer
  if (answer.kind === 'raw')
    return {
      kind: 'raw',
      read() {
        throw new Problem('UNAVAILABLE', `Service ${service} gave an answer that is no JSON and cannot be masked.`, {
          status: 502,
          service,
        })
      },
    }
  const read = guarded(service, (message) => maskJson(answer.read(message), masker, { removed: 'gone' }))
  return {
    kind: 'json',
    read,
    readBetween: (message, [before, after]) => Buffer.from(`${before}${read(message)}${after}`),
  }
}
