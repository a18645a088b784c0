import { type Chance, chanceOf } from './chance.ts'

/** Where a field of a random schema gets its value. */
export type FieldSpec = {
  readonly name: string
  readonly kind: 'leaf' | 'inline' | 'load' | 'loads' | 'call' | 'batch' | 'groups' | 'items'
  /** The named type, and how it is wrapped: `_` stands for it. */
  readonly of: string
  readonly wrap: string
  /** Whether it takes an argument `n`. */
  readonly takesN: boolean
  /** Whether the answer holds the value below `out.value`. */
  readonly selects: boolean
}

export type TypeSpec = {
  readonly name: string
  /** How its entities are loaded; none where it is no entity. */
  readonly loader: 'none' | 'batch' | 'single' | 'composite'
  readonly fields: readonly FieldSpec[]
}

export type SchemaSpec = {
  readonly types: ReadonlyMap<string, TypeSpec>
  /** Members by abstract type; those of `Told` say it by `kind`, of others by `__typename`. */
  readonly abstracts: ReadonlyMap<string, readonly string[]>
  readonly sdl: string
}

const leaves = ['String', 'Int', 'ID', 'Boolean', 'Float', 'Color'] as const
const leafWraps = ['_', '_', '_', '_!', '[_]', '[_!]', '[[_]]', '[[_!]!]']
const objectWraps = ['_', '_', '_!', '[_]', '[_!]', '[_]!', '[[_]]', '[[_!]]']
const ones = ['_', '_', '_!']
const lists = ['[_]', '[_!]', '[_!]!']

export const schemaOf = (seed: number): SchemaSpec => {
  const chance = chanceOf('schema', seed)
  const names = Array.from({ length: 3 + chance.below(3) }, (_, index) => `T${index}`)
  const loaders = names.map((_, index) =>
    index === 0
      ? 'batch'
      : index === 1
        ? chance.pick(['single', 'composite'] as const)
        : chance.pick(['none', 'none', 'batch', 'single', 'composite'] as const),
  )
  const kinds = new Map(names.map((name, index) => [name, loaders[index] ?? 'none']))
  const abstracts = new Map([
    ['Named', names.filter((_, index) => index % 2 === 0)],
    ['Told', names.filter((_, index) => index !== 1)],
  ])
  const objects = [...names, ...names, 'Named', 'Told']
  const types = names.map(
    (name, index): TypeSpec => ({
      name,
      loader: loaders[index] ?? 'none',
      fields: Array.from({ length: 4 + chance.below(4) }, (_, at) =>
        fieldOf(chance, { name: `f${index}_${at}`, objects, kinds }),
      ),
    }),
  )
  const query: TypeSpec = {
    name: 'Query',
    loader: 'none',
    fields: Array.from({ length: 5 }, (_, at): FieldSpec => {
      if (at === 0 || chance.once(3)) return loadOf(chance, { name: `q${at}`, kinds })
      return { ...fieldOf(chance, { name: `q${at}`, objects, kinds }, ['call']), takesN: true }
    }),
  }
  const mutation: TypeSpec = {
    name: 'Mutation',
    loader: 'none',
    fields: [0, 1].map((at) => ({ ...fieldOf(chance, { name: `m${at}`, objects, kinds }, ['call']), takesN: true })),
  }
  const all = new Map([...types, query, mutation].map((type) => [type.name, type]))
  return { types: all, abstracts, sdl: print(all, abstracts) }
}

type Making = {
  readonly name: string
  readonly objects: readonly string[]
  readonly kinds: ReadonlyMap<string, TypeSpec['loader']>
}

const every = ['leaf', 'leaf', 'inline', 'inline', 'load', 'loads', 'call', 'batch', 'groups', 'items'] as const

const fieldOf = (
  chance: Chance,
  { name, objects, kinds }: Making,
  from: readonly FieldSpec['kind'][] = every,
): FieldSpec => {
  const kind = chance.pick(from)
  if (kind === 'load' || kind === 'loads') return loadOf(chance, { name, kinds })
  const leaf = kind === 'leaf' || (kind !== 'inline' && chance.once(2))
  const of = leaf ? chance.pick(leaves) : chance.pick(objects)
  const wraps = kind === 'batch' ? ones : kind === 'groups' || kind === 'items' ? lists : leaf ? leafWraps : objectWraps
  const takesN = kind !== 'leaf' && kind !== 'inline' && chance.once(2)
  return { name, kind, of, wrap: chance.pick(wraps), takesN, selects: kind === 'call' && chance.once(3) }
}

