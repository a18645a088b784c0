import { type ASTNode, print } from 'graphql'
import { readFieldLimits } from '../../graph/field-limits.ts'
import { makeOperation, type Operation, wholePlan } from '../../graph/operation.ts'
import type { Selection } from '../../graph/plan/plan.ts'
import { didYouMean } from '../../kernel/diagnostic.ts'
import { readLifetime } from '../../kernel/lifetime.ts'
import { Problem } from '../../kernel/problem.ts'
import { parseDuration } from '../../kernel/units.ts'
import { readOperationAccess } from './access.ts'
import { callerReads, readCache } from './cache.ts'
import { describedBy } from './described.ts'
import type { EndpointPlan } from './endpoint.ts'
import type { Reading } from './reading.ts'
import { readInputs } from './variables.ts'

const methods = ['get', 'post', 'put', 'patch', 'delete'] as const
const addresses = [...methods, 'sse'] as const
type Addressing = (typeof addresses)[number]
const texts: readonly string[] = [
  ...addresses,
  'body',
  'unwrap',
  'timeout',
  'cache',
  'deprecated',
  'sunset',
  'successor',
  'notice',
]
const known: readonly string[] = [...texts, 'require', 'status', 'lenient', 'nonAtomic']

/** What `@endpoint` says of an operation; undefined where it says too little to go on. */
export const readEndpoint = (reading: Reading): EndpointPlan | undefined => {
  const { file, node, directive, document, graph, report } = reading
  const { args, nodes } = directive
  const at = (name: string): ASTNode => nodes[name] ?? directive.node
  for (const name of Object.keys(args)) {
    if (!known.includes(name))
      report(at(name), 'PORTICO-609', `@endpoint has no argument ${name}.${didYouMean(name, known)}`, {
        name,
        candidates: known,
        written: directive.node.arguments?.find((argument) => argument.name.value === name)?.name,
      })
    else if (args[name] === undefined) report(at(name), 'PORTICO-609', `\`${name}\` should be ${expected(name)}.`)
  }
  const address = readAddress(reading)
  if (address === undefined) return undefined
  const { verb, path } = address
  const streams = verb === 'sse'
  const hasBody = verb === 'post' || verb === 'put' || verb === 'patch'
  const inputs = readInputs(reading, { hasBody, path, at: at(verb) })
  const status = args['status'] ?? 200
  if (typeof status !== 'number' || status < 200 || status > 299)
    report(at('status'), 'PORTICO-609', 'The status of a whole answer is 200 to 299.')
  if (streams && args['status'] !== undefined)
    report(at('status'), 'PORTICO-609', 'A stream of events begins with status 200.')
  const operation = makeOperation(graph, document, node)
  const planned = wholePlan(graph, operation)
  if (planned instanceof Problem) {
    report(node, 'PORTICO-403', planned.message)
    return undefined
  }
  const { root } = planned
  const selected = (text: unknown, where: string): readonly string[] => {
    const found = typeof text === 'string' ? text.split('.').filter((name) => name !== '') : undefined
    if (found !== undefined && isSelected(root, found)) return found
    report(at(where), 'PORTICO-604', `\`${where}\` names what the operation does not select: ${print(at(where))}.`)
    return []
  }
  const unwrap = args['unwrap'] === undefined ? [] : selected(args['unwrap'], 'unwrap')
  for (const { key } of selectionAt(root, unwrap)?.fields ?? [])
    if (ownMembers.includes(key))
      report(node, 'PORTICO-613', `The answer has a member ${key} of the gateway's own: give the field another alias.`)
  const access = readOperationAccess(reading)
  const guarded = access === undefined ? reading.guarded : !access.public
  const roots = root.fields.map(({ key }) => key)
  const required = args['require'] as readonly string[] | undefined
  const require =
    required === undefined ? (roots.length === 1 ? [roots] : []) : required.map((text) => selected(text, 'require'))
  return {
    name: node.name?.value ?? file,
    description: describedBy(node),
    file,
    method: streams ? 'GET' : (verb.toUpperCase() as EndpointPlan['method']),
    path,
    operation,
    inputs,
    lenient: args['lenient'] === true,
    nonAtomic: args['nonAtomic'] === true,
    timeoutMs: readTimeout(reading),
    streams,
    status: status as number,
    unwrap,
    require,
    needed: root.fields.flatMap(({ key, rules }) => (require.some(([first]) => first === key) ? rules : [])),
    cache: cacheOf({ ...reading, guarded }, verb, operation),
    access,
    lifetime: readLifetime(
      {
        deprecated: args['deprecated'],
        sunset: args['sunset'],
        successor: args['successor'],
        notice: args['notice'],
      },
      (name, message) => report(at(name), 'PORTICO-609', message),
    ),
    limits: readFieldLimits(reading.limits, node.name?.value ?? 'operation', (where, message) =>
      report(where, 'PORTICO-119', message),
    ),
  }
}

