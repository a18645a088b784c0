import {
  type DocumentNode,
  GraphQLError,
  type GraphQLInputType,
  getNamedType,
  getNullableType,
  isInputObjectType,
  isListType,
  Kind,
  type OperationDefinitionNode,
  parse,
  print,
  Source,
  specifiedRules,
  typeFromAST,
  validate,
} from 'graphql'
import { diagnosticOf, placeOfNode } from '../../graph/bind/sdl.ts'
import { type Directive, directivesOf } from '../../graph/directives.ts'
import type { Graph } from '../../graph/graph.ts'
import { limitRule, type OperationLimits } from '../../graph/limits.ts'
import { makeOperation, worstCasePlan } from '../../graph/operation.ts'
import { type Diagnostic, didYouMean, startOf } from '../../kernel/diagnostic.ts'
import type { EndpointInput, EndpointPlan } from './endpoint.ts'

type SourceFile = { readonly file: string; readonly text: string }

/** A stored operation as an endpoint; undefined when it is wrong, with the mistakes as diagnostics. */
export const compileEndpoint = (
  { file, text }: SourceFile,
  { graph, limits }: { readonly graph: Graph; readonly limits: OperationLimits },
): { readonly endpoint: EndpointPlan | undefined; readonly diagnostics: readonly Diagnostic[] } => {
  const diagnostics: Diagnostic[] = []
  const wrong = (...found: readonly Diagnostic[]) => ({ endpoint: undefined, diagnostics: [...diagnostics, ...found] })
  let document: DocumentNode
  try {
    document = parse(new Source(text, file), { maxTokens: limits.tokens })
  } catch (error) {
    if (!(error instanceof GraphQLError)) throw error
    return wrong(diagnosticOf(error, file, 'operation'))
  }
  const operations = document.definitions.filter((node) => node.kind === Kind.OPERATION_DEFINITION)
  const [node] = operations
  if (node === undefined || operations.length > 1)
    return wrong({
      severity: 'error',
      place: startOf(file, text),
      coordinate: 'operation',
      message: 'A file of stored operations holds exactly one operation.',
    })
  const coordinate = node.name?.value ?? 'operation'
  const report = (at: Parameters<typeof placeOfNode>[0], message: string): undefined => {
    diagnostics.push({ severity: 'error', place: placeOfNode(at), coordinate, message })
  }
  const [directive] = directivesOf('endpoint', node as never)
  if (directive === undefined)
    return wrong({
      severity: 'error',
      place: placeOfNode(node),
      coordinate,
      message: 'A stored operation says where it is served: add @endpoint(get: "/…").',
    })
  const bare: OperationDefinitionNode = {
    ...node,
    directives: node.directives?.filter(({ name }) => name.value !== 'endpoint') ?? [],
  }
  const stripped: DocumentNode = {
    ...document,
    definitions: document.definitions.map((definition) => (definition === node ? bare : definition)),
  }
  const errors = validate(graph.clientSchema, stripped, [...specifiedRules, limitRule(limits)])
  if (errors.length > 0) return wrong(...errors.map((error) => diagnosticOf(error, file, coordinate)))
  if (node.operation === 'subscription')
    return wrong({
      severity: 'error',
      place: placeOfNode(node),
      coordinate,
      message: 'Subscriptions as endpoints are not built yet.',
    })
  const endpoint = readEndpoint({ file, node: bare, directive, document: stripped, graph, report })
  return { endpoint: diagnostics.length > 0 ? undefined : endpoint, diagnostics }
}

type Reading = {
  readonly file: string
  readonly node: OperationDefinitionNode
  readonly directive: Directive
  readonly document: DocumentNode
  readonly graph: Graph
  readonly report: (at: Parameters<typeof placeOfNode>[0], message: string) => undefined
}

const verbs = ['get', 'post', 'put', 'patch', 'delete'] as const
const known: readonly string[] = [...verbs, 'body', 'unwrap', 'require', 'status']
const notBuilt: readonly string[] = ['sse', 'cache', 'deprecated']

