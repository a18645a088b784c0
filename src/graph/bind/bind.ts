import {
  type GraphQLField,
  type GraphQLObjectType,
  getNamedType,
  getNullableType,
  isEnumType,
  isListType,
  isObjectType,
  isUnionType,
} from 'graphql'
import { type Diagnostic, didYouMean, hasErrors } from '../../kernel/diagnostic.ts'
import type { Json } from '../../kernel/json.ts'
import type { Service } from '../../services/service.ts'
import { type Directive, directiveOf, directivesOf } from '../directives.ts'
import type { AccessRule, Binding, Entity, EnumSpellings, Field, Graph, ListSize, OneofCase, Source } from '../graph.ts'
import { checkAnswers } from './answers.ts'
import { bindDirective } from './binding.ts'
import { clientSchemaOf, isOwnWord } from './client-schema.ts'
import { type BindContext, type Owner, readPathOf, report, sourceDirectives } from './context.ts'
import { checkLists } from './lists.ts'
import { readSchema, type SourceFile } from './sdl.ts'
import { bindTemplate, spellingsOf } from './templates.ts'

/** SDL files and the services they bind to, as a graph; without a graph when any diagnostic is an error. */
export const bindGraph = (
  files: readonly SourceFile[],
  services: ReadonlyMap<string, Service>,
): { readonly graph: Graph | undefined; readonly diagnostics: readonly Diagnostic[] } => {
  const read = readSchema(files)
  if ('diagnostics' in read) return { graph: undefined, diagnostics: read.diagnostics }
  const { schema, document } = read
  const context: BindContext = { schema, services, bindings: [], diagnostics: [] }
  const types = Object.values(schema.getTypeMap())
  const objects = types.filter(isObjectType).filter(({ name }) => !isOwnWord(name))
  const entities = bindEntities(context, objects)
  const owners = objects.flatMap((type) =>
    Object.values(type.getFields()).map((field) => ({ type, field, coordinate: `${type.name}.${field.name}` })),
  )
  const sources = new Map(owners.map((owner) => [owner.coordinate, bindSource(context, { owner, entities })]))
  const oneofs = hasErrors(context.diagnostics) ? new Map<string, readonly OneofCase[]>() : checkAnswers(context)
  const fields = new Map<string, Field>()
  for (const { field, coordinate } of owners) {
    const cases = oneofs.get(coordinate)
    const source = cases === undefined ? sources.get(coordinate) : ({ kind: 'oneof', cases } as const)
    if (source === undefined) continue
    const { astNode } = field
    fields.set(coordinate, {
      coordinate,
      source,
      rule: accessRule(directiveOf('auth', astNode)),
      listSize: listSizeOf(directiveOf('listSize', astNode)),
    })
  }
  const roots = [schema.astNode, ...schema.extensionASTNodes]
  const graph: Graph = {
    schema,
    clientSchema: clientSchemaOf(document),
    fields,
    entities,
    bindings: context.bindings,
    enums: new Map(types.filter(isEnumType).map((type) => [type.name, enumSpellings(type.getValues())])),
    typeRules: new Map(
      objects.flatMap((type): [string, AccessRule][] => {
        const rule = accessRule(directiveOf('auth', type.astNode, ...type.extensionASTNodes))
        return rule === undefined ? [] : [[type.name, rule]]
      }),
    ),
    rootRule: accessRule(directiveOf('auth', ...roots)),
    resolvers: new Set([...fields.values()].flatMap(({ source }) => (source.kind === 'resolver' ? [source.fn] : []))),
  }
  if (!hasErrors(context.diagnostics)) checkLists(context, graph)
  return { graph: hasErrors(context.diagnostics) ? undefined : graph, diagnostics: context.diagnostics }
}

type OwnerOfField = Owner & { readonly field: GraphQLField<unknown, unknown> }

