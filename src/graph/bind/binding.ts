import { GraphQLID, getNamedType, getNullableType, isListType } from 'graphql'
import { didYouMean } from '../../kernel/diagnostic.ts'
import { parseDuration } from '../../kernel/units.ts'
import { type Directive, directiveOf } from '../directives.ts'
import type { Batch, Binding } from '../graph.ts'
import { type RequestTemplate, templatesOf } from '../request.ts'
import { expressionsOf } from '../template.ts'
import { type BindContext, type Owner, readPathOf, report, splitPath } from './context.ts'
import { needsAllDigits } from './exact.ts'
import { bindGrpcRequest, isSafeMethod } from './grpc-request.ts'
import { bindRestRequest } from './rest-request.ts'

/** A `@rest` or `@grpc` directive as a Binding; undefined when it is wrong, with the mistakes reported. */
export const bindDirective = (
  context: BindContext,
  { kind, directive, owner }: { kind: 'rest' | 'grpc'; directive: Directive; owner: Owner },
): Binding | undefined => {
  const request =
    kind === 'rest' ? bindRestRequest(context, directive, owner) : bindGrpcRequest(context, directive, owner)
  if (request === undefined) return undefined
  const batch = bindBatch(context, { directive, owner, request })
  if (batch === 'wrong') return undefined
  const { args, node } = directive
  const fanout = args['fanout'] as number | undefined
  if (fanout !== undefined && batch !== undefined)
    return report(
      context,
      node,
      owner.coordinate,
      '`batch` and `fanout` exclude each other: keep `batch` where the service can take many keys.',
    )
  if (fanout !== undefined && fanout < 1)
    return report(
      context,
      directive.nodes['fanout'] ?? node,
      owner.coordinate,
      '`fanout` is the most parents that may make a call each: one or more.',
    )
  const timeoutMs = typeof args['timeout'] === 'string' ? parseDuration(args['timeout']) : undefined
  if (args['timeout'] !== undefined && timeoutMs === undefined)
    return report(
      context,
      directive.nodes['timeout'] ?? node,
      owner.coordinate,
      'Expected a duration such as 800ms or 5s.',
    )
  const binding: Binding = {
    index: context.bindings.length,
    coordinate: owner.coordinate,
    request,
    select: splitPath((args['select'] as string | undefined) ?? ''),
    batch,
    fanout,
    notFound: (args['notFound'] as Binding['notFound'] | undefined) ?? (isNullable(owner) ? 'NULL' : 'ERROR'),
    timeoutMs,
    safe: request.kind === 'rest' ? request.method === 'GET' : isSafeMethod(request.method),
    exact: needsAllDigits(owner.field === undefined ? owner.type : getNamedType(owner.field.type)) ? 'all' : 'integers',
  }
  context.bindings.push(binding)
  return binding
}

const isNullable = ({ field }: Owner): boolean => field === undefined || getNullableType(field.type) === field.type

const keyNames = (request: RequestTemplate): readonly string[] => [
  ...new Set(
    templatesOf(request)
      .flatMap(expressionsOf)
      .filter(({ root }) => root === 'keys')
      .map(({ path }) => path.join('.')),
  ),
]

const bindBatch = (
  context: BindContext,
  { directive, owner, request }: { directive: Directive; owner: Owner; request: RequestTemplate },
): Batch | undefined | 'wrong' => {
  const settings = directive.args['batch'] as
    | { match: string; items?: string; max?: number; missing?: Batch['missing'] }
    | undefined
  const node = directive.nodes['batch'] ?? directive.node
  const names = keyNames(request)
  const wrong = (message: string): 'wrong' => {
    report(context, node, owner.coordinate, message)
    return 'wrong'
  }
  const entityKey =
    owner.field === undefined
      ? directiveOf('entity', owner.type.astNode, ...owner.type.extensionASTNodes)?.args['key']
      : undefined
  if (typeof entityKey === 'string' && (names.length !== 1 || names[0] !== entityKey))
    return wrong(
      `A loader asks by {keys.${entityKey}}, the key of ${owner.type.name}, but the request uses ${names.length === 0 ? 'no key' : names.map((name) => `{keys.${name}}`).join(' and ')}.`,
    )
  if (settings === undefined)
    return names.length > 0 && owner.field !== undefined
      ? wrong(
          `{keys.${names[0]}} is a list of many parents' keys and needs \`batch: { match: "…" }\`; for one call per parent write {this.${names[0]}} and \`fanout\`.`,
        )
      : undefined
  const [keyField, ...others] = names
  if (keyField === undefined)
    return wrong('`batch` collects keys, but the request uses none: write {keys.<field>} where the keys go.')
  if (others.length > 0)
    return wrong(`A batch has one key, but the request uses ${names.map((name) => `{keys.${name}}`).join(' and ')}.`)
  const key = owner.type.getFields()[keyField]
  if (key === undefined)
    return wrong(
      `${owner.type.name} has no field ${keyField} to take keys from.${didYouMean(keyField, Object.keys(owner.type.getFields()))}`,
    )
  const keyPath = readPathOf(key)
  if (keyPath === undefined)
    return wrong(`${owner.type.name}.${keyField} has a source of its own; a key is a plain field.`)
  const parental = templatesOf(request)
    .flatMap(expressionsOf)
    .find(({ root }) => root === 'this')
  if (parental !== undefined)
    return wrong(
      `A batch serves many parents at once, so it cannot read {${parental.text}} of one; use {keys.…}, arguments, claims or headers.`,
    )
  const grouped = owner.field !== undefined && isListType(getNullableType(owner.field.type))
  const max = settings.max ?? 100
  if (max < 1) return wrong('`max` is the most keys of one call: one or more.')
  return {
    keyField,
    keyPath,
    keyIsId: getNamedType(key.type) === GraphQLID,
    match: splitPath(settings.match),
    items: settings.items === undefined ? undefined : splitPath(settings.items),
    grouped,
    max,
    missing: settings.missing ?? (grouped ? 'EMPTY' : 'NULL'),
  }
}
