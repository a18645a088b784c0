import protobuf, { type Method, type ReflectionObject, type Root } from 'protobufjs'
import { didYouMean } from '../../kernel/diagnostic.ts'
import { methodKind } from '../../services/grpc/method-kind.ts'
import type { RootKind } from '../roots.ts'
import type { ExposedAs, Exposure } from './config.ts'
import { lowerCamel, pascal } from './words.ts'

/** A method that becomes a root field. */
export type ExposedMethod = {
  readonly method: Method
  /** `shop.catalog.v1.Catalog/GetProduct`. */
  readonly path: string
  readonly kind: RootKind
  /** The name of its root field. */
  readonly field: string
}

/** What is wrong with an exposure: where below it, and what. */
export type ExposureMistake = {
  readonly severity: 'error' | 'warning'
  readonly at: readonly (string | number)[]
  readonly message: string
}

export type Selected = {
  readonly methods: readonly ExposedMethod[]
  /** What was asked for and GraphQL has no field for, a sentence each. */
  readonly left: readonly string[]
  readonly mistakes: readonly ExposureMistake[]
}

/** Services that say how a server is, not what it does. */
const ofTheServer = /^grpc\.(?:health|reflection)\./

/** Every method of a root in the order of its files. */
export const allMethods = (root: Root): readonly { readonly method: Method; readonly path: string }[] => {
  const collect = (object: ReflectionObject): readonly { method: Method; path: string }[] => [
    ...(object instanceof protobuf.Service && !ofTheServer.test(object.fullName.slice(1))
      ? object.methodsArray.map((method) => ({ method, path: `${object.fullName.slice(1)}/${method.name}` }))
      : []),
    ...(object instanceof protobuf.Namespace ? object.nestedArray.flatMap(collect) : []),
  ]
  return collect(root)
}

/** The methods an exposure asks for, each with its place in GraphQL. */
export const selectMethods = (root: Root, exposure: Exposure): Selected => {
  const { service, methods: patterns, as = {}, prefix } = exposure
  const all = allMethods(root)
  const asked = all.filter(({ path }) => patterns?.some((pattern) => matches(pattern, path)) ?? true)
  const mistakes = nameMistakes(exposure, { all, asked })
  const left: string[] = []
  const chosen = asked.flatMap(({ method, path }): readonly Chosen[] => {
    const [name, wanted] = Object.entries(as).find(([pattern]) => matches(pattern, path)) ?? []
    const kind = kindOf(method, { path, wanted })
    if ('kind' in kind) return [{ method, path, kind: kind.kind, wanted: wanted?.field }]
    if (name === undefined) left.push(kind.why)
    else mistakes.push({ severity: 'error', at: ['as', name], message: kind.why })
    return []
  })
  const methods = named(chosen, prefix)
  if (methods.length === 0 && mistakes.length === 0)
    mistakes.push({
      severity: 'warning',
      at: [],
      message: left.length === 0 ? `${service} has no methods to show.` : `${service} shows nothing. ${left.join(' ')}`,
    })
  const meeting = Object.values(Object.groupBy(methods, ({ kind, field }) => `${kind} ${field}`))
  for (const { field, path } of meeting.flatMap((group = []) => group.slice(1)))
    mistakes.push({
      severity: 'error',
      at: ['as'],
      message: `Two methods would be the field ${field}; name ${path} otherwise: as: { ${nameIn(path)}: { field: … } }.`,
    })
  return { methods, left, mistakes }
}

type Found = readonly { readonly method: Method; readonly path: string }[]

/** Names in an exposure that no method has, or that its own choice leaves out. */
const nameMistakes = (
  { service, methods: patterns = [], as = {} }: Exposure,
  { all, asked }: { readonly all: Found; readonly asked: Found },
): ExposureMistake[] => {
  const mistakes: ExposureMistake[] = []
  const names = (pattern: string, methods: Found): boolean => methods.some(({ path }) => matches(pattern, path))
  const check = (name: string, at: ExposureMistake['at']): void => {
    if (names(name, asked)) return
    const candidates = all.map(({ path }) => (name.includes('/') ? path : nameIn(path)))
    const message = names(name, all)
      ? `\`methods\` leaves ${name} out.`
      : `${service} has no method ${name}.${didYouMean(name, candidates)}`
    mistakes.push({ severity: 'error', at, message })
  }
  for (const [index, pattern] of patterns.entries())
    check(pattern, patterns.length > 1 ? ['methods', index] : ['methods'])
  for (const name of Object.keys(as)) check(name, ['as', name])
  return mistakes
}

type Chosen = Omit<ExposedMethod, 'field'> & { readonly wanted: string | undefined }

const nameIn = (path: string): string => path.split('/')[1] ?? path

/** Whether a pattern such as `Get*`, `Catalog/*` or a full path names the method. */
const matches = (pattern: string, path: string): boolean => {
  const parts = pattern
    .replace(/^\//, '')
    .split('*')
    .map((part) => part.replaceAll(/[.\\+?^${}()|[\]]/g, '\\$&'))
  return new RegExp(`^(?:.*[./])?${parts.join('.*')}$`).test(path)
}

const kindOf = (
  method: Method,
  { path, wanted }: { path: string; wanted: ExposedAs | undefined },
): { readonly kind: RootKind } | { readonly why: string } => {
  const { kind, reason } = methodKind(method)
  if (kind === 'none') return { why: `${path} is not shown: it ${reason}, and a GraphQL field sends one.` }
  const asked = wanted?.kind ?? kind
  if ((asked === 'subscription') === (kind === 'subscription')) return { kind: asked }
  return {
    why:
      kind === 'subscription'
        ? `${path} ${reason}, so it can only be a subscription.`
        : `${path} answers once, so it cannot be a subscription.`,
  }
}

/** Names of root fields: of the method; with its service's, then its package's name where two methods meet. */
const named = (chosen: readonly Chosen[], prefix = ''): readonly ExposedMethod[] => {
  const candidates = ({ method, path, wanted }: Chosen): readonly string[] => {
    if (wanted !== undefined) return [wanted, wanted, wanted]
    const [owner = ''] = path.split('/')
    return [method.name, `${method.parent?.name}_${method.name}`, `${owner}_${method.name}`].map((name) =>
      safeField(lowerCamel(prefix === '' ? name : `${prefix}_${pascal(name)}`)),
    )
  }
  const rank = new Map(chosen.map((one) => [one, 0]))
  const nameOf = (one: Chosen): string => candidates(one)[rank.get(one) ?? 0] ?? ''
  for (let round = 1; round < 3; round += 1) {
    const meeting = Object.values(Object.groupBy(chosen, (one) => `${one.kind} ${nameOf(one)}`)).filter(
      (group) => (group?.length ?? 0) > 1,
    )
    for (const one of meeting.flat()) if (one !== undefined) rank.set(one, round)
  }
  return chosen.map((one) => ({ method: one.method, path: one.path, kind: one.kind, field: nameOf(one) }))
}

/** Names with two underscores before them are GraphQL's own. */
const safeField = (name: string): string => (name === '_' || name.startsWith('__') ? `x${name}` : name)
