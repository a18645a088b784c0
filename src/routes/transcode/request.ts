import protobuf, { type Field, type Type } from 'protobufjs'
import type { Json } from '../../kernel/json.ts'
import type { JsonLimits } from '../../kernel/json-mistake.ts'
import { parseRequestBody } from '../../kernel/json-request.ts'
import { Problem } from '../../kernel/problem.ts'
import { messageCodec } from '../../services/grpc/json/codec.ts'
import type { JsonStyle } from '../../services/grpc/json/style.ts'
import { type FieldPath, isObject, type JsonObject, setField } from './fields.ts'
import type { ReadQuery } from './query.ts'
import type { TemplateVariable } from './template.ts'
import { type TextValue, textValue } from './values.ts'

/** What a request's body is: nothing, the message or a field of it as JSON, or raw bytes for a `google.api.HttpBody`. */
export type BodyUse =
  | { readonly kind: 'none' | 'all' | 'rawAll' }
  | { readonly kind: 'field' | 'rawField'; readonly field: Field }

/** What of an HTTP request becomes a message. */
export type RequestParts = {
  /** The path's segments, still escaped. */
  readonly segments: readonly string[]
  /** Without its `?`; empty for none. */
  readonly query: string
  readonly body: Buffer | undefined
  readonly contentType: string | undefined
}

export type RequestWriter = {
  /** Whether the body is taken: as JSON, as bytes of any kind, or not at all. */
  readonly body: 'none' | 'json' | 'raw'
  /** The request as an encoded message. Throws Problem INVALID_ARGUMENT that names what does not fit. */
  readonly encode: (parts: RequestParts) => Buffer
}

export type RequestFields = {
  readonly variables: readonly { readonly variable: TemplateVariable; readonly path: FieldPath }[]
  readonly body: BodyUse
  readonly query: ReadQuery
  readonly style: JsonStyle
  readonly json: JsonLimits
}

export const requestWriter = (
  type: Type,
  { variables, body, query, style, json: limits }: RequestFields,
): RequestWriter => {
  const bound = variables.map(boundVariable)
  const codec = messageCodec(type, style)
  const message = (parts: RequestParts, request: JsonObject): JsonObject => {
    if (parts.query !== '') query(request, parts.query)
    for (const set of bound) set(request, parts.segments)
    return request
  }
  switch (body.kind) {
    case 'none':
      return { body: 'none', encode: (parts) => codec.encode(message(parts, {})) }
    case 'all':
      return {
        body: 'json',
        encode(parts) {
          const json = parts.body === undefined ? {} : parseRequestBody(parts.body, limits)
          // Some messages are no objects in JSON, such as google.protobuf.Value; the codec knows which.
          return codec.encode(isObject(json) ? message(parts, json) : withoutOthers(json, parts))
        },
      }
    case 'field': {
      const { jsonName } = body.field
      return {
        body: 'json',
        encode: (parts) =>
          codec.encode(
            message(parts, parts.body === undefined ? {} : { [jsonName]: parseRequestBody(parts.body, limits) }),
          ),
      }
    }
    case 'rawAll':
      return { body: 'raw', encode: (parts) => httpBodyBytes(type, parts) }
    case 'rawField':
      return { body: 'raw', encode: (parts) => withField(codec.encode(message(parts, {})), body.field, parts) }
  }
  function withoutOthers(json: Json, parts: RequestParts): Json {
    if (bound.length > 0) throw new Problem('INVALID_ARGUMENT', 'The body should be a JSON object.')
    if (parts.query !== '') query({}, parts.query)
    return json
  }
}

type SetVariable = (request: JsonObject, segments: readonly string[]) => void

const boundVariable = ({ variable, path }: RequestFields['variables'][number]): SetVariable => {
  const { from, to, multi } = variable
  const value = textValue(path.field) as TextValue
  if (multi)
    return (request, segments) => {
      setField(request, path, value(decodedKeepingSlashes(segments.slice(from, to).join('/'), path)))
    }
  return (request, segments) => {
    setField(request, path, value(decoded(segments[from] ?? '', path)))
  }
}

const decoded = (text: string, { name }: FieldPath): string => {
  if (!text.includes('%')) return text
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw new Problem('INVALID_ARGUMENT', `${name}: the path holds bytes here that are not UTF-8.`, { cause })
  }
}

/** An escaped slash inside of several segments stays escaped (google/api/http.proto). */
const decodedKeepingSlashes = (text: string, path: FieldPath): string =>
  text
    .split(/(%2F)/i)
    .map((part, index) => (index % 2 === 1 ? part : decoded(part, path)))
    .join('')

type HttpBody = { readonly contentType: string; readonly data: Uint8Array }

const httpBodyOf = ({ body, contentType }: RequestParts): HttpBody => ({
  contentType: contentType ?? '',
  data: body ?? Buffer.alloc(0),
})

const httpBodyBytes = (type: Type, parts: RequestParts): Buffer =>
  type.encode(type.create(httpBodyOf(parts))).finish() as Buffer

const lengthDelimited = 2

/** Messages may be put together from parts (https://protobuf.dev/programming-guides/encoding/#last-one-wins), so the bytes need no base64. */
const withField = (message: Buffer, field: Field, parts: RequestParts): Buffer => {
  const type = field.resolvedType as Type
  const tag = ((field.id << 3) | lengthDelimited) >>> 0
  const tail = protobuf.Writer.create().uint32(tag).bytes(httpBodyBytes(type, parts)).finish()
  return Buffer.concat([message, tail])
}
