import * as fc from 'fast-check'
import { textOf } from '../../../src/graph/template.ts'
import type { Json } from '../../../src/kernel/json.ts'
import { Problem } from '../../../src/kernel/problem.ts'
import { idsIn } from './graph.ts'

/** A schema with every way a value may come and be missing: loads, batches, groups, single calls, inline objects. */
export const sdl = `
type Query {
  item(id: ID!): Item @load(by: { id: "{args.id}" })
  items(ids: [ID]!): [Item] @load(by: { id: "{args.ids}" }) @listSize(slicingArguments: ["ids"])
  sure(id: ID!): Profile @load(by: { id: "{args.id}" })
}
type Item @entity(key: "id")
  @rest(service: "users", get: "/items?ids={keys.id|join(',')}", batch: { match: "key", max: 3 }) {
  id: ID!
  name: String
  size: Int!
  color: Color
  parent: Item @load(by: { id: "{this.parentId}" })
  parentId: ID @internal
  friends: [Item] @load(by: { id: "{this.friendIds}" }) @listSize(assumedSize: 5)
  closeFriends: [Item!] @load(by: { id: "{this.friendIds}" }) @listSize(assumedSize: 5)
  friendIds: [ID] @internal
  tags: [Tag!] @rest(service: "users", get: "/tags?ids={keys.id|join(',')}", batch: { match: "of", max: 2 })
  score(times: Int = 1): Int @rest(service: "users", get: "/scores/{this.id}?times={args.times}", fanout: 1000)
  profile: Profile @load(by: { id: "{this.id}" })
  box: Box
  boxes: [Box!]
  parts: [Box!]! @from(path: "boxes")
  pet: Pet
}
type Profile @entity(key: "id") @rest(service: "users", get: "/profiles/{keys.id}", fanout: 1000) {
  id: ID!
  motto: String!
  item: Item! @load(by: { id: "{this.id}" })
}
type Tag { tag: String! item: Item @load(by: { id: "{this.of}" }) of: ID @internal }
type Box { must: Int! depth: Int @from(path: "size.depth") item: Item @load(by: { id: "{this.itemId}" }) itemId: ID @internal }
enum Color { RED @from(enum: ["r", "red"]) GREEN @from(enum: ["g"]) }
interface Named { name: String }
union Pet = Cat | Dog
type Cat implements Named { name: String lives: Int! item: Item @load(by: { id: "{this.itemId}" }) itemId: ID @internal }
type Dog implements Named { name: String owner: Profile @load(by: { id: "{this.itemId}" }) itemId: ID @internal }
`

/** A service's data; `down` in place of a value fails its call. */
export type Store = {
  readonly items: readonly { readonly [name: string]: Json }[]
  readonly tags: readonly { readonly of: Json; readonly tag: Json }[] | 'down'
  readonly profiles: Readonly<Record<string, Json>>
  readonly scores: Readonly<Record<string, Json>>
}

/** What the service answers to one call. */
export const answerOf = (store: Store, line: string): Json => {
  const { pathname, searchParams } = new URL(line.split(' ')[2] ?? '', 'http://host')
  if (pathname === '/items') {
    const asked = new Set(idsIn(line))
    return store.items.filter(({ key }) => asked.has(textOf(key ?? null)))
  }
  if (pathname === '/tags') return tagsOf(store, idsIn(line))
  const [, kind = '', id = ''] = pathname.split('/')
  return kind === 'scores' ? scoreOf(store, id, Number(searchParams.get('times'))) : profileOf(store, id)
}

export const tagsOf = ({ tags }: Store, ids: readonly string[]): readonly Json[] => {
  if (tags === 'down') throw new Problem('UNAVAILABLE', 'down')
  return tags.filter(({ of }) => ids.includes(textOf(of)))
}

export const scoreOf = ({ scores }: Store, id: string, times: number): Json => {
  const score = known(scores, id)
  return typeof score === 'number' ? score * times : score
}

export const profileOf = ({ profiles }: Store, id: string): Json => known(profiles, id)

const known = (values: Readonly<Record<string, Json>>, id: string): Json => {
  const value = values[id]
  if (value === undefined) throw new Problem('NOT_FOUND', 'nothing there')
  if (value === 'down') throw new Problem('UNAVAILABLE', 'down')
  return value
}

/** Ids come as numbers or as strings, as services please. */
const id = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 5 }).map(String))
const gap = fc.constantFrom<Json[]>(null)
const rarely = (value: fc.Arbitrary<Json>): fc.Arbitrary<Json> =>
  fc.oneof({ weight: 6, arbitrary: value }, { weight: 1, arbitrary: gap })
const number = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 99 }) },
  { weight: 1, arbitrary: fc.constantFrom<Json[]>(null, 1.5, 'x', 2 ** 31) },
)

const box = fc.record<Record<string, Json>>(
  { must: number, size: rarely(fc.record({ depth: number })), itemId: rarely(id) },
  { requiredKeys: ['itemId'] },
)
const pet = fc.record<Record<string, Json>>(
  {
    __typename: fc.constantFrom('Cat', 'Dog', 'Dog', 'Cat', 'Item'),
    name: rarely(fc.string()),
    lives: number,
    itemId: id,
  },
  { requiredKeys: ['itemId', 'lives'] },
)

const item = fc.record<Record<string, Json>>(
  {
    id: rarely(id),
    name: rarely(fc.oneof(fc.string(), fc.integer())),
    size: number,
    color: rarely(fc.constantFrom('r', 'red', 'g', 'g', 'COLOR_UNSPECIFIED', 'RED')),
    parentId: rarely(id),
    friendIds: rarely(fc.array(rarely(id), { maxLength: 4 })),
    box: rarely(box),
    boxes: rarely(fc.array(rarely(box), { maxLength: 3 })),
    pet: rarely(pet),
  },
  { requiredKeys: ['id', 'size'] },
)

const byId = (value: fc.Arbitrary<Json>): fc.Arbitrary<Record<string, Json>> =>
  fc.dictionary(
    fc.integer({ min: 0, max: 5 }).map(String),
    fc.oneof({ weight: 6, arbitrary: value }, { weight: 1, arbitrary: fc.constant('down') }),
  )

/** Some keys are asked for and not there, some there twice; most items bear the id they are asked by. */
export const store: fc.Arbitrary<Store> = fc.record({
  items: fc.array(
    fc.tuple(fc.integer({ min: 0, max: 5 }), item, fc.integer({ min: 0, max: 3 })).map(([key, value, alias]) => ({
      ...value,
      ...(alias === 0 || !('id' in value) ? {} : { id: key }),
      key,
    })),
    { maxLength: 7 },
  ),
  tags: fc.oneof(
    { weight: 6, arbitrary: fc.array(fc.record({ of: id, tag: rarely(fc.string()) }), { maxLength: 8 }) },
    { weight: 1, arbitrary: fc.constant('down' as const) },
  ),
  profiles: byId(fc.record<Record<string, Json>>({ id, motto: rarely(fc.string()) })),
  scores: byId(number),
})