const bindEntities = (context: BindContext, objects: readonly GraphQLObjectType[]): ReadonlyMap<string, Entity> => {
  const entities = new Map<string, Entity>()
  for (const type of objects) {
    const entity = directiveOf('entity', type.astNode, ...type.extensionASTNodes)
    const loader = loaderOf(type)
    if (entity === undefined) {
      if (loader !== undefined)
        report(
          context,
          loader.directive.node,
          type.name,
          `A binding on a type is the loader of an entity: add @entity(key: "id") to ${type.name}, or bind its fields.`,
        )
      continue
    }
    const key = entity.args['key'] as string
    const field = type.getFields()[key]
    if (key.includes(' '))
      report(context, entity.node, type.name, 'Composite keys are not built yet; an entity has one key field.')
    else if (field === undefined || readPathOf(field) === undefined)
      report(
        context,
        entity.nodes['key'] ?? entity.node,
        type.name,
        `The key of an entity is a plain field of it.${didYouMean(key, Object.keys(type.getFields()))}`,
      )
    else if (loader === undefined)
      report(
        context,
        entity.node,
        type.name,
        `${type.name} is an entity without a loader: add @rest or @grpc to the type, with {keys.${key}} in the request.`,
      )
    else {
      const binding = bindDirective(context, { ...loader, owner: { coordinate: type.name, type, field: undefined } })
      if (binding !== undefined) entities.set(type.name, { type: type.name, key, binding })
    }
  }
  return entities
}

const loaderOf = (type: GraphQLObjectType): { kind: 'rest' | 'grpc'; directive: Directive } | undefined => {
  for (const kind of ['rest', 'grpc'] as const) {
    const directive = directiveOf(kind, type.astNode, ...type.extensionASTNodes)
    if (directive !== undefined) return { kind, directive }
  }
  return undefined
}

const bindSource = (
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
  const root = rootKind(context, type)
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

const rootKind = (
  { schema }: BindContext,
  type: GraphQLObjectType,
): 'query' | 'mutation' | 'subscription' | undefined => {
  if (type === schema.getQueryType()) return 'query'
  if (type === schema.getMutationType()) return 'mutation'
  return type === schema.getSubscriptionType() ? 'subscription' : undefined
}

const streamingMistake = ({ request }: Binding, root: ReturnType<typeof rootKind>): string | undefined => {
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
  const key = bindTemplate(context, { text, owner, node: load.nodes['by'] ?? load.node })
  return key && { kind: 'load', entity, key }
}

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
    if (field === undefined || readPathOf(field) === undefined)
      return report(
        context,
        resolver.nodes['needs'] ?? resolver.node,
        owner.coordinate,
        field === undefined
          ? `${owner.type.name} has no field ${name}, which \`needs\` names.${didYouMean(name, Object.keys(owner.type.getFields()))}`
          : `\`needs\` names plain fields; ${owner.type.name}.${name} has a source of its own.`,
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

const enumSpellings = (values: readonly { readonly name: string; readonly astNode?: unknown }[]): EnumSpellings => {
  const names = new Map<string, string>()
  let fallback: string | undefined
  for (const value of values)
    for (const spelling of spellingsOf(value)) {
      if (spelling === '*') fallback = value.name
      else names.set(spelling, value.name)
    }
  return { names, fallback }
}

const accessRule = (directive: Directive | undefined): AccessRule | undefined =>
  directive && {
    public: directive.args['public'] === true,
    scopes: (directive.args['scopes'] as string[][] | undefined) ?? [],
    claims: (directive.args['claims'] as Record<string, Json> | undefined) ?? {},
  }

const listSizeOf = (directive: Directive | undefined): ListSize | undefined =>
  directive && {
    assumedSize: directive.args['assumedSize'] as number | undefined,
    slicingArguments: (directive.args['slicingArguments'] as string[] | undefined) ?? [],
    sizedFields: (directive.args['sizedFields'] as string[] | undefined) ?? [],
  }
