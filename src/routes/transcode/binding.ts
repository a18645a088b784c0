import { METHODS } from 'node:http'
import protobuf, { type Field, type Type } from 'protobufjs'
import { didYouMean } from '../../kernel/diagnostic.ts'
import type { JsonLimits } from '../../kernel/json-mistake.ts'
import { fieldOf, jsonNames } from '../../services/grpc/json/fields.ts'
import type { JsonStyle } from '../../services/grpc/json/style.ts'
import type { GrpcMethod } from '../../services/grpc/method.ts'
import type { HttpRule } from '../../services/grpc/protos/annotations.ts'
import { anyMethod } from '../matcher.ts'
import { type AnswerReader, answerReader } from './answer.ts'
import { type FieldPath, resolveFieldPath } from './fields.ts'
import { queryReader, refuseQuery } from './query.ts'
import { type BodyUse, type RequestWriter, requestWriter } from './request.ts'
import { type PathTemplate, parseTemplate, type TemplateVariable } from './template.ts'
import { textValue } from './values.ts'

/** One way a method is reached over HTTP, ready to run: nothing in it is looked up by name any more. */
export type Binding = {
  /** The service of the workspace that answers. */
  readonly service: string
  readonly method: GrpcMethod
  /** Upper case; `*` is any. */
  readonly verb: string
  readonly template: PathTemplate
  /** As the proto writes it. */
  readonly rule: HttpRule
  /** What telemetry calls it: `/api/v1/products/{id}`. */
  readonly pattern: string
  /** Requests as encoded messages. */
  readonly request: RequestWriter
  /** Encoded messages as answers. */
  readonly answer: AnswerReader
  /** Whether clients of the Connect protocol may call it: it has no annotations, and its path is theirs. */
  readonly connect: boolean
  /** Requests whose whole message is JSON from elsewhere than the body, as a GET of the Connect protocol has it. */
  readonly wholeRequest: RequestWriter
}

/** What is wrong with a rule: which part of it, from which character on. */
export type RuleMistake = {
  readonly part: 'template' | 'verb' | 'body' | 'responseBody'
  readonly at: number
  readonly message: string
  /** An error by default; `warning` for a rule that is well meant and cannot be served. */
  readonly severity?: 'error' | 'warning'
}

export type BindingContext = {
  readonly service: string
  readonly method: GrpcMethod
  /** What stands before every template: `/api`. */
  readonly prefix: string
  readonly style: JsonStyle
  /** Of one message. */
  readonly json: JsonLimits
  readonly connect: boolean
}

/** A rule with its template read and its fields found, or every mistake in it. */
export const compileRule = (
  rule: HttpRule,
  context: BindingContext,
): { readonly binding: Binding } | { readonly mistakes: readonly RuleMistake[] } => {
  const { method, service, style, json, prefix, connect } = context
  const template = parseTemplate(rule.template)
  if (!('segments' in template)) return { mistakes: [{ part: 'template', ...template }] }
  const mistakes: RuleMistake[] = [...verbMistakes(rule, method)]
  const variables = template.variables.flatMap((variable) => {
    const path = pathOf(method.requestType, variable)
    if ('steps' in path) return [{ variable, path }]
    mistakes.push(path)
    return []
  })
  const body = bodyOf(method.requestType, rule)
  if ('part' in body) mistakes.push(body)
  else if (body.kind === 'field' || body.kind === 'rawField') mistakes.push(...takenTwice(body.field, variables))
  const answer = answerReader(method.responseType, { responseBody: rule.responseBody, style, service })
  if (answer === undefined) mistakes.push(unknownField('responseBody', method.responseType, rule.responseBody))
  if (mistakes.length > 0 || answer === undefined || 'part' in body) return { mistakes }
  const { unknownFields } = style
  const taken = [...variables.map(({ path }) => path.name), ...('field' in body ? [body.field.jsonName] : [])]
  const query =
    body.kind === 'all' || body.kind === 'rawAll'
      ? refuseQuery(unknownFields)
      : queryReader({ type: method.requestType, taken, unknownFields })
  const request = requestWriter(method.requestType, { variables, body, query, style, json })
  const pattern = `${prefix}${rule.template}`
  const wholeRequest =
    body.kind === 'all'
      ? request
      : requestWriter(method.requestType, {
          variables,
          body: { kind: 'all' },
          query: refuseQuery('refuse'),
          style,
          json,
        })
  return {
    binding: { service, method, verb: rule.verb, template, rule, pattern, request, answer, connect, wholeRequest },
  }
}

const verbMistakes = ({ verb, body }: HttpRule, { requestStream }: GrpcMethod): readonly RuleMistake[] => {
  if (verb !== anyMethod && (!METHODS.includes(verb) || verb === 'CONNECT'))
    return [{ part: 'verb', at: 0, message: `There is no HTTP method ${verb}.${didYouMean(verb, usual)}` }]
  if ((verb === 'GET' || verb === 'HEAD') && body !== '')
    return [{ part: 'body', at: 0, message: `A ${verb} request has no body.` }]
  return requestStream && body === ''
    ? [{ part: 'verb', at: 0, message: 'Messages are streamed in the body, and this rule has none. Add `body: "*"`.' }]
    : []
}

const usual = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']

const pathOf = (type: Type, { path, at }: TemplateVariable): FieldPath | RuleMistake => {
  const found = resolveFieldPath(type, path)
  const mistake = (message: string, part = path): RuleMistake => ({
    part: 'template',
    at: at + 1 + Math.max(0, path.indexOf(part)),
    message,
  })
  if (!('steps' in found)) return mistake(found.message, found.part)
  const { field } = found
  if (field.repeated || field.map)
    return mistake(`${path} is ${field.map ? 'a map' : 'repeated'}; a path holds one value.`)
  return textValue(field) === undefined
    ? mistake(`${path} is a message; a path holds one value. Name a field of it.`)
    : found
}

const bodyOf = (type: Type, { body }: HttpRule): BodyUse | RuleMistake => {
  if (body === '') return { kind: 'none' }
  if (body === '*') return { kind: isHttpBody(type) ? 'rawAll' : 'all' }
  const field = fieldOf(type, body)
  if (field === undefined) return unknownField('body', type, body)
  return { kind: isHttpBody(field.resolvedType) && !field.repeated ? 'rawField' : 'field', field }
}

/** A body sets its whole field, so the path may set a part of it, and not the whole. */
const takenTwice = (
  body: Field,
  variables: readonly { readonly variable: TemplateVariable; readonly path: FieldPath }[],
): readonly RuleMistake[] =>
  variables.flatMap(({ variable, path }): RuleMistake[] =>
    path.name === body.jsonName || (path.name.startsWith(`${body.jsonName}.`) && isHttpBody(body.resolvedType))
      ? [{ part: 'template', at: variable.at, message: `${variable.path} is in the path and in the body.` }]
      : [],
  )

const unknownField = (part: 'body' | 'responseBody', type: Type, name: string): RuleMistake => ({
  part,
  at: 0,
  message: name.includes('.')
    ? `Expected a field of ${type.name} itself, not one inside of another.`
    : `${type.name} has no field ${name}.${didYouMean(name, jsonNames(type))}`,
})

/** `google.api.HttpBody`: bytes as they are, with their media type. */
const isHttpBody = (type: unknown): type is Type =>
  type instanceof protobuf.Type && type.fullName === '.google.api.HttpBody'