const readTimeout = ({ directive: { args, nodes, node }, report }: Reading): number | undefined => {
  const { timeout } = args
  if (typeof timeout !== 'string') return undefined
  const ms = parseDuration(timeout)
  return ms ?? report(nodes['timeout'] ?? node, 'PORTICO-609', 'Expected a duration such as 800ms or 5s.')
}

const expected = (name: string): string =>
  texts.includes(name)
    ? 'text'
    : name === 'status'
      ? 'a number'
      : name === 'lenient'
        ? 'true or false'
        : 'text or a list of texts'

const readAddress = ({
  node,
  directive,
  report,
}: Reading): { readonly verb: Addressing; readonly path: string } | undefined => {
  const { args, nodes } = directive
  const given = addresses.filter((verb) => Object.hasOwn(args, verb))
  const [verb] = given
  if (verb === undefined || given.length > 1)
    return report(
      directive.node,
      'PORTICO-609',
      'Give exactly one of get, post, put, patch, delete and sse, with the path below the BFF’s prefix.',
    )
  const at = nodes[verb] ?? directive.node
  const path = args[verb]
  if (path === undefined) return undefined
  if (typeof path !== 'string' || !/^(\/([A-Za-z0-9._~-]+|\{[A-Za-z_]\w*\}))+$/.test(path))
    return report(
      at,
      'PORTICO-609',
      'Expected a path such as "/orders/{id}": segments of letters, digits and dashes, or one {variable} each.',
    )
  if (node.operation === 'subscription' && verb !== 'sse')
    return report(
      at,
      'PORTICO-602',
      `A subscription answers again and again, so it cannot be a ${verb.toUpperCase()}; use sse.`,
    )
  if (node.operation !== 'subscription' && verb === 'sse')
    return report(at, 'PORTICO-602', `\`sse\` answers the events of a subscription, and this is a ${node.operation}.`)
  if (node.operation === 'mutation' && verb === 'get')
    return report(at, 'PORTICO-602', 'A GET changes nothing, so it cannot run a mutation; use post.')
  if (node.operation === 'query' && verb !== 'get' && verb !== 'post')
    return report(
      at,
      'PORTICO-602',
      `A query reads, so it cannot be a ${verb.toUpperCase()}; use get, or post for long inputs.`,
    )
  return { verb, path }
}

/** Events and answers to anything but a GET are never kept. */
const cacheOf = (
  { directive, graph, guarded, report }: Reading,
  verb: Addressing,
  operation: Operation,
): EndpointPlan['cache'] => {
  const at = directive.nodes['cache'] ?? directive.node
  const { cache } = directive.args
  if (verb !== 'get') {
    if (cache !== undefined) report(at, 'PORTICO-609', 'Caches keep answers of `get` alone: remove `cache`.')
    return undefined
  }
  const reads = callerReads(graph, operation)
  const identity = reads.identity ?? (guarded ? 'the token that `auth` asks for' : undefined)
  return readCache(cache as string | undefined, { ...reads, identity }, (code, message) => report(at, code, message))
}

const isSelected = (selection: Selection, path: readonly string[]): boolean => {
  const [first, ...rest] = path
  if (first === undefined) return true
  const field = selection.fields.find(({ key }) => key === first)
  if (field === undefined) return false
  return rest.length === 0 || (field.shape.kind === 'object' && isSelected(field.shape.selection, rest))
}

/** What a problem or an explanation adds to an answer that is an object. */
const ownMembers: readonly string[] = ['_errors', '_explain']

/** The selection of the object at a path; undefined where there is none. */
const selectionAt = (selection: Selection, path: readonly string[]): Selection | undefined => {
  const [first, ...rest] = path
  if (first === undefined) return selection
  const shape = selection.fields.find(({ key }) => key === first)?.shape
  return shape?.kind === 'object' ? selectionAt(shape.selection, rest) : undefined
}
