import {
  type GraphQLFieldResolver,
  type GraphQLOutputType,
  type GraphQLTypeResolver,
  isLeafType,
  isListType,
  isNonNullType,
} from 'graphql'
import { textOf } from '../../../../src/graph/template.ts'
import type { Json } from '../../../../src/kernel/json.ts'
import { Problem } from '../../../../src/kernel/problem.ts'
import type { FieldSpec } from './schema.ts'
import { batchedFor, calledFor, type Data, entitiesBy, entityBy, type Raw } from './service.ts'

type Args = { readonly id?: Json; readonly ids?: Json; readonly org?: Json; readonly n?: Json }

/** What a field is worth, asked for alone: no plan, no batches, no early start. */
export const naiveResolver: GraphQLFieldResolver<Raw, Data> = async (raw, args: Args, data, info) => {
  const { parentType, fieldName, returnType } = info
  const field = data.schema.types.get(parentType.name)?.fields.find(({ name }) => name === fieldName)
  if (parentType.name === 'Mutation') data.version += 1
  const member = memberOf(data, { type: parentType.name, raw })
  const value = field === undefined ? member(fieldName) : worth(data, { field, raw, args, member })
  return fitting(returnType, value)
}

export const naiveTypeOf: GraphQLTypeResolver<Raw, Data> = (raw, { schema }, _info, { name }) => {
  const members = schema.abstracts.get(name) ?? []
  if (name === 'Told') {
    const { code } = (raw['kind'] ?? {}) as { readonly code?: number | string }
    return members[Number(code)] ?? members[0]
  }
  if (!members.includes(raw['__typename'] as string)) throw new Error('no type of these')
  return raw['__typename'] as string
}

const own = (raw: Raw, name: string): Json | undefined => (Object.hasOwn(raw, name) ? raw[name] : undefined)

/** A value as graphql-js may take it: what is no list or object where one must be is an Error. Items are promises, whose rejections it awaits. */
const fitting = (type: GraphQLOutputType, value: unknown): unknown => {
  if (isNonNullType(type)) return fitting(type.ofType, value)
  if (value === undefined || value === null || value instanceof Error) return value
  if (isListType(type))
    return Array.isArray(value) ? value.map(async (item: unknown) => fitting(type.ofType, item)) : new Error('no list')
  if (isLeafType(type)) return type.name === 'Color' ? color(value) : value
  return typeof value === 'object' && !Array.isArray(value) ? value : new Error('no object')
}

const colors: Readonly<Record<string, string | null>> = { r: 'RED', red: 'RED', g: 'GREEN', COLOR_UNSPECIFIED: null }

const color = (value: unknown): unknown => {
  const name = colors[String(value)]
  return name === undefined ? new Error('no such color') : name
}

type Member = (name: string) => Json | undefined

/** Objects that came from their loader: what they lack is nowhere else. */
const whole = new WeakSet<object>()

/** Reads a member of an object; what an entity lacks that came inside of another's answer is asked of its loader. Throws. */
const memberOf =
  (data: Data, { type, raw }: { readonly type: string; readonly raw: Raw }): Member =>
  (name) => {
    const value = own(raw, name)
    const loader = data.schema.types.get(type)?.loader ?? 'none'
    const isKey = name === 'id' || (name === 'org' && loader === 'composite')
    if (value !== undefined || loader === 'none' || isKey || whole.has(raw)) return value
    const found = loaded(data, type, { id: raw['id'], org: raw['org'] })
    if (found instanceof Error) throw found
    return own((found ?? {}) as Raw, name)
  }

type Asked = { readonly field: FieldSpec; readonly raw: Raw; readonly args: Args; readonly member: Member }

const worth = (data: Data, { field, raw, args, member }: Asked): unknown => {
  const composite = data.schema.types.get(field.of)?.loader === 'composite'
  const root = raw['id'] === undefined && 'root' in raw
  const n = args.n === undefined || args.n === null ? '' : textOf(args.n)
  switch (field.kind) {
    case 'leaf':
    case 'inline':
      return member(field.name)
    case 'load':
      return loaded(data, field.of, {
        id: root ? args.id : member('ref'),
        org: !composite ? undefined : root ? args.org : member('org'),
      })
    case 'loads': {
      const keys = root ? args.ids : member('refs')
      return Array.isArray(keys) ? keys.map((id: Json) => settled(() => loaded(data, field.of, { id }))) : null
    }
    case 'call':
      return root
        ? found(field, () => calledFor(data, field, '', n))
        : whereKnown(member('id'), (id) => found(field, () => calledFor(data, field, id, n)))
    default:
      return whereKnown(member('ref'), (key) => batched(data, field, key, n))
  }
}

const whereKnown = (key: Json | undefined, get: (key: string) => unknown): unknown =>
  key === undefined || key === null ? null : get(textOf(key))

const settled = (get: () => unknown): unknown => {
  try {
    return get()
  } catch (error) {
    return error
  }
}

/** Not found is null where null may be. */
const found = ({ wrap }: Pick<FieldSpec, 'wrap'>, get: () => unknown): unknown => {
  const value = settled(get)
  return value instanceof Problem && value.code === 'NOT_FOUND' && !wrap.endsWith('!') ? null : value
}

export const loaded = (
  data: Data,
  type: string,
  { id, org }: { readonly id?: Json | undefined; readonly org?: Json | undefined },
): unknown => {
  if (id === undefined || id === null) return null
  const { loader } = data.schema.types.get(type) as { readonly loader: string }
  if (loader === 'single') return marked(found({ wrap: '_' }, () => entityBy(data, type, textOf(id))))
  if (loader === 'composite' && (org === undefined || org === null)) return null
  const key = loader === 'composite' ? { id: textOf(id), org: textOf(org as Json) } : { id: textOf(id) }
  const [first, second] = entitiesBy(data, type, key)
  return second === undefined ? marked(first ?? null) : new Problem('UNAVAILABLE', 'twice')
}

const marked = (value: unknown): unknown => {
  if (typeof value === 'object' && value !== null) whole.add(value)
  return value
}

const batched = (data: Data, field: FieldSpec, key: string, n: string): unknown => {
  const values = batchedFor(data, field, key, n)
  if (field.kind === 'groups')
    return values.map((value) => (typeof value === 'object' ? { ...(value as Raw), key } : { key }))
  const [first] = values
  if (values.length > 1) return new Problem('UNAVAILABLE', 'twice')
  return first ?? (field.kind === 'items' ? [] : null)
}
