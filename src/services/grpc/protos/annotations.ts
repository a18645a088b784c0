import type { Field, Method, ReflectionObject } from 'protobufjs'

/** One way a method is reached over HTTP, as its proto writes it (google/api/http.proto). */
export type HttpRule = {
  /** Upper case; of a `custom` pattern its kind, where `*` is any method. */
  readonly verb: string
  /** The path template as written: `/v1/{name=shelves/*}:archive`. */
  readonly template: string
  /** The request field that the body is, `*` for all fields that nothing else sets, empty for no body. */
  readonly body: string
  /** The answer's field that the response body is; empty for the whole answer. */
  readonly responseBody: string
}

/** The `google.api.http` rules of a method: its own first, then its additional bindings. Empty where it has none. */
export const httpRules = (method: Method): readonly HttpRule[] =>
  optionsOf(method, '(google.api.http)').flatMap((rule) => [
    ...ruleOf(rule as RawRule),
    ...list((rule as RawRule).additional_bindings).flatMap(ruleOf),
  ])

type RawRule = {
  readonly [verb in 'get' | 'put' | 'post' | 'delete' | 'patch']?: string
} & {
  readonly custom?: { readonly kind?: string; readonly path?: string }
  readonly body?: string
  readonly response_body?: string
  readonly additional_bindings?: RawRule | readonly RawRule[]
}

const verbs = ['get', 'put', 'post', 'delete', 'patch'] as const

const ruleOf = (raw: RawRule): readonly HttpRule[] => {
  const verb = verbs.find((one) => raw[one] !== undefined)
  const pattern =
    verb === undefined
      ? { verb: raw.custom?.kind, template: raw.custom?.path }
      : { verb: verb.toUpperCase(), template: raw[verb] }
  return pattern.verb === undefined || pattern.template === undefined
    ? []
    : [{ verb: pattern.verb, template: pattern.template, body: raw.body ?? '', responseBody: raw.response_body ?? '' }]
}

/** `idempotency_level` of a method (google/protobuf/descriptor.proto). */
export type Idempotency = 'IDEMPOTENCY_UNKNOWN' | 'NO_SIDE_EFFECTS' | 'IDEMPOTENT'

export const idempotencyOf = (method: Method): Idempotency =>
  (optionsOf(method, 'idempotency_level').at(-1) as Idempotency | undefined) ?? 'IDEMPOTENCY_UNKNOWN'

/** Whether an element says `deprecated = true`. */
export const isDeprecated = (object: ReflectionObject): boolean => optionsOf(object, 'deprecated').at(-1) === true

/** The names that `google.api.field_behavior` gives a field, such as `REQUIRED` and `OUTPUT_ONLY`. */
export const fieldBehaviors = (field: Field): readonly string[] =>
  optionsOf(field, '(google.api.field_behavior)').flatMap((value) => list(value as string | readonly string[]))

/**
 * Whether a request may set a field: not what only the service writes (google.aip.dev/203). Some protos call a field
 * both REQUIRED and OUTPUT_ONLY; it may be set then, and need not be.
 */
export const isAsked = (field: Field): boolean => {
  const behaviors = fieldBehaviors(field)
  return !behaviors.includes('OUTPUT_ONLY') || behaviors.includes('REQUIRED')
}

/** Whether a service refuses a request without the field: `required` of proto2, and REQUIRED. */
export const isDemanded = (field: Field): boolean => {
  if (field.required) return true
  const behaviors = fieldBehaviors(field)
  return behaviors.includes('REQUIRED') && !behaviors.includes('OUTPUT_ONLY')
}

/** The comment of an element as plain text; undefined where it has none. */
export const commentOf = ({ comment }: ReflectionObject): string | undefined =>
  // Elements that protobufjs makes up, such as the field of a group, have not even null.
  (comment ?? '').trim() || undefined

/** Every value an option was given, in order. Options of descriptor sets are kept in the same form as those of texts. */
const optionsOf = (object: ReflectionObject, name: string): readonly unknown[] =>
  ((object.parsedOptions ?? []) as readonly Record<string, unknown>[]).flatMap((options) =>
    Object.hasOwn(options, name) ? [options[name]] : [],
  )

/** One value of a repeated option is written without brackets. */
const list = <Value>(value: Value | readonly Value[] | undefined): readonly Value[] =>
  value === undefined ? [] : Array.isArray(value) ? (value as readonly Value[]) : [value as Value]
