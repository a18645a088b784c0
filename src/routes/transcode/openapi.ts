import type { Method } from 'protobufjs'
import type { ApiAnswer, ApiBody, ApiContent, ApiDescription, ApiOperation, ApiTag } from '../../kernel/openapi.ts'
import { isSaid, paragraphs, summaryOf } from '../../kernel/openapi-words.ts'
import { fieldOf } from '../../services/grpc/json/fields.ts'
import { fieldBehaviors, isDeprecated } from '../../services/grpc/protos/annotations.ts'
import type { GrpcService } from '../../services/service.ts'
import { anyMethod } from '../matcher.ts'
import type { Binding } from './binding.ts'
import { definitionOf, type TranscodeRoute } from './compile.ts'
import { resolveFieldPath } from './fields.ts'
import { describedAs } from './openapi-comments.ts'
import { describePath } from './openapi-paths.ts'
import { describeQuery } from './openapi-query.ts'
import { createSchemas, type MessageSchemas } from './openapi-schemas.ts'

/**
 * What a transcoding route offers to readers of its API: an operation for each binding, made from the descriptors
 * that also bind it. One description for each gRPC service of the workspace, for two of them may use one name for
 * different messages.
 */
export const describeTranscode = (route: TranscodeRoute): readonly ApiDescription[] =>
  route.services.map((service) => describeService(service, route))

const describeService = (service: GrpcService, route: TranscodeRoute): ApiDescription => {
  const bindings = route.bindings.filter((binding) => binding.service === service.name)
  const schemas = createSchemas(
    route.json,
    bindings.map(({ method }) => method.responseType),
  )
  const tags = new Map<string, ApiTag>()
  const short = Map.groupBy(new Set(bindings.map(tagOf)), (tag) => tag.slice(tag.lastIndexOf('.') + 1))
  const operations = bindings.map((binding): ApiOperation => {
    const definition = definitionOf(service, binding.method.path.slice(1))
    const tag = tagOf(binding)
    if (!tags.has(tag))
      tags.set(tag, { name: tag, description: definition.parent ? describedAs(definition.parent) : undefined })
    const name =
      (short.get(definition.parent?.name ?? '')?.length ?? 0) > 1 ? tag.replaceAll('.', '_') : definition.parent?.name
    return describeBinding({ binding, definition, tag, id: `${name}_${definition.name}` }, route, schemas)
  })
  return { operations, schemas: schemas.named(), tags: [...tags.values()] }
}

/** The proto service of a binding, by its full name. */
const tagOf = ({ method }: Binding): string => method.path.split('/')[1] ?? ''

type Bound = {
  readonly binding: Binding
  readonly definition: Method
  readonly tag: string
  readonly id: string
}

const describeBinding = (
  { binding, definition, tag, id }: Bound,
  { prefix, json, websocket }: TranscodeRoute,
  schemas: MessageSchemas,
): ApiOperation => {
  const { method, template, rule, verb } = binding
  const { path, parameters } = describePath(template, method.requestType, schemas)
  const input = describeInput(binding, json.names, schemas)
  const streams = method.requestStream || method.responseStream
  const comment = describedAs(definition)
  const summary = summaryOf(comment)
  const notes = [
    verb === anyMethod ? 'This address answers any method.' : undefined,
    input.cut ? 'There are more query parameters: every field that is a value, under its path.' : undefined,
    streams && websocket ? 'Answers WebSocket upgrades too: one JSON message a frame each way.' : undefined,
    binding.connect
      ? 'Clients of the Connect protocol may call this address; their errors have its own form.'
      : undefined,
  ]
  return {
    method: verb === anyMethod ? (rule.body === '' ? 'GET' : 'POST') : verb,
    path: prefix + path,
    origin: `${verb} ${template.text} of ${method.path.slice(1)}`,
    id,
    tag,
    summary: summary ?? definition.name,
    description: paragraphs(isSaid(comment, summary) ? undefined : comment, ...notes),
    deprecated: isDeprecated(definition) || (definition.parent !== null && isDeprecated(definition.parent)),
    parameters: [...parameters, ...input.parameters],
    body: input.body,
    answer: describeAnswer(binding, schemas),
    refusals: [
      400,
      ...(parameters.length > 0 ? [404] : []),
      ...(streams && method.responseStream && binding.answer.kind === 'json' ? [406] : []),
      ...(input.body === undefined ? [] : [413, 415]),
    ],
  }
}

type Input = {
  readonly parameters: ReturnType<typeof describeQuery>['parameters']
  readonly cut: boolean
  readonly body: ApiBody | undefined
}

const describeInput = (
  { method: { requestType, requestStream }, template, rule, request }: Binding,
  names: 'json' | 'proto',
  schemas: MessageSchemas,
): Input => {
  const inPath = template.variables.flatMap(({ path }) => {
    const found = resolveFieldPath(requestType, path)
    return 'steps' in found ? [found.name] : []
  })
  const bodyField = rule.body === '' || rule.body === '*' ? undefined : fieldOf(requestType, rule.body)
  const taken = [...inPath, ...(bodyField === undefined ? [] : [bodyField.jsonName])]
  const query =
    rule.body === '*' ? { parameters: [], cut: false } : describeQuery({ type: requestType, taken, names, schemas })
  if (request.body === 'none') return { ...query, body: undefined }
  if (request.body === 'raw')
    return { ...query, body: { required: false, description: 'Bytes of any media type.', content: { '*/*': {} } } }
  const within = bodyField === undefined ? inPath : pathsBelow(inPath, bodyField.jsonName)
  const schema =
    bodyField === undefined ? schemas.request(requestType, within) : schemas.requestField(bodyField, within)
  if (requestStream)
    return {
      ...query,
      body: {
        required: false,
        description: 'Messages as JSON, one a line. The schema is that of a line.',
        content: { 'application/x-ndjson': { schema } },
      },
    }
  const required =
    bodyField === undefined ? schemas.requires(requestType, within) : fieldBehaviors(bodyField).includes('REQUIRED')
  return { ...query, body: { required, content: { 'application/json': { schema } } } }
}

const pathsBelow = (paths: readonly string[], name: string): readonly string[] =>
  paths.filter((path) => path.startsWith(`${name}.`)).map((path) => path.slice(name.length + 1))

const describeAnswer = ({ method, rule, answer }: Binding, schemas: MessageSchemas): ApiAnswer => {
  const { responseType, responseStream } = method
  if (answer.kind === 'raw')
    return { description: 'Bytes, with the media type that the service gives.', content: { '*/*': {} } }
  const field = rule.responseBody === '' ? undefined : fieldOf(responseType, rule.responseBody)
  const schema = field === undefined ? schemas.answer(responseType) : schemas.answerField(field)
  const description = describedAs(field ?? responseType) ?? 'The answer.'
  if (!responseStream) return { description, content: { 'application/json': { schema } } }
  const content: ApiContent = {
    'application/x-ndjson': { schema },
    'text/event-stream': { schema: { type: 'string', contentMediaType: 'application/json', contentSchema: schema } },
  }
  return { description: paragraphs(description, streaming) ?? streaming, content }
}

const streaming =
  'A stream: JSON messages one a line, or each the `data` of a server-sent event, by `Accept`. The schema is that of one message. A stream that fails midway ends with a line `{"error": …}`, or an event `error`, that holds the problem.'