const loadOf = (chance: Chance, { name, kinds }: Omit<Making, 'objects'>): FieldSpec => {
  const of = chance.pick([...kinds].flatMap(([type, loader]) => (loader === 'none' ? [] : [type])))
  const many = kinds.get(of) !== 'composite' && chance.once(2)
  return {
    name,
    kind: many ? 'loads' : 'load',
    of,
    wrap: chance.pick(many ? lists : ones),
    takesN: false,
    selects: false,
  }
}

/** Fields by which everything refers to others. */
export const plumbing = 'id: ID org: ID ref: ID @internal refs: [ID] @internal label: String'

const print = (types: SchemaSpec['types'], abstracts: SchemaSpec['abstracts']): string => {
  const members = (name: string): readonly string[] => abstracts.get(name) ?? []
  const told = members('Told')
  const cases = told.map((name, index) => `${name}: ${index === 0 ? '["0", "*"]' : index}`).join(' ')
  return [
    'enum Color { RED @from(enum: ["r", "red"]) GREEN @from(enum: ["g"]) }',
    'interface Named { label: String }',
    `union Told @variant(by: "kind.code", cases: { ${cases} }) = ${told.join(' | ')}`,
    ...[...types.values()].map((type) => {
      const is = members('Named').includes(type.name) ? ' implements Named' : ''
      const root = type.name === 'Query' || type.name === 'Mutation'
      const fields = type.fields.map((field) => printField(field, { type, types }))
      return `type ${type.name}${is} ${loaderOf(type)}{ ${root ? '' : plumbing}\n  ${fields.join('\n  ')}\n}`
    }),
  ].join('\n')
}

const loaderOf = ({ name, loader }: TypeSpec): string => {
  const path = `/e/${name}`
  switch (loader) {
    case 'none':
      return ''
    case 'batch':
      return `@entity(key: "id") @rest(service: "users", get: "${path}?ids={keys.id|join(',')}", batch: { match: "key", max: 2 }) `
    case 'single':
      return `@entity(key: "id") @rest(service: "users", get: "${path}?ids={keys.id}", fanout: 100000) `
    case 'composite':
      return `@entity(key: "org id") @rest(service: "users", get: "${path}?ids={keys.id|join(',')}&orgs={keys.org|join(',')}", batch: { match: { org: "keys.org", id: "keys.id" }, max: 3 }) `
  }
}

const printField = (field: FieldSpec, { type, types }: { type: TypeSpec; types: SchemaSpec['types'] }): string => {
  const { name, kind, of, wrap, takesN, selects } = field
  const result = wrap.replace('_', of)
  const root = type.name === 'Query' || type.name === 'Mutation'
  const n = takesN ? '(n: Int = 1)' : ''
  const select = selects ? ', select: "out.value"' : ''
  const path = `/${kind}/${type.name}.${name}`
  const rest = (text: string, more: string): string =>
    `${name}${n}: ${result} @rest(service: "users", ${type.name === 'Mutation' ? 'post' : 'get'}: "${path}?${text}${takesN ? '&n={args.n}' : ''}"${select}${more}) @listSize(assumedSize: 5)`
  switch (kind) {
    case 'leaf':
    case 'inline':
      return `${name}: ${result} @listSize(assumedSize: 5)`
    case 'call':
      return root ? rest('root=1', '') : rest('ids={this.id}', ', fanout: 100000')
    case 'load':
    case 'loads':
      return printLoad(field, { root, composite: types.get(of)?.loader === 'composite', result })
    default:
      return rest(
        "ids={keys.ref|join(',')}",
        `, batch: { match: "key"${kind === 'groups' ? '' : ', items: "value"'}, max: 2 }`,
      )
  }
}

const printLoad = (
  { name, kind }: FieldSpec,
  { root, composite, result }: { root: boolean; composite: boolean; result: string },
): string => {
  const given = kind === 'loads' ? 'ids: [ID]!' : composite ? 'id: ID!, org: ID' : 'id: ID!'
  const from = root ? (kind === 'loads' ? 'args.ids' : 'args.id') : kind === 'loads' ? 'this.refs' : 'this.ref'
  const org = composite ? `, org: "{${root ? 'args' : 'this'}.org}"` : ''
  return `${name}${root ? `(${given})` : ''}: ${result} @load(by: { id: "{${from}}"${org} }) @listSize(assumedSize: 5)`
}
