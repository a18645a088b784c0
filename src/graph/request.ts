import type { Type } from 'protobufjs'
import type { Json } from '../kernel/json.ts'
import { Problem } from '../kernel/problem.ts'
import type { GrpcMethod } from '../services/grpc/method.ts'
import { type Expression, noCall, renderText, renderValue, type Scope, type Template, textOf } from './template.ts'

/** What a binding asks its service, with placeholders where values go. */
export type RequestTemplate = RestRequest | GrpcRequest

export type RestRequest = {
  readonly kind: 'rest'
  readonly service: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** The path without its query; placeholders fill one segment or a part of one. */
  readonly path: Template
  readonly query: readonly NamedTemplate[]
  readonly headers: readonly NamedTemplate[]
  readonly body: ValueTemplate | undefined
  /** Whether asking twice does no more than asking once, as its author says of what is no GET. */
  readonly idempotent: boolean
}

export type GrpcRequest = {
  readonly kind: 'grpc'
  readonly service: string
  readonly method: GrpcMethod
  readonly message: ValueTemplate
  readonly metadata: readonly NamedTemplate[]
  /** The field of the message that says what shall be answered; undefined where none does. */
  readonly mask: FieldMask | undefined
}

/** A field mask that is filled from what an operation reads. */
export type FieldMask = {
  /** The request's field, by its JSON name. */
  readonly field: string
  /** The message that its paths are about. */
  readonly of: Type
  /** The field of a page whose items the mask is about; undefined where it is about the selected value itself. */
  readonly inside: string | undefined
}

export type NamedTemplate = { readonly name: string; readonly value: Template }

/** A JSON value with templates in place of strings. */
export type ValueTemplate =
  | { readonly kind: 'literal'; readonly value: Json }
  | { readonly kind: 'template'; readonly template: Template }
  | { readonly kind: 'object'; readonly fields: readonly (readonly [name: string, value: ValueTemplate])[] }
  | { readonly kind: 'list'; readonly items: readonly ValueTemplate[] }

export type Header = readonly [name: string, value: string]

/** A request ready to send. Two equal `identity` texts of one binding ask the same. */
export type RenderedRequest =
  | {
      readonly kind: 'rest'
      readonly path: string
      readonly headers: readonly Header[]
      readonly body: Json | undefined
      readonly identity: string
    }
  | { readonly kind: 'grpc'; readonly message: Json; readonly metadata: readonly Header[]; readonly identity: string }

/** Fills the placeholders; `noCall` when a value of the parent is missing. Throws Problem for values that do not fit. */
export const renderRequest = (request: RequestTemplate, scope: Scope): RenderedRequest | typeof noCall =>
  request.kind === 'rest' ? renderRest(request, scope) : renderGrpc(request, scope)

const renderRest = (request: RestRequest, scope: Scope): RenderedRequest | typeof noCall => {
  const path = renderText(request.path, scope, segment)
  if (path === noCall) return noCall
  if (path === undefined)
    throw new Problem('INVALID_ARGUMENT', 'A value that the address of this request needs is missing.', {
      reason: 'TEMPLATE_EMPTY',
    })
  const query = renderQuery(request.query, scope)
  if (query === noCall) return noCall
  const headers = renderHeaders(request.headers, scope)
  if (headers === noCall) return noCall
  const body = request.body === undefined ? undefined : renderValueTemplate(request.body, scope)
  if (body === noCall) return noCall
  const target = query === '' ? path : `${path}?${query}`
  const rest = headers.length > 0 || body !== undefined ? `\n${JSON.stringify([headers, body])}` : ''
  return { kind: 'rest', path: target, headers, body, identity: target + rest }
}

/** One path segment, or a part of one: percent-encoded, never empty and never a dot segment (RFC 3986 §3.3). */
const segment = (value: Json, { text }: Expression): string => {
  const plain = textOf(value)
  if (plain === '' || plain === '.' || plain === '..')
    throw new Problem('INVALID_ARGUMENT', `"${plain}" is no value for {${text}}.`)
  return encoded(plain, text)
}

const encoded = (text: string, placeholder: string): string => {
  try {
    return encodeURIComponent(text)
  } catch {
    throw new Problem('INVALID_ARGUMENT', `The value of {${placeholder}} is not well-formed text.`)
  }
}

