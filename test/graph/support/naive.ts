import { type GraphQLFieldResolver, type GraphQLTypeResolver } from 'graphql'
import { textOf } from '../../../src/graph/template.ts'
import type { Json } from '../../../src/kernel/json.ts'
import { Problem } from '../../../src/kernel/problem.ts'
import { profileOf, type Store, scoreOf, tagsOf } from './items.ts'

type Raw = { readonly [name: string]: Json | undefined }

/** What a field is worth, asked for alone: no batches, no plan, no early start. */
export const naiveResolver: GraphQLFieldResolver<Raw, Store> = async (
  source,
  args,
  store,
  { parentType, fieldName },
) => {
  const load = loaders[`${parentType.name}.${fieldName}`]
  const value = load === undefined ? own(source, fieldName) : load(store, source, args as Parameters<Loader>[2])
  // Items as promises: graphql-js forgets those before one that fails at once, and their rejections end the process.
  return Array.isArray(value) ? value.map(async (item: unknown) => item) : value
}

export const naiveTypeOf: GraphQLTypeResolver<Raw, Store> = (raw) => {
  if (typeof raw.__typename !== 'string') throw new Error('no type')
  return raw.__typename
}

const own = (raw: Raw, name: string): Json | undefined => (Object.hasOwn(raw, name) ? raw[name] : undefined)

type Loader = (
  store: Store,
  raw: Raw,
  args: { readonly id: Json; readonly ids: Json; readonly times: number },
) => unknown

const item = ({ items }: Store, id: Json | undefined): unknown => {
  if (id === undefined || id === null) return null
  const [first, second] = items.filter(({ key }) => textOf(key ?? null) === textOf(id))
  if (second !== undefined) throw new Problem('UNAVAILABLE', 'twice')
  return first ?? null
}

const itemsBy = (store: Store, ids: Json | undefined): unknown =>
  Array.isArray(ids) ? ids.map(async (id: Json) => item(store, id)) : null

const whereFound = (id: Json | undefined, get: (id: string) => unknown): unknown => {
  if (id === undefined || id === null) return null
  try {
    return get(textOf(id))
  } catch (error) {
    if (error instanceof Problem && error.code === 'NOT_FOUND') return null
    throw error
  }
}

const colors: Readonly<Record<string, string | null>> = { r: 'RED', red: 'RED', g: 'GREEN', COLOR_UNSPECIFIED: null }

const color = (value: Json | undefined): unknown => {
  if (value === null || value === undefined) return null
  const name = colors[textOf(value)]
  if (name === undefined) throw new Error('no such color')
  return name
}

const itemOf: Loader = (store, raw) => item(store, raw['itemId'])

const loaders: Readonly<Record<string, Loader>> = {
  'Query.item': (store, _raw, { id }) => item(store, id),
  'Query.items': (store, _raw, { ids }) => itemsBy(store, ids),
  'Query.sure': (store, _raw, { id }) => whereFound(id, (text) => profileOf(store, text)),
  'Item.parent': (store, { parentId }) => item(store, parentId),
  'Item.friends': (store, { friendIds }) => itemsBy(store, friendIds),
  'Item.closeFriends': (store, { friendIds }) => itemsBy(store, friendIds),
  'Item.tags': (store, { id }) => whereFound(id, (text) => tagsOf(store, [text])),
  'Item.score': (store, { id }, { times }) => whereFound(id, (text) => scoreOf(store, text, times)),
  'Item.profile': (store, { id }) => whereFound(id, (text) => profileOf(store, text)),
  'Item.color': (_store, raw) => color(raw['color']),
  'Item.parts': (_store, { boxes }) => boxes,
  'Profile.item': (store, { id }) => item(store, id),
  'Tag.item': (store, { of }) => item(store, of),
  'Box.depth': (_store, { size }) => (size as Raw | null | undefined)?.['depth'],
  'Box.item': itemOf,
  'Cat.item': itemOf,
  'Dog.owner': (store, { itemId }) => whereFound(itemId, (text) => profileOf(store, text)),
}
