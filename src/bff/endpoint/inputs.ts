import type { FastifyRequest } from 'fastify'
import { type GraphQLInputType, getNamedType, getNullableType, isListType } from 'graphql'
import { didYouMean } from '../../kernel/diagnostic.ts'
import { Problem } from '../../kernel/problem.ts'
import type { EndpointInput } from './endpoint.ts'

/** Reads a request's variables, not yet coerced to their types. Throws INVALID_ARGUMENT for what no variable takes. */
export type InputReader = (request: FastifyRequest) => Record<string, unknown>

/** Resolves once where every variable comes from. */
export const inputReader = (inputs: readonly EndpointInput[]): InputReader => {
  const inPath = inputs.filter(({ from }) => from === 'path')
  const inQuery = new Map(inputs.filter(({ from }) => from === 'query').map((input) => [input.variable, input]))
  const members = new Set(inputs.filter(({ from }) => from === 'member').map(({ variable }) => variable))
  const whole = inputs.find(({ from }) => from === 'body')
  return (request) => {
    const values: Record<string, unknown> = {}
    const params = request.params as Record<string, string>
    for (const { variable, type } of inPath) values[variable] = fromText(params[variable] ?? '', type, variable)
    readQuery(request, inQuery, values)
    if (whole !== undefined) values[whole.variable] = request.body ?? undefined
    else if (request.body !== undefined && request.body !== null) readMembers(request.body, members, values)
    return values
  }
}

const readQuery = (
  request: FastifyRequest,
  inputs: ReadonlyMap<string, EndpointInput>,
  values: Record<string, unknown>,
): void => {
  const query = request.query as Record<string, string | string[]>
  for (const name in query) {
    const input = inputs.get(name)
    const given = query[name] ?? ''
    if (input === undefined)
      throw new Problem('INVALID_ARGUMENT', `There is no parameter ${name}.${didYouMean(name, inputs.keys())}`)
    if (isListType(getNullableType(input.type)))
      values[name] = [given].flat().map((text) => fromText(text, input.type, name))
    else if (Array.isArray(given))
      throw new Problem('INVALID_ARGUMENT', `The parameter ${name} is given more than once.`)
    else values[name] = fromText(given, input.type, name)
  }
}

const readMembers = (body: unknown, members: ReadonlySet<string>, values: Record<string, unknown>): void => {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new Problem('INVALID_ARGUMENT', 'The body should be a JSON object.')
  for (const [name, value] of Object.entries(body)) {
    if (!members.has(name))
      throw new Problem(
        'INVALID_ARGUMENT',
        `The body has a member ${name} that means nothing here.${didYouMean(name, members)}`,
      )
    values[name] = value
  }
}

/** Text of a path or query as the JSON value its type is written in; a text that is none stays text, for coercion to refuse. */
const fromText = (text: string, type: GraphQLInputType, name: string): unknown => {
  switch (getNamedType(type).name) {
    case 'Int':
    case 'Float':
      return numeric(text, name)
    case 'Boolean':
      if (text === 'true' || text === 'false') return text === 'true'
      throw new Problem('INVALID_ARGUMENT', `${name} should be true or false.`)
    default:
      return text
  }
}

const numeric = (text: string, name: string): number => {
  if (/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text)) return Number(text)
  throw new Problem('INVALID_ARGUMENT', `${name} should be a number.`)
}
