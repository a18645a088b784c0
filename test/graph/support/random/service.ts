import type { Json } from '../../../../src/kernel/json.ts'
import { Problem } from '../../../../src/kernel/problem.ts'
import { type Chance, chanceOf } from './chance.ts'
import type { FieldSpec, SchemaSpec } from './schema.ts'

export type Raw = { readonly [name: string]: Json }

/** The data behind a random schema: a function of its seed, and of how often something was changed. */
export type Data = { readonly schema: SchemaSpec; readonly seed: number; version: number }

const ids: readonly Json[] = [0, 1, 2, 3, 4, '0', '1', '2', '3', '4']

const chanceIn = ({ seed, version }: Data, ...at: readonly (string | number)[]): Chance =>
  chanceOf('data', seed, version, ...at)

const down = (): Problem => new Problem('UNAVAILABLE', 'down')

/** A raw value for a type, with gaps and with what does not fit. */
const rawOf = (data: Data, { of, wrap }: Pick<FieldSpec, 'of' | 'wrap'>, chance: Chance, depth: number): Json => {
  if (chance.once(14)) return null
  if (chance.once(60)) return chance.pick<Json>(['odd', 7, []])
  const inner = wrap.replace(/!$/, '')
  if (inner.startsWith('['))
    return Array.from({ length: chance.below(4) }, () => rawOf(data, { of, wrap: inner.slice(1, -1) }, chance, depth))
  return rawNamed(data, of, chance, depth)
}

const rawNamed = (data: Data, of: string, chance: Chance, depth: number): Json => {
  switch (of) {
    case 'String':
      return chance.pick<Json>(['', 'a', 'é"\\\u2028', 12, 'b'])
    case 'Int':
      return chance.pick<Json>([0, 1, -7, 99, 1.5, 2 ** 31, 3])
    case 'ID':
      return chance.pick(ids)
    case 'Boolean':
      return chance.pick<Json>([true, false, true, 'yes'])
    case 'Float':
      return chance.pick<Json>([0.5, 1, -1e21, 3.25])
    case 'Color':
      return chance.pick<Json>(['r', 'red', 'g', 'COLOR_UNSPECIFIED', 'RED', 'g'])
    default:
      return rawObject(data, of, chance, depth)
  }
}

/** An object, some of whose members are missing. */
export const rawObject = (data: Data, of: string, chance: Chance, depth: number): Raw => {
  const members = data.schema.abstracts.get(of)
  const name = members === undefined ? of : chance.pick(members)
  const raw: Record<string, Json> = { __typename: chance.once(25) ? 'Odd' : name }
  if (of === 'Told') raw['kind'] = { code: chance.once(20) ? 'odd' : (members ?? []).indexOf(name) }
  for (const key of ['id', 'org', 'ref'] as const) if (!chance.once(9)) raw[key] = chance.pick(ids)
  if (!chance.once(9))
    raw['refs'] = Array.from({ length: chance.below(4) }, () => (chance.once(8) ? null : chance.pick(ids)))
  if (!chance.once(5)) raw['label'] = chance.pick(['x', 'y'])
  for (const field of data.schema.types.get(name)?.fields ?? []) {
    if (field.kind !== 'leaf' && field.kind !== 'inline') continue
    if (chance.once(7)) continue
    if (field.kind === 'inline' && depth === 0) raw[field.name] = null
    else raw[field.name] = rawOf(data, field, chance, depth - 1)
  }
  return raw
}

/** What the service holds by one key of an entity: nothing, one thing, or by mistake two. */
export const entitiesBy = (
  data: Data,
  type: string,
  key: { readonly id: string; readonly org?: string },
): readonly Raw[] => {
  const chance = chanceIn(data, 'entity', type, key.id, key.org ?? '')
  const count = chance.pick([1, 1, 1, 1, 1, 1, 1, 0, 2])
  return Array.from({ length: count }, () => {
    const raw = rawObject(data, type, chance, 2)
    const same = !chance.once(5)
    return {
      ...raw,
      ...(same && { id: key.id }),
      ...(same && key.org !== undefined && { org: key.org }),
      key: key.id,
      keys: { ...key },
    }
  })
}

/** The one entity by a key where the service answers one: NOT_FOUND and UNAVAILABLE are thrown. */
export const entityBy = (data: Data, type: string, id: string): Raw => {
  const [found, second] = entitiesBy(data, type, { id })
  if (second !== undefined) throw down()
  if (found === undefined) throw new Problem('NOT_FOUND', 'nothing there')
  return found
}

/** What a call of a field's own answers, already selected; undefined where the path ends early. */
export const calledFor = (data: Data, field: FieldSpec, key: string, n: string): Json | undefined => {
  const chance = chanceIn(data, 'call', field.name, key, n)
  if (chance.once(12)) throw chance.once(2) ? new Problem('NOT_FOUND', 'nothing there') : down()
  return chance.once(12) && field.selects ? undefined : rawOf(data, field, chance, 2)
}

/** What a batch of a field answers for one key: its items, or nothing. The whole batch may be down. */
export const batchedFor = (data: Data, field: FieldSpec, key: string, n: string): readonly (Json | undefined)[] => {
  if (chanceIn(data, 'down', field.name).once(12)) throw down()
  const chance = chanceIn(data, 'batch', field.name, key, n)
  if (field.kind === 'groups')
    return Array.from({ length: chance.below(4) }, () => rawObjectOrLeaf(data, field, chance))
  const count = chance.pick([1, 1, 1, 1, 1, 0, 2])
  return Array.from({ length: count }, () => (chance.once(9) ? undefined : rawOf(data, field, chance, 1)))
}

const rawObjectOrLeaf = (data: Data, { of }: FieldSpec, chance: Chance): Json => rawNamed(data, of, chance, 1)

/** What the service answers to one request, written `users GET /e/T0?ids=1,2`. */
export const answerTo = (data: Data, line: string): Json => {
  const [, method, target = ''] = line.split(' ')
  const { pathname, searchParams } = new URL(target, 'http://host')
  const [, kind = '', name = ''] = pathname.split('/')
  const asked = (searchParams.get('ids') ?? '').split(',')
  if (kind === 'e') return entitiesFor(data, name, asked, (searchParams.get('orgs') ?? '').split(','))
  const [type = '', fieldName = ''] = name.split('.')
  const field = data.schema.types.get(type)?.fields.find((one) => one.name === fieldName) as FieldSpec
  const n = searchParams.get('n') ?? ''
  if (method === 'POST') data.version += 1
  if (kind === 'call') {
    const value = calledFor(data, field, asked[0] ?? '', n)
    return field.selects ? { out: value === undefined ? {} : { value } } : (value ?? null)
  }
  // A group's member is the item itself, so that its key stands beside its own fields.
  return asked.toReversed().flatMap((key): Json[] =>
    batchedFor(data, field, key, n).map((value): Json => {
      if (field.kind === 'groups') return typeof value === 'object' ? { ...(value as Raw), key } : { key }
      return value === undefined ? { key } : { key, value }
    }),
  )
}

const entitiesFor = (data: Data, name: string, asked: readonly string[], orgs: readonly string[]): Json => {
  if (data.schema.types.get(name)?.loader === 'single') return entityBy(data, name, asked[0] ?? '')
  if (data.schema.types.get(name)?.loader === 'batch')
    return asked.toReversed().flatMap((id) => [...entitiesBy(data, name, { id })])
  return asked.flatMap((id, index) => [...entitiesBy(data, name, { id, org: orgs[index] ?? '' })])
}
