import type {
  ApiAnswer,
  ApiBody,
  ApiDescription,
  ApiHeader,
  ApiOperation,
  ApiParameter,
  JsonSchema,
} from '../../kernel/openapi.ts'
import { schemaRef } from '../../kernel/openapi.ts'
import { isSaid, paragraphs, summaryOf } from '../../kernel/openapi-words.ts'
import type { BffPlan } from '../bff.ts'
import type { EndpointPlan } from './endpoint.ts'
import { answerSchema } from './openapi-answers.ts'
import { bareInput, inputSchema, membersSchema, type NamedSchemas, namedSchemas } from './openapi-values.ts'
import { addressParameters } from './parameters.ts'

/** What a BFF's endpoints offer to readers of its API, made from the operations that also answer. */
export const describeEndpoints = ({ name, prefix, graph, endpoints, explain }: BffPlan): ApiDescription => {
  const { clientSchema: schema } = graph
  const named = namedSchemas(Object.keys(schema.getTypeMap()))
  const operations = endpoints.map((endpoint): ApiOperation => {
    const { path, method, file, description, lifetime } = endpoint
    const summary = summaryOf(description)
    const explains = explain !== undefined && !endpoint.streams
    const parameters = [...parametersOf(endpoint, named), ...(explains ? [explainParameter] : [])]
    const body = bodyOf(endpoint, named)
    return {
      method,
      path: prefix + path,
      origin: `${method} ${path} of ${file}`,
      id: /^\w+$/.test(endpoint.name) ? endpoint.name : `${method.toLowerCase()}${path.replaceAll(/\W+/g, '_')}`,
      tag: name,
      summary,
      description: paragraphs(isSaid(description, summary) ? undefined : description, ...lifetimeNotes(lifetime)),
      deprecated: lifetime.deprecated !== undefined,
      parameters,
      body,
      answer: answerOf(
        endpoint,
        answerSchema(endpoint, { schema, named, besides: explains ? { ...besides, ...explanation } : besides }),
      ),
      access: endpoint.needed,
      refusals: [
        400,
        ...(endpoint.require.length > 0 || parameters.some((one) => one.in === 'path') ? [404] : []),
        406,
        ...(body === undefined ? [] : [413, 415]),
      ],
    }
  })
  return { operations, schemas: { ...named.all(), ...partialSchemas }, tags: [{ name }] }
}

const partial = 'partial-error'

/** What failed of a partial answer. The name is none a type could have. */
const partialSchemas: Readonly<Record<string, JsonSchema>> = {
  [partial]: {
    type: 'object',
    description: 'A part of the answer that is missing.',
    required: ['path', 'code'],
    properties: {
      path: { type: 'array', description: 'Where it is missing.', items: { type: ['string', 'integer'] } },
      code: { type: 'string', description: 'Why, as the code of a problem.' },
      service: { type: 'string', description: 'The service whose call failed.' },
    },
  },
}

const besides: Readonly<Record<string, JsonSchema>> = {
  _errors: {
    type: 'array',
    description: 'What is missing and why, where something failed that is not required.',
    items: schemaRef(partial),
  },
}

const explainParameter: ApiParameter = {
  name: 'Portico-Explain',
  in: 'header',
  required: false,
  description:
    'Asks how the answer came about, of callers who may: `_explain` then says which value is missing and why.',
  schema: { type: 'string', enum: ['1', '0'] },
}

const explanation: Readonly<Record<string, JsonSchema>> = {
  _explain: {
    type: 'object',
    description:
      'The steps and calls of the answer, and one reason for each value that is not there. Where it was asked for.',
  },
}

const day = (seconds: number): string => new Date(seconds * 1_000).toISOString().replace('T00:00:00.000Z', '')

const lifetimeNotes = ({ deprecated, sunset, successor, notice }: EndpointPlan['lifetime']): readonly string[] => [
  ...(deprecated === undefined ? [] : [`Deprecated from ${day(deprecated)} on.`]),
  ...(sunset === undefined ? [] : [`May be gone from ${day(sunset)} on.`]),
  ...(successor === undefined ? [] : [`Use ${successor} instead.`]),
  ...(notice === undefined ? [] : [`More on this: ${notice}`]),
]

const parametersOf = ({ inputs, path }: EndpointPlan, named: NamedSchemas): readonly ApiParameter[] => {
  const order = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
  const parameters = addressParameters(inputs).map(
    ({ name, from, type, required, fallback, description, deprecated }): ApiParameter => {
      const schema = bareInput(type, named)
      return {
        name,
        in: from,
        required,
        description,
        deprecated: deprecated || undefined,
        schema: {
          ...(isAnyJson(schema) ? { type: 'string', contentMediaType: 'application/json' } : schema),
          ...(fallback === undefined || fallback.value === null ? {} : { default: fallback.value }),
        },
      }
    },
  )
  const inPath = parameters.filter((one) => one.in === 'path')
  return [
    ...inPath.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name)),
    ...parameters.filter((one) => one.in === 'query'),
  ]
}

/** A value of any type stands in an address as JSON text. */
const isAnyJson = (schema: JsonSchema): boolean => Object.keys(schema).join() === 'description'

const bodyOf = ({ name, inputs, lenient }: EndpointPlan, named: NamedSchemas): ApiBody | undefined => {
  const whole = inputs.find(({ from }) => from === 'body')
  if (whole !== undefined) {
    const schema = inputSchema(whole.type, named)
    const required = whole.fallback === undefined && String(whole.type).endsWith('!')
    return { required, description: whole.description, content: { 'application/json': { schema } } }
  }
  const members = inputs.filter(({ from }) => from === 'member')
  if (members.length === 0) return undefined
  const object = membersSchema(
    members.map((input) => ({ ...input, name: input.variable })),
    named,
  )
  const { additionalProperties: _closed, ...open } = object
  const schema = named.own(`${name}Input`, lenient ? open : object)
  return { required: object['required'] !== undefined, content: { 'application/json': { schema } } }
}

const header = (description: string): ApiHeader => ({ description, schema: { type: 'string' } })

const answerOf = ({ status, cache, lifetime, streams }: EndpointPlan, schema: JsonSchema): ApiAnswer => {
  const headers = {
    ...(streams
      ? {}
      : { 'Portico-Partial': header('Services whose part of the answer is missing; absent where nothing is.') }),
    ...(cache === undefined ? {} : { ETag: header('Of a whole answer, for If-None-Match.') }),
    ...(lifetime.deprecated === undefined
      ? {}
      : { Deprecation: header('From when on this should not be used (RFC 9745).') }),
    ...(lifetime.sunset === undefined ? {} : { Sunset: header('From when on this may be gone (RFC 8594).') }),
  }
  if (streams)
    return {
      description: eventsNote,
      headers,
      content: {
        'text/event-stream': {
          schema: { type: 'string', contentMediaType: 'application/json', contentSchema: schema },
        },
      },
    }
  return {
    status,
    description: 'The answer.',
    headers,
    content: { 'application/json': { schema } },
    unchanged: cache === undefined ? undefined : 'The client holds the answer already.',
  }
}

const eventsNote =
  'Server-sent events. The schema is that of the `data` of a message. An event `problem` stands for one message that failed, `error` ends a stream that failed, `complete` one that is over; the data of the first two is a problem.'