const readEndpoint = ({ file, node, directive, document, graph, report }: Reading): EndpointPlan | undefined => {
  const { args, nodes } = directive
  const at = directive.node
  for (const name of Object.keys(args)) {
    if (notBuilt.includes(name)) report(nodes[name] ?? at, `\`${name}\` is not built yet: remove it.`)
    else if (!known.includes(name))
      report(nodes[name] ?? at, `@endpoint has no argument ${name}.${didYouMean(name, known)}`)
  }
  const given = verbs.filter((verb) => args[verb] !== undefined)
  const [verb] = given
  if (verb === undefined || given.length > 1)
    return report(at, 'Give exactly one of get, post, put, patch and delete, with the path below the BFF’s prefix.')
  const path = args[verb]
  if (typeof path !== 'string' || !/^(\/([A-Za-z0-9._~-]+|\{[A-Za-z_]\w*\}))+$/.test(path))
    return report(
      nodes[verb] ?? at,
      'Expected a path such as "/orders/{id}": segments of letters, digits and dashes, or one {variable} each.',
    )
  if (node.operation === 'mutation' && verb === 'get')
    return report(nodes[verb] ?? at, 'A GET changes nothing, so it cannot run a mutation; use post.')
  if (node.operation === 'query' && verb !== 'get' && verb !== 'post')
    return report(
      nodes[verb] ?? at,
      `A query reads, so it cannot be a ${verb.toUpperCase()}; use get, or post for long inputs.`,
    )
  const inputs = readInputs({ node, directive, graph, report }, { verb, path, at: nodes[verb] ?? at })
  const status = args['status'] ?? 200
  if (typeof status !== 'number' || status < 200 || status > 299)
    report(nodes['status'] ?? at, 'The status of a whole answer is 200 to 299.')
  const operation = makeOperation(graph, document, node)
  const { root } = worstCasePlan(graph, operation)
  const selected = (text: unknown, where: string): readonly string[] => {
    const found = typeof text === 'string' ? text.split('.').filter((name) => name !== '') : undefined
    if (found === undefined || !isSelected(root, found)) {
      report(nodes[where] ?? at, `\`${where}\` names what the operation does not select: ${print(nodes[where] ?? at)}.`)
      return []
    }
    return found
  }
  const unwrap = args['unwrap'] === undefined ? [] : selected(args['unwrap'], 'unwrap')
  const roots = root.fields.map(({ key }) => key)
  const require =
    args['require'] === undefined
      ? roots.length === 1
        ? [roots]
        : []
      : [args['require']].flat().map((text) => selected(text, 'require'))
  return {
    name: node.name?.value ?? file,
    file,
    method: verb.toUpperCase() as EndpointPlan['method'],
    path,
    operation,
    inputs: inputs ?? [],
    status: status as number,
    unwrap,
    require,
  }
}

type Selected = ReturnType<ReturnType<typeof makeOperation>['plan']>['root']

const isSelected = (selection: Selected, path: readonly string[]): boolean => {
  const [first, ...rest] = path
  if (first === undefined) return true
  const field = selection.fields.find(({ key }) => key === first)
  if (field === undefined) return false
  return rest.length === 0 || (field.shape.kind === 'object' && isSelected(field.shape.selection, rest))
}

const readInputs = (
  { node, directive, graph, report }: Pick<Reading, 'node' | 'directive' | 'graph' | 'report'>,
  { verb, path, at }: { verb: string; path: string; at: Parameters<typeof placeOfNode>[0] },
): readonly EndpointInput[] | undefined => {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '')
  const variables = new Map(
    (node.variableDefinitions ?? []).map((definition) => [definition.variable.name.value, definition]),
  )
  for (const name of inPath)
    if (!variables.has(name))
      report(
        at,
        `The path has {${name}}, but the operation has no variable $${name}.${didYouMean(name, variables.keys())}`,
      )
  if (new Set(inPath).size < inPath.length) report(at, 'A variable stands in the path once.')
  const { body } = directive.args
  const whole = typeof body === 'string' ? body.replace(/^\$/, '') : undefined
  const hasBody = verb !== 'get' && verb !== 'delete'
  if (body !== undefined && !hasBody)
    report(
      directive.nodes['body'] ?? at,
      `A ${verb.toUpperCase()} has no body; its variables come from the path and the query.`,
    )
  if (body !== undefined && (whole === undefined || !variables.has(whole)))
    report(
      directive.nodes['body'] ?? at,
      `\`body\` names the variable that takes the whole body, such as "$input".${didYouMean(whole ?? '', variables.keys())}`,
    )
  return [...variables].flatMap(([variable, definition]): EndpointInput[] => {
    const type = typeFromAST(graph.clientSchema, definition.type as never) as unknown as GraphQLInputType | undefined
    if (type === undefined) return []
    const from = inPath.includes(variable)
      ? 'path'
      : variable === whole
        ? 'body'
        : hasBody && whole === undefined
          ? 'member'
          : 'query'
    if (from === 'path' && isListType(getNullableType(type)))
      report(definition, `$${variable} is a list, which one path segment cannot hold.`)
    if ((from === 'path' || from === 'query') && isInputObjectType(getNamedType(type)))
      report(
        definition,
        `$${variable} is an input object, which a ${from} cannot hold; take it from the body of a post.`,
      )
    return [{ variable, from, type }]
  })
}
