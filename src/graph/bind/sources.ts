import {
  type ASTNode,
  type GraphQLField,
  getNamedType,
  getNullableType,
  isLeafType,
  isListType,
  isObjectType,
  isUnionType,
  Kind,
} from 'graphql'
import { didYouMean } from '../../kernel/diagnostic.ts'
import { type Directive, directiveOf, directivesOf } from '../directives.ts'
import type { Binding, Entity, Source } from '../graph.ts'
import { type RootKind, rootKind } from '../roots.ts'
import { bindDirective } from './binding.ts'
import { type BindContext, type Owner, readPathOf, report, sourceDirectives } from './context.ts'
import { bindTemplate } from './templates.ts'

type OwnerOfField = Owner & { readonly field: GraphQLField<unknown, unknown> }

/** Where a field's value comes from; undefined when that is wrong, with the mistakes reported, or a oneof, whose cases its message tells. */
export const bindSource = (
  context: BindContext,
  { owner, entities }: { owner: OwnerOfField; entities: ReadonlyMap<string, Entity> },
): Source | undefined => {
  const { field, type, coordinate } = owner
  const { astNode } = field
  if (astNode === undefined || astNode === null) return undefined
  const used = sourceDirectives.flatMap((name) => directivesOf(name, astNode))
  if (used.length > 1)
    return report(
      context,
      used[1]?.node ?? astNode,
      coordinate,
      `${coordinate} has two sources; keep one of @rest, @grpc, @load and @resolver.`,
    )
  const root = rootKind(context.schema, type)
  for (const kind of ['rest', 'grpc'] as const) {
    const directive = directiveOf(kind, astNode)
    if (directive === undefined) continue
    const binding = bindDirective(context, { kind, directive, owner })
    if (binding === undefined) return undefined
    const problem = streamingMistake(binding, root)
    return problem === undefined ? { kind: 'call', binding } : report(context, directive.node, coordinate, problem)
  }
  if (root === 'subscription')
    return report(
      context,
      astNode,
      coordinate,
      'A subscription field is fed by a stream: bind it by @grpc to a server-streaming method.',
    )
  const load = directiveOf('load', astNode)
  if (load !== undefined) return bindLoad(context, { owner, load, entities })
  const resolver = directiveOf('resolver', astNode)
  if (resolver !== undefined) return bindResolver(context, { owner, resolver })
  if (root !== undefined)
    return report(context, astNode, coordinate, `${coordinate} has no source: add @rest, @grpc, @load or @resolver.`)
  const from = directiveOf('from', astNode)
  if (from?.args['oneof'] !== undefined) return checkOneofShape(context, { owner, from })
  const path = readPathOf(field)
  return path === undefined ? undefined : { kind: 'read', path }
}

const streamingMistake = ({ request }: Binding, root: RootKind | undefined): string | undefined => {
  const streams = request.kind === 'grpc' && request.method.responseStream
  if (request.kind === 'grpc' && request.method.requestStream)
    return `${request.method.path.slice(1)} takes a stream of requests; a field sends one.`
  if (streams && root !== 'subscription')
    return `${request.method.path.slice(1)} streams its answers; bind a Subscription field to it.`
  return !streams && root === 'subscription'
    ? 'A subscription field is fed by a stream: bind it by @grpc to a server-streaming method.'
    : undefined
}

const bindLoad = (
  context: BindContext,
  { owner, load, entities }: { owner: OwnerOfField; load: Directive; entities: ReadonlyMap<string, Entity> },
): Source | undefined => {
  const { coordinate, field } = owner
  const named = getNamedType(field.type)
  const entity = entities.get(named.name)
  if (entity === undefined) {
    const mistaken =
      isObjectType(named) && directiveOf('entity', named.astNode, ...named.extensionASTNodes) !== undefined
    return mistaken
      ? undefined
      : report(
          context,
          load.node,
          coordinate,
          `@load loads an entity, but ${named.name} is none: add @entity and a loader to it.`,
        )
  }
  const by = load.args['by']
  const names = typeof by === 'object' && by !== null ? Object.keys(by) : []
  const text = names.length === 1 && names[0] === entity.key ? (by as Record<string, unknown>)[entity.key] : undefined
  if (typeof text !== 'string')
    return report(
      context,
      load.nodes['by'] ?? load.node,
      coordinate,
      `Write by: { ${entity.key}: "…" }, the key of ${named.name}.`,
    )
  const key = bindTemplate(context, { text, owner, node: keyNode(load) })
  return key && { kind: 'load', entity, key }
}

/** Where the template of `by` stands. */
const keyNode = ({ node, nodes: { by } }: Directive): ASTNode =>
  (by?.kind === Kind.OBJECT ? by.fields[0]?.value : by) ?? node

const bindResolver = (
  context: BindContext,
  { owner, resolver }: { owner: Owner; resolver: Directive },
): Source | undefined => {
  const needs = ((resolver.args['needs'] as string | undefined) ?? '').trim()
  const calls = (resolver.args['calls'] as string[] | undefined) ?? []
  for (const name of calls)
    if (!context.services.has(name))
      return report(
        context,
        resolver.nodes['calls'] ?? resolver.node,
        owner.coordinate,
        `There is no service ${name} in portico.yaml.${didYouMean(name, context.services.keys())}`,
      )
  const selection = needs.startsWith('{') && needs.endsWith('}') ? needs.slice(1, -1).trim() : needs
  for (const name of selection === '' ? [] : selection.split(/[\s,]+/)) {
    const field = owner.type.getFields()[name]
    if (field === undefined || readPathOf(field) === undefined || !isLeafType(getNamedType(field.type)))
      return report(
        context,
        resolver.nodes['needs'] ?? resolver.node,
        owner.coordinate,
        field === undefined
          ? `${owner.type.name} has no field ${name}, which \`needs\` names.${didYouMean(name, Object.keys(owner.type.getFields()))}`
          : `\`needs\` names plain fields; ${owner.type.name}.${name} ${readPathOf(field) === undefined ? 'has a source of its own' : 'is an object'}.`,
      )
  }
  return { kind: 'resolver', fn: resolver.args['fn'] as string, needs: selection, calls }
}

/** The shape of a oneof field; its cases come from the message, in checkAnswers. */
const checkOneofShape = (
  context: BindContext,
  { owner, from }: { owner: OwnerOfField; from: Directive },
): undefined => {
  if (!isUnionType(getNamedType(owner.field.type)) || isListType(getNullableType(owner.field.type)))
    report(
      context,
      from.node,
      owner.coordinate,
      'A oneof is a union: give the field a union type of the messages of its cases.',
    )
  return undefined
}
