import {
  type ASTNode,
  GraphQLBoolean,
  type GraphQLField,
  getNamedType,
  getNullableType,
  isEnumType,
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
import type { Template } from '../template.ts'
import { bindDirective } from './binding.ts'
import { type BindContext, misspelt, type Owner, readPathOf, report, sourceDirectives } from './context.ts'
import { entriesMistake } from './maps.ts'
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
    return report(context, used[1]?.node ?? astNode, coordinate, {
      code: 'PORTICO-102',
      message: `${coordinate} has two sources; keep one of @rest, @grpc, @load and @resolver.`,
    })
  const root = rootKind(context.schema, type)
  for (const kind of ['rest', 'grpc'] as const) {
    const directive = directiveOf(kind, astNode)
    if (directive === undefined) continue
    const binding = bindDirective(context, { kind, directive, owner })
    if (binding === undefined) return undefined
    const problem = streamingMistake(binding, root)
    return problem === undefined
      ? { kind: 'call', binding }
      : report(context, directive.node, coordinate, { code: 'PORTICO-203', message: problem })
  }
  if (root === 'subscription')
    return report(context, astNode, coordinate, {
      code: 'PORTICO-203',
      message: 'A subscription field is fed by a stream: bind it by @grpc to a server-streaming method.',
    })
  const load = directiveOf('load', astNode)
  if (load !== undefined) return bindLoad(context, { owner, load, entities })
  const resolver = directiveOf('resolver', astNode)
  if (resolver !== undefined) return bindResolver(context, { owner, resolver })
  // GraphQL demands a Query of every schema (specification §3.3.1): where nothing is to be queried it has `_` alone.
  if (root === 'query' && field.name === '_' && field.type === GraphQLBoolean) return { kind: 'read', path: ['_'] }
  if (root !== undefined)
    return report(context, astNode, coordinate, {
      code: 'PORTICO-103',
      message: `${coordinate} has no source: add @rest, @grpc, @load or @resolver.`,
    })
  const from = directiveOf('from', astNode)
  if (from?.args['oneof'] !== undefined) return checkOneofShape(context, { owner, from })
  const path = readPathOf(field)
  if (path === undefined) return undefined
  if (from?.args['map'] !== true) return { kind: 'read', path }
  const mistake = entriesMistake(field.type)
  return mistake === undefined
    ? { kind: 'entries', path }
    : report(context, from.node, coordinate, { code: 'PORTICO-313', message: mistake })
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
      : report(context, load.node, coordinate, {
          code: 'PORTICO-109',
          message: `@load loads an entity, but ${named.name} is none: add @entity and a loader to it.`,
        })
  }
  const by = load.args['by']
  const names = typeof by === 'object' && by !== null ? Object.keys(by) : []
  const wanted = entity.keys.map(({ name }) => name)
  const texts = wanted.map((name) => (names.includes(name) ? (by as Record<string, unknown>)[name] : undefined))
  const fits = names.length === wanted.length && texts.every((text) => typeof text === 'string')
  if (!fits)
    return report(context, load.nodes['by'] ?? load.node, coordinate, {
      code: 'PORTICO-109',
      message: `Write by: { ${wanted.map((name) => `${name}: "…"`).join(', ')} }, the key of ${named.name}.`,
    })
  const templates = texts.map((text, index) =>
    bindTemplate(context, { text, owner, node: keyNode(load, wanted[index]) }),
  )
  const sound = templates.filter((template) => template !== undefined)
  const mismatch = sound.map((template) => listMismatch(template, owner)).find((why) => why !== undefined)
  if (mismatch !== undefined)
    return report(context, load.nodes['by'] ?? load.node, coordinate, { code: 'PORTICO-109', message: mismatch })
  return sound.length === templates.length ? { kind: 'load', entity, by: sound } : undefined
}

/** A list of keys loads a list, and one key one entity. */
const listMismatch = (template: Template, { coordinate, field, type }: OwnerOfField): string | undefined => {
  const [only] = template
  if (template.length !== 1 || typeof only !== 'object' || only.pipes.length > 0) return undefined
  const [first = '', ...below] = only.text
    .replace(/^\s*\w+\./, '')
    .split(/[^\w]/)
    .slice(0, 2)
  const read =
    only.root === 'this'
      ? type.getFields()[first]
      : only.root === 'args'
        ? field.args.find(({ name }) => name === first)
        : undefined
  if (read === undefined || (below[0] ?? '') !== '') return undefined
  const keys = isListType(getNullableType(read.type))
  if (keys === isListType(getNullableType(field.type))) return undefined
  return keys
    ? `{${only.text}} is a list of keys, but ${coordinate} is one entity: write its type in [ ].`
    : `${coordinate} is a list, but {${only.text}} is one key.`
}

/** Where the template of `by` stands. */
const keyNode = ({ node, nodes: { by } }: Directive, name: string | undefined): ASTNode =>
  (by?.kind === Kind.OBJECT ? by.fields.find((field) => field.name.value === name)?.value : by) ?? node

const bindResolver = (
  context: BindContext,
  { owner, resolver }: { owner: Owner; resolver: Directive },
): Source | undefined => {
  const needs = ((resolver.args['needs'] as string | undefined) ?? '').trim()
  const calls = (resolver.args['calls'] as string[] | undefined) ?? []
  for (const name of calls)
    if (!context.services.has(name))
      return report(context, resolver.nodes['calls'] ?? resolver.node, owner.coordinate, {
        code: 'PORTICO-101',
        message: `There is no service ${name} in portico.yaml.${didYouMean(name, context.services.keys())}`,
        mend: misspelt(resolver.nodes['calls'] ?? resolver.node, name, { candidates: context.services.keys() }),
      })
  const pure = resolver.args['pure'] === true
  if (pure && calls.length > 0)
    return report(context, resolver.nodes['pure'] ?? resolver.node, owner.coordinate, {
      code: 'PORTICO-504',
      message: `A pure function is made of its parent and arguments alone, but ${owner.coordinate} calls ${calls.join(', ')}: drop \`pure\` or \`calls\`.`,
    })
  const selection = needs.startsWith('{') && needs.endsWith('}') ? needs.slice(1, -1).trim() : needs
  for (const name of selection === '' ? [] : selection.split(/[\s,]+/)) {
    const field = owner.type.getFields()[name]
    if (field === undefined || readPathOf(field) === undefined || !isLeafType(getNamedType(field.type)))
      return report(context, resolver.nodes['needs'] ?? resolver.node, owner.coordinate, {
        code: 'PORTICO-504',
        message:
          field === undefined
            ? `${owner.type.name} has no field ${name}, which \`needs\` names.${didYouMean(name, Object.keys(owner.type.getFields()))}`
            : `\`needs\` names plain fields; ${owner.type.name}.${name} ${readPathOf(field) === undefined ? 'has a source of its own' : 'is an object'}.`,
      })
  }
  return {
    kind: 'resolver',
    fn: resolver.args['fn'] as string,
    needs: selection,
    calls,
    pure,
  }
}

/** The shape of a oneof field; its cases come from the message, in checkAnswers. */
const checkOneofShape = (
  context: BindContext,
  { owner, from }: { owner: OwnerOfField; from: Directive },
): undefined => {
  const named = getNamedType(owner.field.type)
  if (!(isUnionType(named) || isEnumType(named)) || isListType(getNullableType(owner.field.type)))
    report(context, from.node, owner.coordinate, {
      code: 'PORTICO-302',
      message:
        'A oneof is a union: give the field a union type of the messages of its cases, or an enum of their names.',
    })
  return undefined
}
