import type { ApiOperation, ApiParameter } from '../kernel/openapi.ts'
import { failures } from './openapi-problems.ts'
import { authOf, securityOf } from './openapi-security.ts'
import type { PolicyUse } from './plan.ts'

/** An operation with the policies that requests meet before it. */
export type Described = { readonly operation: ApiOperation; readonly policies: readonly PolicyUse[] }

/** What OpenAPI calls an Operation Object. */
export type OpenApiOperation = {
  readonly operationId: string
  readonly description?: string | undefined
  readonly parameters: readonly ApiParameter[]
  readonly responses: Readonly<Record<string, object>>
  readonly [more: string]: unknown
}

/** Operations by method in lower case; those with other methods stand in an extension. */
export type PathItem = { readonly [method: string]: OpenApiOperation | Readonly<Record<string, OpenApiOperation>> }

/** The methods OpenAPI 3.1 has a place for. */
const known = ['GET', 'PUT', 'POST', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH', 'TRACE']

/** As `additionalOperations` of OpenAPI 3.2. */
const othersKey = 'x-additional-operations'

type Address = {
  readonly path: string
  readonly names: readonly string[]
  readonly methods: Map<string, OpenApiOperation>
}

/**
 * The operations by address, without the prefix that the document's server has. Two paths that differ in the names of
 * their parameters alone are one to OpenAPI: they share the names of the first. Where two operations have one address
 * and method, because only the gateway can tell `*` from `**`, the first says so.
 */
export const assemblePaths = (described: readonly Described[], prefix: string): Readonly<Record<string, PathItem>> => {
  const addresses = new Map<string, Address>()
  const ids = new Set<string>()
  for (const { operation, policies } of described) {
    const path = operation.path.slice(prefix.length)
    const shape = path.replaceAll(/\{[^}]*\}/g, '{}')
    const address = addresses.get(shape) ?? { path, names: namesIn(path), methods: new Map() }
    addresses.set(shape, address)
    const other = address.methods.get(operation.method)
    if (other === undefined) {
      const parameters = renamed(operation.parameters, address.names)
      address.methods.set(operation.method, operationObject({ ...operation, parameters }, policies, ids))
    } else address.methods.set(operation.method, alsoAnswering(other, operation.origin))
  }
  return Object.fromEntries([...addresses.values()].map(({ path, methods }) => [path, pathItem(methods)]))
}

const namesIn = (path: string): readonly string[] => [...path.matchAll(/\{([^}]*)\}/g)].map(([, name = '']) => name)

/** Parameters of the path under other names, each saying what it was called. */
const renamed = (parameters: readonly ApiParameter[], names: readonly string[]): readonly ApiParameter[] =>
  parameters.map((parameter, index) => {
    const name = parameter.in === 'path' ? names[index] : parameter.name
    if (name === undefined || name === parameter.name) return parameter
    return { ...parameter, name, description: [`\`${parameter.name}\`.`, parameter.description ?? ''].join(' ').trim() }
  })

const alsoAnswering = (operation: OpenApiOperation, origin: string): OpenApiOperation => {
  const note = `By the number of its segments this path may also be \`${origin}\`, which OpenAPI cannot tell apart.`
  return { ...operation, description: [operation.description ?? '', note].join('\n\n').trim() }
}

const pathItem = (methods: Address['methods']): PathItem => {
  const others = [...methods].filter(([method]) => !known.includes(method))
  return {
    ...Object.fromEntries(
      [...methods].flatMap(([method, one]) => (known.includes(method) ? [[method.toLowerCase(), one]] : [])),
    ),
    ...(others.length === 0 ? {} : { [othersKey]: Object.fromEntries(others) }),
  }
}

const operationObject = (
  { id, tag, summary, description, deprecated, parameters, body, answer, access, refusals }: ApiOperation,
  policies: readonly PolicyUse[],
  ids: Set<string>,
): OpenApiOperation => {
  let operationId = id
  for (let count = 2; ids.has(operationId); count += 1) operationId = `${id}_${count}`
  ids.add(operationId)
  const auth = authOf(policies)
  const limited = policies.some(({ name }) => name === 'rateLimit')
  const statuses = [...refusals, ...(auth === undefined ? [] : [401, 403]), ...(limited ? [429] : [])]
  return {
    operationId,
    tags: [tag],
    summary,
    description,
    deprecated: deprecated || undefined,
    parameters,
    requestBody: body,
    responses: { ...successes(answer), ...failures(statuses) },
    security: securityOf(auth, access),
  }
}

const successes = ({
  status = 200,
  unchanged,
  ...answer
}: ApiOperation['answer']): Readonly<Record<string, object>> => ({
  [status]: answer,
  ...(unchanged === undefined ? {} : { '304': { description: unchanged } }),
})
