import type { FastifyRequest } from 'fastify'
import { type GraphQLInputType, getNamedType, getNullableType, isListType } from 'graphql'
import { didYouMean } from '../../kernel/diagnostic.ts'
import { parseRequestJson } from '../../kernel/json-request.ts'
import { Problem } from '../../kernel/problem.ts'
import { shortened } from '../../kernel/shortened.ts'
import { checkQuery } from '../query.ts'
import type { EndpointPlan } from './endpoint.ts'
import { type AddressParameter, addressParameters } from './parameters.ts'

/** Reads a request's variables, not yet coerced to their types. Throws INVALID_ARGUMENT for what no variable takes. */
export type InputReader = (request: FastifyRequest) => Record<string, unknown>

/** Resolves once where every variable comes from. `prefix` is the path before the endpoint's own. */
export const inputReader = ({ inputs, path, lenient }: EndpointPlan, prefix: string): InputReader => {
  const parameters = addressParameters(inputs)
  const inPath = parameters
    .filter(({ from }) => from === 'path')
    .map((parameter) => ({ ...parameter, segment: `${prefix}${path}`.split('/').indexOf(`{${parameter.name}}`) }))
  const inQuery = new Map(parameters.filter(({ from }) => from === 'query').map((one) => [one.name, one]))
  const members = new Set(inputs.filter(({ from }) => from === 'member').map(({ variable }) => variable))
  const whole = inputs.find(({ from }) => from === 'body')
  return (request) => {
    const values: Record<string, unknown> = {}
    for (const parameter of inPath) values[parameter.name] = fromSegment(request, parameter)
    checkQuery(request)
    readQuery(request.query as Query, values, { inputs: inQuery, lenient })
    if (whole !== undefined) values[whole.variable] = request.body ?? undefined
    else if (request.body !== undefined && request.body !== null)
      readMembers(request.body, values, { inputs: members, lenient })
    return values
  }
}

type Query = Readonly<Record<string, string | readonly string[]>>

type Known<Inputs> = { readonly inputs: Inputs; readonly lenient: boolean }

const fromSegment = (
  request: FastifyRequest,
  { name, type, segment }: AddressParameter & { segment: number },
): unknown => {
  const text = (request.params as Record<string, string>)[name] ?? ''
  if (text === '') throw new Problem('NOT_FOUND', 'There is nothing at this address.')
  if (!isList(type)) return fromText(text, type, name)
  // Commas stand between items; one inside of an item is %2C, which is still so in the path as it came.
  const items = request.canonicalPath.split('/')[segment]?.split(',') ?? []
  return items.map((item) => fromText(decodeURIComponent(item), type, name))
}

const readQuery = (
  query: Query,
  values: Record<string, unknown>,
  { inputs, lenient }: Known<ReadonlyMap<string, AddressParameter>>,
): void => {
  for (const name in query) {
    const parameter = inputs.get(name)
    const given = query[name] ?? ''
    if (parameter === undefined) {
      if (lenient) continue
      const shown = shortened(name)
      throw new Problem('INVALID_ARGUMENT', `There is no parameter ${shown}.${didYouMean(shown, inputs.keys())}`)
    }
    put(values, parameter.to, fromQuery(given, parameter))
  }
}

const fromQuery = (given: string | readonly string[], { name, type }: AddressParameter): unknown => {
  if (isList(type)) return [given].flat().map((text) => fromText(text, type, name))
  if (typeof given === 'string') return fromText(given, type, name)
  throw new Problem('INVALID_ARGUMENT', `The parameter ${name} is given more than once.`)
}

/** Names come from the schema: none of them is a name of JavaScript's own. */
const put = (values: Record<string, unknown>, [first, ...rest]: AddressParameter['to'], value: unknown): void => {
  const [next, ...more] = rest
  if (next === undefined) {
    values[first] = value
    return
  }
  const inner = (values[first] ??= {}) as Record<string, unknown>
  put(inner, [next, ...more], value)
}

const readMembers = (
  body: unknown,
  values: Record<string, unknown>,
  { inputs, lenient }: Known<ReadonlySet<string>>,
): void => {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new Problem('INVALID_ARGUMENT', 'The body should be a JSON object.')
  for (const [name, value] of Object.entries(body)) {
    if (inputs.has(name)) values[name] = value
    else if (!lenient) {
      const shown = shortened(name)
      throw new Problem(
        'INVALID_ARGUMENT',
        `The body has a member ${shown} that means nothing here.${didYouMean(shown, inputs)}`,
      )
    }
  }
}

const isList = (type: GraphQLInputType): boolean => isListType(getNullableType(type))

/** Text of a path or query as the JSON value its type is written in; a text that is none stays text, for coercion to refuse. */
const fromText = (text: string, type: GraphQLInputType, name: string): unknown => {
  switch (getNamedType(type).name) {
    case 'Int':
    case 'Float':
      return numeric(text, name)
    case 'Boolean':
      if (text === 'true' || text === 'false') return text === 'true'
      throw new Problem('INVALID_ARGUMENT', `${name} should be true or false.`)
    case 'JSON':
      return json(text, name)
    default:
      return text
  }
}

const numeric = (text: string, name: string): number => {
  if (/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text)) return Number(text)
  throw new Problem('INVALID_ARGUMENT', `${name} should be a number.`)
}

const json = (text: string, name: string): unknown => {
  try {
    return parseRequestJson(text)
  } catch (cause) {
    throw new Problem('INVALID_ARGUMENT', `${name} should be JSON, strings in quotes.`, { cause })
  }
}
