import {
  type ASTNode,
  type GraphQLInputType,
  Kind,
  type OperationDefinitionNode,
  TypeInfo,
  typeFromAST,
  type VariableDefinitionNode,
  valueFromASTUntyped,
  visit,
  visitWithTypeInfo,
} from 'graphql'
import type { Directive } from '../../graph/directives.ts'
import type { Graph } from '../../graph/graph.ts'
import type { Code } from '../../kernel/codes/codes.ts'
import { didYouMean } from '../../kernel/diagnostic.ts'
import { describedBy } from './described.ts'
import type { EndpointInput } from './endpoint.ts'
import { whyNoParameter } from './parameters.ts'

/** A name that there is not, for which one of the candidates may be meant; it is written at the node told, or elsewhere. */
type Unknown = { readonly name: string; readonly candidates: Iterable<string>; readonly written?: ASTNode | undefined }

export type Report = (at: ASTNode, code: Code, message: string, unknown?: Unknown) => undefined

type Addressed = {
  readonly node: OperationDefinitionNode
  readonly directive: Directive
  readonly graph: Graph
  readonly report: Report
}

/** Where the variables of an operation come from: its path, then its body or, where it has none, its query. */
export const readInputs = (
  { node, directive, graph, report }: Addressed,
  { hasBody, path, at }: { readonly hasBody: boolean; readonly path: string; readonly at: ASTNode },
): readonly EndpointInput[] => {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? '')
  const variables = new Map(
    (node.variableDefinitions ?? []).map((definition) => [definition.variable.name.value, definition]),
  )
  for (const name of inPath)
    if (!variables.has(name))
      report(
        at,
        'PORTICO-601',
        `The path has {${name}}, but the operation has no variable $${name}.${didYouMean(name, variables.keys())}`,
        { name, candidates: variables.keys() },
      )
  if (new Set(inPath).size < inPath.length) report(at, 'PORTICO-601', 'A variable stands in the path once.')
  const whole = wholeBody({ directive, report }, hasBody, [...variables.keys()])
  const described = argumentDescriptions(graph, node)
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
    if (from === 'path' || from === 'query') {
      const why = whyNoParameter(type, from)
      if (why !== undefined) report(definition, 'PORTICO-601', `$${variable} ${why}; take it from the body of a post.`)
    }
    return [
      {
        variable,
        from,
        type,
        fallback: fallbackOf(definition),
        description: describedBy(definition) ?? described.get(variable),
      },
    ]
  })
}

const wholeBody = (
  { directive, report }: Pick<Addressed, 'directive' | 'report'>,
  hasBody: boolean,
  variables: readonly string[],
): string | undefined => {
  const { args, nodes, node } = directive
  const { body } = args
  if (body === undefined) return undefined
  const at = nodes['body'] ?? node
  const whole = typeof body === 'string' ? body.replace(/^\$/, '') : ''
  if (!hasBody)
    report(at, 'PORTICO-609', 'There is no body for this method; variables come from the path and the query.')
  if (!variables.includes(whole))
    report(
      at,
      'PORTICO-601',
      `\`body\` names the variable that takes the whole body, such as "$input".${didYouMean(whole, variables)}`,
    )
  return whole
}

const fallbackOf = ({ defaultValue }: VariableDefinitionNode): EndpointInput['fallback'] =>
  defaultValue === undefined ? undefined : { value: valueFromASTUntyped(defaultValue) }

/** What the schema says of the first argument or input field that each variable is given to. */
const argumentDescriptions = (graph: Graph, node: OperationDefinitionNode): ReadonlyMap<string, string> => {
  const found = new Map<string, string>()
  const info = new TypeInfo(graph.clientSchema)
  visit(
    node,
    visitWithTypeInfo(info, {
      Argument({ value }) {
        const description = info.getArgument()?.description
        if (value.kind !== Kind.VARIABLE || !description || info.getDirective()) return
        if (!found.has(value.name.value)) found.set(value.name.value, description)
      },
    }),
  )
  return found
}
