import { type ASTNode, type GraphQLArgument, getNullableType } from 'graphql'
import { didYouMean } from '../../kernel/diagnostic.ts'
import { gatewaysOwn } from '../../services/told.ts'
import type { Directive } from '../directives.ts'
import type { NamedTemplate, RestRequest } from '../request.ts'
import { expressionsOf, type Template } from '../template.ts'
import { type BindContext, misspelt, type Owner, report, warn } from './context.ts'
import { bindTemplate } from './templates.ts'
import { bindNamed, bindValue } from './values.ts'

const verbs = ['get', 'post', 'put', 'patch', 'delete'] as const

/** The request of a `@rest` directive; undefined when it is wrong, with the mistakes reported. */
export const bindRestRequest = (context: BindContext, directive: Directive, owner: Owner): RestRequest | undefined => {
  const { args, nodes, node } = directive
  const { coordinate } = owner
  const service = args['service'] as string
  const known = context.services.get(service)
  if (known?.kind !== 'rest') {
    const rest = [...context.services.values()].filter(({ kind }) => kind === 'rest').map(({ name }) => name)
    const cause =
      known === undefined
        ? `There is no service ${service} in portico.yaml.`
        : `${service} speaks gRPC; bind to it by @grpc.`
    return report(context, nodes['service'] ?? node, coordinate, {
      code: 'PORTICO-101',
      message: cause + (known === undefined ? didYouMean(service, rest) : ''),
      mend: known === undefined ? misspelt(nodes['service'] ?? node, service, { candidates: rest }) : undefined,
    })
  }
  const given = verbs.filter((verb) => args[verb] !== undefined)
  const [verb] = given
  if (verb === undefined || given.length > 1)
    return report(context, node, coordinate, {
      code: 'PORTICO-111',
      message: `Give exactly one of get, post, put, patch and delete${given.length > 1 ? `, not ${given.join(' and ')}` : ''}.`,
    })
  const target = args[verb] as string
  const targetNode = nodes[verb] ?? node
  if (!target.startsWith('/') || target.startsWith('//'))
    return report(context, targetNode, coordinate, {
      code: 'PORTICO-111',
      message: 'Expected a path below the service’s base URL, such as "/users/{args.id}"; hosts stand in portico.yaml.',
    })
  const [path, query] = splitOnce(target, '?')
  const bound = bindTemplate(context, { text: path, owner, node: targetNode })
  const inline = splitOutside(query ?? '', '&').map((pair) => splitOnce(pair, '='))
  const parameters: NamedTemplate[] = []
  for (const [name = '', text = ''] of inline) {
    const value = bindTemplate(context, { text, owner, node: targetNode })
    if (value === undefined) return undefined
    parameters.push({ name, value })
  }
  const more = bindNamed(context, { node: nodes['query'], owner })
  const headers = bindNamed(context, { node: nodes['headers'], owner })
  const body = nodes['body'] === undefined ? undefined : bindValue(context, { node: nodes['body'], owner })
  if (
    bound === undefined ||
    more === undefined ||
    headers === undefined ||
    (nodes['body'] !== undefined && body === undefined)
  )
    return undefined
  doubtEmpty(context, { path: bound, owner, node: targetNode })
  const reserved = headers.find(({ name }) => !/^[A-Za-z0-9-]+$/.test(name) || forbidden.has(name.toLowerCase()))
  if (reserved !== undefined)
    return report(context, nodes['headers'] ?? node, coordinate, {
      code: 'PORTICO-111',
      message: `${reserved.name} is no header a binding may set; framing, identity and forwarding headers are the gateway's.`,
    })
  const told = headers.find(({ name }) => context.services.get(service)?.identityHeaders?.[name.toLowerCase()])
  if (told !== undefined)
    return report(context, nodes['headers'] ?? node, coordinate, {
      code: 'PORTICO-111',
      message: `${told.name} is what the gateway itself tells ${service} of the caller, by its \`identity\`.`,
    })
  if (body !== undefined && verb === 'get')
    return report(context, nodes['body'] ?? node, coordinate, {
      code: 'PORTICO-111',
      message: 'A GET has no body; use query.',
    })
  return {
    kind: 'rest',
    service,
    method: verb.toUpperCase() as RestRequest['method'],
    path: bound,
    query: [...parameters, ...more.map(({ name, value }) => ({ name: encodeURIComponent(name), value }))],
    headers: headers.map(({ name, value }) => ({ name: name.toLowerCase(), value })),
    body,
    idempotent: args['idempotent'] === true,
  }
}

/** A path cannot leave a segment out: requests without the value are refused, which a schema could say itself. */
const doubtEmpty = (
  context: BindContext,
  { path, owner, node }: { readonly path: Template; readonly owner: Owner; readonly node: ASTNode },
): void => {
  const open = expressionsOf(path).find(({ root, path: [name], fallback }) => {
    if (fallback !== undefined || (root !== 'args' && root !== 'header')) return false
    const argument = owner.field?.args.find((one) => one.name === name)
    return root === 'header' || (argument !== undefined && isNullable(argument) && argument.defaultValue === undefined)
  })
  if (open === undefined) return
  warn(context, node, owner.coordinate, {
    code: 'PORTICO-502',
    message: `{${open.text}} stands in the path and may be absent; then the request is refused, since a path cannot leave a segment out. ${open.root === 'args' ? 'Make the argument non-null, give it a default, or' : 'Give it a default:'} write {${open.text} ?? '…'}.`,
  })
}

const isNullable = ({ type }: GraphQLArgument): boolean => getNullableType(type) === type

const forbidden: ReadonlySet<string> = new Set([
  ...gatewaysOwn,
  'content-type',
  'cookie',
  'expect',
  'keep-alive',
  'proxy-authorization',
  'trailer',
])

const splitOnce = (text: string, separator: string): [string, string?] => {
  const [first = '', ...rest] = splitOutside(text, separator)
  return rest.length === 0 ? [first] : [first, rest.join(separator)]
}

/** Splits where the separator stands outside of braces. */
const splitOutside = (text: string, separator: string): string[] => {
  if (text === '') return []
  const parts = ['']
  let depth = 0
  for (const letter of text) {
    if (letter === '{') depth += 1
    if (letter === '}') depth -= 1
    if (letter === separator && depth === 0) parts.push('')
    else parts[parts.length - 1] += letter
  }
  return parts
}
