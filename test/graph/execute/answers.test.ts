import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Json, parseLossless } from '../../../src/kernel/json.ts'
import { world } from '../support/graph.ts'

describe('null', () => {
  it('takes the nearest nullable parent with it where a value must be there', async () => {
    assert.deepEqual(await answered('{ a { b { must } other } }', { a: { b: { must: null }, other: 1 } }), {
      data: { a: { b: null, other: 1 } },
      errors: ['a.b.must UNAVAILABLE B.must is required, but the answer of users lacks it.'],
    })
    assert.deepEqual(await answered('{ a { needed { must } other } }', { a: { needed: {}, other: 1 } }), {
      data: { a: null },
      errors: ['a.needed.must UNAVAILABLE B.must is required, but the answer of users lacks it.'],
    })
  })

  it('falls an item, or a list whose items must be there', async () => {
    const list = [{ must: 1 }, {}, null]
    assert.deepEqual((await answered('{ a { loose { must } } }', { a: { loose: list } })).data, {
      a: { loose: [{ must: 1 }, null, null] },
    })
    assert.deepEqual(await answered('{ a { tight { must } other } }', { a: { tight: list, other: 1 } }), {
      data: { a: { tight: null, other: 1 } },
      errors: ['a.tight.1.must UNAVAILABLE B.must is required, but the answer of users lacks it.'],
    })
  })

  it('passes through lists of lists', async () => {
    const { data, errors } = await answered('{ a { grid } }', { a: { grid: [[1, null], null, [2]] } })
    assert.deepEqual({ data, errors }, { data: { a: { grid: [[1, null], null, [2]] } }, errors: [] })
    assert.deepEqual(await answered('{ a { tightGrid } }', { a: { tightGrid: [[1], [2, null]] } }), {
      data: { a: { tightGrid: [[1], null] } },
      errors: ['a.tightGrid.1.1 UNAVAILABLE A.tightGrid is required, but the answer of users lacks it.'],
    })
  })
})

describe('a value of the wrong shape', () => {
  it('fails its field without a word of what it was', async () => {
    const { data, errors } = await answered('{ a { b { must } loose { must } grid other text { c } } }', {
      a: { b: [], loose: { 0: 1 }, grid: [5], other: {}, text: 'secret' },
    })
    assert.deepEqual(data, { a: { b: null, loose: null, grid: [null], other: null, text: null } })
    assert.deepEqual(errors, [
      'a.b UNAVAILABLE A.b should be an object, but users answered something else.',
      'a.loose UNAVAILABLE A.loose should be a list, but users answered something else.',
      'a.grid.0 UNAVAILABLE A.grid should be a list, but users answered something else.',
      'a.other UNAVAILABLE The answer of users holds something that is no Int.',
      'a.text UNAVAILABLE A.text should be an object, but users answered something else.',
    ])
  })
})

describe('scalars', () => {
  it('keep what fits and every digit that is asked for', async () => {
    const text = `{"int":-2147483648,"whole":1.0,"float":1.10,"huge":1e300,"id":9007199254740993,"string":"s","bool":false,
      "int64":-9223372036854775808,"uint64":"18446744073709551615","decimal":1.10,"json":{"n":12345678901234567890.10},
      "time":"2026-01-31T12:00:00Z","bytes":"AA=="}`
    const { data, errors } = await scalars(text)
    assert.deepEqual(errors, [])
    assert.equal(
      JSON.stringify(data),
      '{"int":-2147483648,"whole":1,"float":1.1,"huge":1e+300,"id":"9007199254740993","string":"s","bool":false,' +
        '"int64":"-9223372036854775808","uint64":"18446744073709551615","decimal":"1.10","json":{"n":12345678901234567890.10},' +
        '"time":"2026-01-31T12:00:00Z","bytes":"AA=="}',
    )
  })

  it('refuse what does not', async () => {
    const text = `{"int":2147483648,"whole":1.5,"float":1e999,"huge":"x","id":true,"string":{},"bool":"true",
      "int64":9223372036854775808,"uint64":-1,"decimal":"1,5","json":null,"time":"31.1.2026","bytes":"ä"}`
    const { data, errors } = await scalars(text)
    assert.ok(Object.values(data ?? {}).every((value) => value === null))
    assert.deepEqual(
      errors.map((error) => error.split(' ')[0]),
      Object.keys(data ?? {}).filter((name) => name !== 'json'),
    )
  })
})

describe('an enum', () => {
  it('maps what the service writes, and says nothing of its unspecified value', async () => {
    const { data, errors } = await answered('{ a { colors } }', {
      a: { colors: ['red', 'rouge', 'BLUE', 'COLOR_UNSPECIFIED'] },
    })
    assert.deepEqual({ data, errors }, { data: { a: { colors: ['RED', 'RED', 'BLUE', null] } }, errors: [] })
  })

  it('refuses other values, or takes them for its fallback', async () => {
    const values = ['RED', 'constructor', 5]
    const { data, errors } = await answered('{ a { colors sizes } }', { a: { colors: values, sizes: values } })
    assert.deepEqual(data, { a: { colors: [null, null, null], sizes: ['OTHER', 'OTHER', 'OTHER'] } })
    assert.deepEqual(
      errors,
      [0, 1, 2].map(
        (index) => `a.colors.${index} UNAVAILABLE The answer of users holds a value that Color does not have.`,
      ),
    )
  })
})