/**
 * Query parameters in the author's order; a list repeats its name, an absent value drops its parameter. An empty
 * list stays, as an empty parameter: without its filter the answer would be everything.
 */
const renderQuery = (query: readonly NamedTemplate[], scope: Scope): string | typeof noCall => {
  const pairs: string[] = []
  for (const { name, value } of query) {
    const values = renderParameter(value, scope, (item) => encoded(textOf(item), name))
    if (values === noCall) return noCall
    for (const text of values) pairs.push(`${name}=${text}`)
  }
  return pairs.join('&')
}

/** The values of one parameter, encoded. */
const renderParameter = (
  value: Template,
  scope: Scope,
  encode: (item: Json) => string,
): readonly string[] | typeof noCall => {
  if (value.length !== 1 || typeof value[0] === 'string') {
    const text = renderText(value, scope, encode)
    if (text === noCall) return noCall
    return text === undefined ? [] : [text]
  }
  const only = renderValue(value, scope)
  if (only === noCall) return noCall
  if (only === undefined || only === null) return []
  if (!Array.isArray(only)) return [encode(only)]
  const items = only.filter((item: Json) => item !== null)
  return items.length === 0 ? [''] : items.map(encode)
}

const renderHeaders = (headers: readonly NamedTemplate[], scope: Scope): Header[] | typeof noCall => {
  const rendered: Header[] = []
  for (const { name, value } of headers) {
    const text = renderText(value, scope, headerText)
    if (text === noCall) return noCall
    if (text !== undefined) rendered.push([name, text])
  }
  return rendered
}

/** A field value (RFC 9110 §5.5): visible ASCII, spaces and tabs. Anything else could end the header. */
const headerText = (value: Json, { text }: Expression): string => {
  const plain = textOf(value)
  if (/^[\t\x20-\x7e]*$/.test(plain)) return plain
  throw new Problem('INVALID_ARGUMENT', `The value of {${text}} does not fit into a header.`)
}

const renderGrpc = (request: GrpcRequest, scope: Scope): RenderedRequest | typeof noCall => {
  const message = renderValueTemplate(request.message, scope)
  if (message === noCall) return noCall
  const metadata = renderHeaders(request.metadata, scope)
  if (metadata === noCall) return noCall
  const masked =
    request.mask === undefined || scope.mask === undefined
      ? (message ?? {})
      : { ...(message as Readonly<Record<string, Json>>), [request.mask.field]: scope.mask }
  return {
    kind: 'grpc',
    message: masked,
    metadata,
    identity: JSON.stringify(metadata.length > 0 ? [masked, metadata] : masked),
  }
}

/** Absent values are omitted from objects and lists; a client's null stays null. */
export const renderValueTemplate = (template: ValueTemplate, scope: Scope): Json | undefined | typeof noCall => {
  switch (template.kind) {
    case 'literal':
      return template.value
    case 'template':
      return renderValue(template.template, scope)
    case 'list': {
      const items: Json[] = []
      for (const item of template.items) {
        const value = renderValueTemplate(item, scope)
        if (value === noCall) return noCall
        if (value !== undefined) items.push(value)
      }
      return items
    }
    case 'object': {
      const object: Record<string, Json> = {}
      for (const [name, field] of template.fields) {
        const value = renderValueTemplate(field, scope)
        if (value === noCall) return noCall
        if (value !== undefined) object[name] = value
      }
      return object
    }
  }
}

/** Every template of a request, for checks and for printing. */
export const templatesOf = (request: RequestTemplate): Template[] =>
  request.kind === 'rest'
    ? [request.path, ...[...request.query, ...request.headers].map(({ value }) => value), ...templatesIn(request.body)]
    : [...templatesIn(request.message), ...request.metadata.map(({ value }) => value)]

const templatesIn = (value: ValueTemplate | undefined): Template[] => {
  switch (value?.kind) {
    case 'template':
      return [value.template]
    case 'object':
      return value.fields.flatMap(([, field]) => templatesIn(field))
    case 'list':
      return value.items.flatMap(templatesIn)
    default:
      return []
  }
}
