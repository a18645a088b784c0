import { GraphQLBoolean, getNamedType, getNullableType, isListType } from 'graphql'
import { didYouMean } from '../../kernel/diagnostic.ts'
import { parseDuration } from '../../kernel/units.ts'
import { type Directive, directiveOf } from '../directives.ts'
import type { Batch, BatchKey, Binding } from '../graph.ts'
import { type RequestTemplate, templatesOf } from '../request.ts'
import { rootKind } from '../roots.ts'
import { expressionsOf } from '../template.ts'
import { type BindContext, entityKeysOf, keyFieldOf, type Owner, report, splitPath } from './context.ts'
import { needsAllDigits } from './exact.ts'
import { bindGrpcRequest, isSafeMethod } from './grpc-request.ts'
import { bindRestRequest } from './rest-request.ts'
import { bindVerdicts } from './verdicts.ts'

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
    return report(context, node, owner.coordinate, {
      code: 'PORTICO-110',
      message: '`batch` and `fanout` exclude each other: keep `batch` where the service can take many keys.',
    })
  if (fanout !== undefined && fanout < 1)
    return report(context, directive.nodes['fanout'] ?? node, owner.coordinate, {
      code: 'PORTICO-110',
      message: '`fanout` is the most parents that may make a call each: one or more.',
    })
  const timeoutMs = typeof args['timeout'] === 'string' ? parseDuration(args['timeout']) : undefined
  if (args['timeout'] !== undefined && timeoutMs === undefined)
    return report(context, directive.nodes['timeout'] ?? node, owner.coordinate, {
      code: 'PORTICO-104',
      message: 'Expected a duration such as 800ms or 5s.',
    })
  const service = context.services.get(request.service)
  const binding: Binding = {
    index: context.bindings.length,
    coordinate: owner.coordinate,
    request,
    select: splitPath((args['select'] as string | undefined) ?? ''),
    batch,
    fanout,
    forwards: service?.identity === 'forward',
    ...(service?.identityHeaders !== undefined && { told: service.identityHeaders }),
    nothing: answersNothing(request, owner) && args['select'] === undefined,
    notFound: (args['notFound'] as Binding['notFound'] | undefined) ?? (isNullable(owner) ? 'NULL' : 'ERROR'),
    verdicts: bindVerdicts(context, { directive, owner, request }),
    timeoutMs,
    safe: isSafe(context, request, owner),
    // ProtoJSON writes what needs more digits as strings; of other services the whole answer must be looked through.
    exact:
      request.kind === 'rest' && needsAllDigits(owner.field === undefined ? owner.type : getNamedType(owner.field.type))
        ? 'all'
        : 'integers',
  }
  context.bindings.push(binding)
  return binding
}

/**
 * Whether calls change nothing. Only the fields of Mutation may change something (GraphQL specification §6.2.2), so that
 * elsewhere a POST that may be repeated is a read whose question did not fit into an address.
 */
const isSafe = ({ schema }: BindContext, request: RequestTemplate, { type, field }: Owner): boolean => {
  if (request.kind === 'grpc') return isSafeMethod(request.method)
  const changes = field !== undefined && rootKind(schema, type) === 'mutation'
  return request.method === 'GET' || (request.method === 'POST' && request.idempotent && !changes)
}

/** A Boolean field over a message without fields, such as google.protobuf.Empty. */
const answersNothing = (request: RequestTemplate, { field }: Owner): boolean =>
  request.kind === 'grpc' &&
  field !== undefined &&
  getNullableType(field.type) === GraphQLBoolean &&
  request.method.responseType.fieldsArray.length === 0

const isNullable = ({ field }: Owner): boolean => field === undefined || getNullableType(field.type) === field.type

const keyNames = (request: RequestTemplate): readonly string[] => [
  ...new Set(
    templatesOf(request)
      .flatMap(expressionsOf)
      .filter(({ root }) => root === 'keys')
      .map(({ path }) => path.join('.')),
  ),
]

const placeholders = (names: readonly string[]): string =>
  names.map((name) => (name === '' ? '{keys}' : `{keys.${name}}`)).join(' and ')

/**
 * The fields of a batch's key, each with the path of what equals it: `match` is one path for a key of one field, and
 * an object of them for several. A sentence where that does not fit.
 */
const bindBatchKeys = (
  match: unknown,
  { owner: { type }, names }: { readonly owner: Owner; readonly names: readonly string[] },
): readonly BatchKey[] | string => {
  const paths = typeof match === 'object' && match !== null ? (match as Readonly<Record<string, unknown>>) : undefined
  // `{keys}` alone, as a list of objects, has the fields that `match` names.
  const fields = names.includes('') && paths !== undefined ? Object.keys(paths) : names
  const [first] = fields
  if (first === undefined)
    return '`batch` collects keys, but the request uses none: write {keys.<field>} where the keys go.'
  if (fields.length > 1 && paths === undefined)
    return `A key of ${placeholders(fields)} is matched by as many paths: match: { ${fields.map((name) => `${name}: "…"`).join(', ')} }.`
  const keys: BatchKey[] = []
  for (const name of fields) {
    const path = paths === undefined ? match : paths[name]
    if (typeof path !== 'string')
      return `\`match\` says by a path what equals {keys.${name}}: a text such as "${name}".`
    const field = keyFieldOf(type, name)
    if (field === undefined)
      return type.getFields()[name] === undefined
        ? `${type.name} has no field ${name} to take keys from.${didYouMean(name, Object.keys(type.getFields()))}`
        : `${type.name}.${name} has a source of its own; a key is a plain field.`
    keys.push({ ...field, match: splitPath(path) })
  }
  return keys
}

const bindBatch = (
  context: BindContext,
  { directive, owner, request }: { directive: Directive; owner: Owner; request: RequestTemplate },
): Batch | undefined | 'wrong' => {
  const settings = directive.args['batch'] as
    | { match: unknown; items?: string; max?: number; missing?: Batch['missing'] }
    | undefined
  const node = directive.nodes['batch'] ?? directive.node
  const names = keyNames(request)
  const wrong = (message: string): 'wrong' => {
    report(context, node, owner.coordinate, { code: 'PORTICO-110', message })
    return 'wrong'
  }
  const entity =
    owner.field === undefined ? directiveOf('entity', owner.type.astNode, ...owner.type.extensionASTNodes) : undefined
  const own = entity && entityKeysOf(entity)
  const used = names.includes('') && own !== undefined && own.length > 1 ? own : names
  if (own !== undefined && (used.length !== own.length || own.some((name) => !used.includes(name))))
    return wrong(
      `A loader asks by ${placeholders(own)}, the key of ${owner.type.name}, but the request uses ${names.length === 0 ? 'no key' : placeholders(names)}.`,
    )
  if (settings === undefined)
    return names.length > 0 && owner.field !== undefined
      ? wrong(
          `{keys.${names[0]}} is a list of many parents' keys and needs \`batch: { match: "…" }\`; for one call per parent write {this.${names[0]}} and \`fanout\`.`,
        )
      : undefined
  const keys = bindBatchKeys(settings.match, { owner, names: own ?? names })
  if (typeof keys === 'string') return wrong(keys)
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
    keys,
    items: settings.items === undefined ? undefined : splitPath(settings.items),
    grouped,
    max,
    missing: settings.missing ?? (grouped ? 'EMPTY' : 'NULL'),
  }
}