describe('names of Object.prototype', () => {
  it('are absent where an answer does not have them itself', async () => {
    const { data, errors } = await answered('{ a { constructor toString valueOf { must } hidden dug } }', { a: {} })
    assert.deepEqual(data, { a: { constructor: null, toString: null, valueOf: null, hidden: null, dug: null } })
    assert.deepEqual(errors, [])
  })

  it('are read like any other where it does, and make no harm as aliases', async () => {
    const raw = JSON.parse('{"a":{"constructor":1,"toString":2,"__proto__":3}}') as Json
    const { data } = await answered('{ a { constructor toString hidden } }', raw)
    assert.deepEqual(data, { a: { constructor: 1, toString: 2, hidden: 3 } })
    const aliased = await answered('{ a { __proto__: other hasOwnProperty: other } }', { a: { other: 1 } })
    assert.equal(JSON.stringify(aliased.data), '{"a":{"__proto__":1,"hasOwnProperty":1}}')
  })
})

describe('abstract types', () => {
  it('are what the answer says they are, by __typename or by the case of a oneof', async () => {
    const query =
      '{ a { things { __typename ... on Cat { lives } ... on Dog { name } ... on Named { shared: name } } } }'
    const things = [
      { __typename: 'Cat', lives: 9, name: 'Tom' },
      { __typename: 'Dog', name: 'Rex' },
    ]
    assert.deepEqual((await answered(query, { a: { things } })).data, {
      a: {
        things: [
          { __typename: 'Cat', lives: 9, shared: 'Tom' },
          { __typename: 'Dog', name: 'Rex', shared: 'Rex' },
        ],
      },
    })
  })

  it('are an error where the answer says nothing, or what is not among them', async () => {
    const { data, errors } = await answered('{ a { things { __typename } } }', {
      a: { things: [{ lives: 9 }, { __typename: 'Fish' }, 'Cat', { __typename: 'B' }] },
    })
    assert.deepEqual(data, { a: { things: [null, null, null, null] } })
    assert.equal(
      errors[0],
      'a.things.0 UNAVAILABLE A.things should be one of the types of Pet, but users answered something else.',
    )
    assert.equal(errors.length, 4)
  })

  it('read the set case of a oneof, and make the calls below it', async () => {
    const { run, asked } = world({
      sdl: `
        type Query {
          product: Product @grpc(method: "shop.catalog.v1.Catalog/GetProduct", request: { id: "p" })
        }
        type Product { promo: Promo @from(oneof: "promo") }
        union Promo = PercentOff | AmountOff
        type PercentOff { percent: Int label: String @rest(service: "users", get: "/labels/{this.percent}") }
        type AmountOff { amount: Money label: String @rest(service: "users", get: "/amounts/{this.amount.units}") }
        type Money { units: Int64 }`,
      answer: ({ line }) => (line.startsWith('catalog') ? { promo: null, percentOff: { percent: 0 } } : 'ten'),
    })
    const { data } = await run(
      '{ product { promo { __typename ... on PercentOff { percent label } ... on AmountOff { label } } } }',
    )
    assert.deepEqual(data, { product: { promo: { __typename: 'PercentOff', percent: 0, label: 'ten' } } })
    assert.deepEqual(asked, ['catalog GetProduct {"id":"p"}', 'users GET /labels/0'])
  })
})

const schema = `
type Query {
  a: A @rest(service: "users", get: "/", select: "a")
  s: Scalars @rest(service: "users", get: "/")
}
type A {
  b: B
  needed: B!
  other: Int
  text: C
  loose: [B]
  tight: [B!]
  grid: [[Int]]
  tightGrid: [[Int!]]!
  colors: [Color]
  sizes: [Size]
  things: [Pet]
  constructor: Int
  toString: Int
  valueOf: B
  hidden: Int @from(path: "__proto__")
  dug: String @from(path: "constructor.name")
}
type B { must: Int! }
type C { c: Int }
enum Color { RED @from(enum: ["red", "rouge"]) BLUE }
enum Size { BIG @from(enum: ["big"]) OTHER @from(enum: ["*"]) }
interface Named { name: String }
union Pet = Cat | Dog
type Cat implements Named { lives: Int name: String }
type Dog implements Named { name: String }
type Scalars {
  int: Int whole: Int float: Float huge: Float id: ID string: String bool: Boolean
  int64: Int64 uint64: UInt64 decimal: Decimal json: JSON time: DateTime bytes: Bytes
}
`

const answered = async (query: string, answer: Json) => {
  const { data, errors } = await world({ sdl: schema, answer: () => answer }).run(query)
  return { data, errors }
}

const scalars = async (text: string) => {
  const { data, errors } = await answered(
    '{ s { int whole float huge id string bool int64 uint64 decimal json time bytes } }',
    parseLossless(text),
  )
  return {
    data: (data?.['s'] ?? null) as Record<string, unknown> | null,
    errors: errors.map((error) => error.slice(2)),
  }
}
