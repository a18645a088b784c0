import { specifiedScalarTypes } from 'graphql'
import protobuf, { type Field, type OneOf } from 'protobufjs'
import { preludeTypes } from '../prelude.ts'
import { type Direction, hasEntries, partOf, scalarOf, shownFields, wellKnownScalar } from './messages.ts'
import type { ExposedMethod } from './methods.ts'
import { pascal, untaken } from './words.ts'

type Type = protobuf.Type

/** One thing of a proto that becomes a type of GraphQL. */
export type Part =
  | { readonly kind: 'message'; readonly type: Type; readonly direction: Direction }
  | { readonly kind: 'enum'; readonly type: protobuf.Enum }
  /** Which case of a oneof is set, as an enum. */
  | { readonly kind: 'case'; readonly oneof: OneOf }
  /** The cases of a oneof, as a `@oneOf` input. */
  | { readonly kind: 'oneof'; readonly oneof: OneOf }
  /** One entry of a map of messages. */
  | { readonly kind: 'entry'; readonly field: Field; readonly direction: Direction }

/** Tells parts apart: what it is, of which element of the proto. */
export const keyOf = (part: Part): string => {
  switch (part.kind) {
    case 'message':
      return `${part.direction} ${part.type.fullName}`
    case 'enum':
      return `enum ${part.type.fullName}`
    case 'case':
    case 'oneof':
      return `${part.kind} ${part.oneof.fullName}`
    case 'entry':
      return `entry ${part.direction} ${part.field.parent?.fullName}.${part.field.name}`
  }
}

/** The oneofs among a message's shown fields. */
export const oneofsOf = (type: Type, direction: Direction): ReadonlySet<OneOf> =>
  new Set(
    shownFields(type, direction)
      .map(partOf)
      .filter((oneof) => oneof !== undefined),
  )

/** Everything that methods ask with and answer, each once, in the order it is met. */
export const partsOf = (methods: readonly ExposedMethod[]): readonly Part[] => {
  const parts = new Map<string, Part>()
  const waiting: Part[] = []
  const add = (part: Part): void => {
    const key = keyOf(part)
    if (parts.has(key)) return
    parts.set(key, part)
    waiting.push(part)
  }
  const addMessage = (type: Type, direction: Direction): void => {
    if (wellKnownScalar(type) === undefined && shownFields(type, direction).length > 0)
      add({ kind: 'message', type, direction })
  }
  const addFields = (type: Type, direction: Direction): void => {
    for (const oneof of oneofsOf(type, direction)) add({ kind: direction === 'in' ? 'oneof' : 'case', oneof })
    for (const field of shownFields(type, direction)) {
      const { resolvedType } = field
      if (field.map ? hasEntries(field, direction) : scalarOf(field, direction) === undefined) {
        if (field.map) add({ kind: 'entry', field, direction })
        if (resolvedType instanceof protobuf.Enum) add({ kind: 'enum', type: resolvedType })
        if (resolvedType instanceof protobuf.Type) addMessage(resolvedType, direction)
      }
    }
  }
  for (const { method } of methods) {
    method.resolve()
    const { resolvedRequestType, resolvedResponseType } = method
    if (resolvedRequestType !== null && wellKnownScalar(resolvedRequestType) === undefined)
      addFields(resolvedRequestType, 'in')
    if (resolvedResponseType !== null) addMessage(resolvedResponseType, 'out')
    for (let part = waiting.shift(); part !== undefined; part = waiting.shift())
      if (part.kind === 'message') addFields(part.type, part.direction)
  }
  return [...parts.values()]
}

const reserved: ReadonlySet<string> = new Set([
  ...preludeTypes,
  ...specifiedScalarTypes.map(({ name }) => name),
  'Query',
  'Mutation',
  'Subscription',
])

/**
 * The GraphQL name of each part, by its key: the message's own (`Product`, `ProductInput`, `Outer_Inner`), with the
 * package before it where two would meet or GraphQL has a type of that name.
 */
export const nameParts = (parts: readonly Part[], prefix = ''): ReadonlyMap<string, string> => {
  const short = (part: Part): string => clean(`${prefix === '' ? '' : pascal(prefix)}${shortName(part)}`)
  const names = new Map<string, string>()
  const taken = new Set<string>(reserved)
  const groups = Map.groupBy(parts, short)
  const meeting: Part[] = []
  for (const [name, [first, ...others]] of groups)
    if (first !== undefined && others.length === 0 && !reserved.has(name)) names.set(keyOf(first), untaken(name, taken))
    else meeting.push(...(groups.get(name) ?? []))
  for (const part of meeting)
    names.set(keyOf(part), untaken(clean(`${pascal(prefix)}${packageOf(part)}${shortName(part)}`), taken))
  return names
}

/** Names with two underscores before them are GraphQL's own. */
const clean = (name: string): string => (name.startsWith('__') ? `X${name}` : name)

const ownerOf = (part: Part): protobuf.ReflectionObject | null => {
  if (part.kind === 'message' || part.kind === 'enum') return part.type
  return part.kind === 'entry' ? part.field.parent : part.oneof.parent
}

/** The messages around an element and itself, outermost first; the packages around those, as one word. */
const around = (part: Part): { readonly messages: readonly string[]; readonly packages: readonly string[] } => {
  const messages: string[] = []
  const packages: string[] = []
  for (let at = ownerOf(part); at !== null && at.name !== ''; at = at.parent)
    (at instanceof protobuf.Type || at instanceof protobuf.Enum ? messages : packages).unshift(at.name)
  return { messages, packages }
}

const packageOf = (part: Part): string => pascal(around(part).packages.join('.'))

const shortName = (part: Part): string => {
  const base = around(part).messages.join('_')
  switch (part.kind) {
    case 'message':
      return part.direction === 'in' ? `${base}Input` : base
    case 'enum':
      return base
    case 'case':
      return `${base}${pascal(part.oneof.name)}Case`
    case 'oneof':
      return `${base}${pascal(part.oneof.name)}Input`
    case 'entry':
      return `${base}${pascal(part.field.name)}Entry${part.direction === 'in' ? 'Input' : ''}`
  }
}
