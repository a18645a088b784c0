import * as fc from 'fast-check'

/** Field name → type of what is below it; an empty text for leaves. */
const types: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  Query: { item: 'Item', items: 'Item', sure: 'Profile' },
  Item: {
    id: '',
    name: '',
    size: '',
    color: '',
    score: '',
    parent: 'Item',
    friends: 'Item',
    closeFriends: 'Item',
    tags: 'Tag',
    profile: 'Profile',
    box: 'Box',
    boxes: 'Box',
    parts: 'Box',
    pet: 'Pet',
  },
  Profile: { id: '', motto: '', item: 'Item' },
  Tag: { tag: '', item: 'Item' },
  Box: { must: '', depth: '', item: 'Item' },
  Cat: { name: '', lives: '', item: 'Item' },
  Dog: { name: '', owner: 'Profile' },
}

const id = fc.integer({ min: 0, max: 5 })

/** Arguments and the alias that goes with them, so that equal keys always ask the same. */
const args: Readonly<Record<string, fc.Arbitrary<readonly [alias: string, args: string]>>> = {
  'Query.item': id.map((n) => [`item${n}: `, `(id: ${n})`]),
  'Query.sure': id.map((n) => [`sure${n}: `, `(id: ${n})`]),
  'Query.items': fc
    .array(fc.option(id), { maxLength: 4 })
    .map((ids) => [`items${ids.map((one) => `_${one}`).join('')}: `, `(ids: [${ids.map(String).join()}])`]),
  'Item.score': fc.option(id).map((n) => (n === null ? ['', ''] : [`score${n}: `, `(times: ${n})`])),
}

const condition = fc.constantFrom('', '', '', '', ' @include(if: $yes)', ' @skip(if: $yes)')

const nameOf = (coordinate: string): string => coordinate.split('.')[1] ?? ''

const field = (coordinate: string, { of, depth }: { of: string; depth: number }): fc.Arbitrary<string> =>
  fc
    .tuple(
      args[coordinate] ?? fc.constantFrom<(readonly [string, string])[]>(['', ''], [`${nameOf(coordinate)}_: `, '']),
      condition,
      of === '' ? fc.constant('') : selection(of, depth - 1).map((set) => ` { ${set} }`),
    )
    .map(([[alias, given], when, below]) => `${alias}${nameOf(coordinate)}${given}${when}${below}`)

const selection = (type: string, depth: number): fc.Arbitrary<string> => {
  if (type === 'Pet')
    return fc
      .tuple(selection('Cat', depth), selection('Dog', depth))
      .map(([cat, dog]) => `... on Cat { ${cat} } __typename ... on Dog { ${dog} } ... on Named { name }`)
  const fields = Object.entries(types[type] ?? {}).filter(([, of]) => depth > 0 || of === '')
  const one = fc.oneof(...fields.map(([name, of]) => field(`${type}.${name}`, { of, depth })))
  const fragment = fc.tuple(one, condition).map(([text, when]) => `... on ${type}${when} { ${text} }`)
  const spread = fc.constant(type === 'Item' ? '...Parts' : '__typename')
  return fc
    .array(
      fc.oneof({ weight: 8, arbitrary: one }, { weight: 1, arbitrary: fragment }, { weight: 1, arbitrary: spread }),
      {
        minLength: 1,
        maxLength: 4,
      },
    )
    .map((items) => items.join(' '))
}

/** Operations over the items' schema, with aliases, fragments and conditions. */
export const operation: fc.Arbitrary<string> = fc
  .tuple(selection('Query', 4), selection('Tag', 2), fc.constantFrom('name', 'size', 'score', 'profile { motto }'))
  .map(
    ([set, tag, part]) =>
      `query ($yes: Boolean!) { __typename @include(if: $yes) ${set} last: item(id: 0) { ...Parts } }
       fragment Parts on Item { ${part} __typename tags { ${tag.replaceAll('...Parts', '__typename')} } }`,
  )
