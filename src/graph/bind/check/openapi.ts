import { type ASTNode, type GraphQLOutputType, isObjectType } from 'graphql'
import { didYouMean } from '../../../kernel/diagnostic.ts'
import {
  decoded,
  formsOf,
  type OpenApiDocument,
  type OpenApiOperation,
  type OpenApiParameter,
  openApiOperation,
  openApiPaths,
  serverPath,
} from '../../../services/openapi/document.ts'
import { directiveOf } from '../../directives.ts'
import type { Binding } from '../../graph.ts'
import type { RestRequest } from '../../request.ts'
import type { Template } from '../../template.ts'
import { type BindContext, type Owner, report, type Told } from '../context.ts'
import { checkAnswer, follow } from './openapi-answers.ts'
import { bodyMistakes } from './openapi-bodies.ts'
import { inputMistakes, sentArgument } from './openapi-inputs.ts'

/** Holds `@rest` bindings against the OpenAPI documents of their services, where those are given. */
export const checkOpenApi = (context: BindContext): void => {
  const seen = new Set<string>()
  const suppliers = new Map<string, string>()
  for (const binding of context.bindings) {
    const { request } = binding
    const service = context.services.get(request.service)
    if (request.kind !== 'rest' || service?.kind !== 'rest' || service.openapi === undefined) continue
    const document = service.openapi
    const at = placeOf(context, binding)
    if (at === undefined) continue
    const found = operationOf(document, request, service.basePath)
    if (typeof found === 'string') {
      report(context, at.node, binding.coordinate, { code: 'PORTICO-901', message: found })
      continue
    }
    checkRequest(context, { binding, request, operation: found, document, node: at.node, field: at.field })
    const answer = follow(document, formsOf(document, found.answer), binding.select)
    if (typeof answer === 'string')
      report(context, at.node, binding.coordinate, {
        code: 'PORTICO-904',
        message: `\`select\`: the answer of ${request.method} ${found.path} ${answer}`,
      })
    else if (answer !== undefined)
      checkAnswer({ context, document, seen, suppliers }, { type: at.type, forms: answer, binding, node: at.node })
  }
}

const placeOf = (
  { schema }: BindContext,
  { coordinate }: Binding,
): { readonly node: ASTNode; readonly type: GraphQLOutputType; readonly field: Owner['field'] } | undefined => {
  const [typeName = '', fieldName] = coordinate.split('.')
  const owner = schema.getType(typeName)
  if (!isObjectType(owner)) return undefined
  const field = fieldName === undefined ? undefined : owner.getFields()[fieldName]
  const directive = directiveOf('rest', ...(field ? [field.astNode] : [owner.astNode, ...owner.extensionASTNodes]))
  return directive && { node: directive.node, type: field?.type ?? owner, field }
}

const segments = (path: string): readonly string[] => path.replaceAll(/\{[^}]*\}/g, '{}').split('/')

const fitsPath = (asked: readonly string[], known: readonly string[]): boolean =>
  asked.length === known.length && known.every((part, index) => part === asked[index] || part.includes('{}'))

/** The operation that a request means, or a sentence on why there is none. */
const operationOf = (
  document: OpenApiDocument,
  { path, method }: RestRequest,
  basePath: string,
): OpenApiOperation | string => {
  const written = path.map((part) => (typeof part === 'string' ? part : `{${part.text}}`)).join('')
  const before = serverPath(document)
  const all = openApiPaths(document)
  const asked = [segments(written), segments(basePath + written)]
  const found = all.filter(({ path: known }) =>
    [segments(known), segments(before + known)].some((form) => asked.some((one) => fitsPath(one, form))),
  )
  // A path without parameters goes before one with them (OpenAPI 3.1 §4.8.8.2).
  const [best] = found.toSorted((a, b) => a.path.split('{').length - b.path.split('{').length)
  if (best === undefined)
    return `${document.file} has no path ${written}.${didYouMean(
      written,
      all.map(({ path: known }) => known),
    )}`
  return best.methods.includes(method)
    ? openApiOperation(document, best.path, method)
    : `${document.file} has no ${method} at ${best.path}; it has ${best.methods.join(', ') || 'none'}.`
}

type Asked = {
  readonly binding: Binding
  readonly request: RestRequest
  readonly operation: OpenApiOperation
  readonly document: OpenApiDocument
  readonly node: ASTNode
  readonly field: Owner['field']
}

const checkRequest = (context: BindContext, { binding, request, operation, document, node, field }: Asked): void => {
  const { coordinate } = binding
  const at = `${request.method} ${operation.path}`
  const query = operation.parameters.filter((one) => one.in === 'query')
  const known = query.map(({ name }) => name)
  const given = request.query.map(({ name }) => decoded(name))
  for (const name of given.filter((one) => !known.some((other) => other === one || one.startsWith(`${other}[`))))
    report(context, node, coordinate, {
      code: 'PORTICO-902',
      message: `${at} has no query parameter ${name}.${didYouMean(name, known)}`,
    })
  for (const { name } of query.filter((one) => one.required && !given.includes(one.name)))
    report(context, node, coordinate, {
      code: 'PORTICO-903',
      message: `${at} requires the query parameter ${name}, and the binding does not set it.`,
    })
  for (const { name, value } of request.query) {
    const parameter = query.find((one) => one.name === decoded(name))
    for (const told of textMistakes(document, {
      parameter,
      value,
      field,
      to: `The query parameter ${decoded(name)} of ${at}`,
    }))
      report(context, node, coordinate, told)
  }
  for (const { parameter, value } of pathValues(request, operation))
    for (const told of textMistakes(document, { parameter, value, field, to: `{${parameter.name}} of ${at}` }))
      report(context, node, coordinate, told)
  if (request.body === undefined) return
  for (const told of bodyMistakes(document, { at, body: operation.body, field }, request.body))
    report(context, node, coordinate, told)
}

type InAddress = {
  readonly parameter: OpenApiParameter | undefined
  readonly value: Template
  readonly field: Owner['field']
  readonly to: string
}

/** What is wrong with an argument that a query or a path sends alone. */
const textMistakes = (document: OpenApiDocument, { parameter, value, field, to }: InAddress): readonly Told[] => {
  const [only] = value.length === 1 ? value : []
  const sent = typeof only === 'object' ? sentArgument(only, field, { to, asText: true }) : undefined
  return sent === undefined || parameter === undefined ? [] : inputMistakes(document, parameter.schema, sent)
}

/** Segments that are one placeholder, here and in the document; told apart from the end, where paths have no base. */
const pathValues = (
  { path }: RestRequest,
  { path: known, parameters }: OpenApiOperation,
): readonly { readonly parameter: OpenApiParameter; readonly value: Template }[] => {
  const expressions = path.filter((part) => typeof part !== 'string')
  const written = path
    .map((part) => (typeof part === 'string' ? part : '\0'))
    .join('')
    .split('/')
  const named = known.split('/')
  let next = expressions.length
  return written
    .map((segment, index) => ({ segment, name: named[named.length - written.length + index] }))
    .toReversed()
    .flatMap(({ segment, name }) => {
      const many = segment.split('\0').length - 1
      next -= many
      const [, only] = segment === '\0' ? (/^\{([^{}]+)\}$/.exec(name ?? '') ?? []) : []
      const parameter = parameters.find((one) => one.in === 'path' && one.name === only)
      const expression = expressions[next]
      return parameter === undefined || expression === undefined ? [] : [{ parameter, value: [expression] }]
    })
}
