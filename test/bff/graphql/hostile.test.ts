import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { layWorkspace, startGateway, type TestGateway, type TestWorkspace } from '../../support/gateway.ts'
import { ownMs } from '../../support/own-time.ts'

type Answer = { readonly status: number; readonly errors: readonly Wrong[]; readonly bytes: number }
type Wrong = {
  readonly message: string
  readonly extensions: { readonly code: string; readonly limit?: { name: string; found: number; max: number } }
}

/** Far more than any of these takes (some milliseconds), far less than what unbounded work would. */
const soonMs = 3_000

describe('hostile GraphQL requests', () => {
  it('of 5,000 aliases are refused with the figures', async () => {
    const { errors } = await ask('/wide', { query: `{ ${repeat(5_000, (index) => `a${index}: word`)} }` })
    assert.deepEqual(
      errors.map(({ extensions }) => [extensions.code, extensions.limit]),
      [
        ['RESOURCE_EXHAUSTED', { name: 'aliases', found: 5_000, max: 30 }],
        ['RESOURCE_EXHAUSTED', { name: 'rootFields', found: 5_000, max: 20 }],
        ['RESOURCE_EXHAUSTED', { name: 'fields', found: 5_000, max: 2_000 }],
      ],
    )
  })

  it('of 1,001 logins in one mutation try none', async () => {
    const query = `mutation { ${repeat(1_001, (index) => `a${index}: login(password: "${index}")`)} }`
    for (const [path, code] of [
      ['/usual', 'INVALID_ARGUMENT'],
      ['/wide', 'RESOURCE_EXHAUSTED'],
    ] as const) {
      const { errors } = await ask(path, { query })
      assert.equal(errors[0]?.extensions.code, code)
      assert.ok(errors.every(({ message }) => !message.includes('Service words')))
    }
  })

  it('of 10,000 fragments or directives, and of long comments, are over soon', async () => {
    const fragments = repeat(10_000, (index) => `fragment F${index} on Node { word }`)
    for (const query of [
      `{ __typename } ${fragments}`,
      `{ __typename ${'@skip(if: false) '.repeat(10_000)} }`,
      `{ __typename ${'@nope '.repeat(10_000)} }`,
      `query (${repeat(10_000, (index) => `$v${index}: Int`)}) { __typename }`,
      `#${'x'.repeat(1_000_000)}\n{ nope }`,
      `${','.repeat(1_000_000)}{ nope }`,
      `{ count(n: ${'9'.repeat(500_000)}) }`,
      `{ count(j: ${'['.repeat(5_000)}${']'.repeat(5_000)}) }`,
    ])
      for (const path of ['/usual', '/wide']) {
        const { errors, bytes } = await ask(path, { query })
        assert.ok(errors.length >= 1 && errors.length <= 21, query.slice(0, 40))
        assert.ok(bytes < 20_000, `${bytes} bytes for ${query.slice(0, 40)}`)
      }
  })

  it('of 10,000 levels are refused, whether tokens are bounded or not', async () => {
    const query = `${'{ self '.repeat(10_000)}${'}'.repeat(10_000)}`
    for (const path of ['/usual', '/wide']) {
      const { status, errors } = await ask(path, { query })
      assert.equal(status, 200)
      assert.equal(errors.length, 1)
    }
    const deep = `{ ${'self { '.repeat(500)} word ${'}'.repeat(500)} }`
    const { errors } = await ask('/wide', { query: deep })
    assert.deepEqual(errors[0]?.extensions.limit, { name: 'depth', found: 501, max: 12 })
  })

  it('of fragments that double each other are refused, not expanded', async () => {
    const fragments = repeat(
      60,
      (index) => `fragment F${index} on Node { ...F${index + 1} ...F${index + 1} self { word } }`,
    )
    const { errors } = await ask('/wide', { query: `{ self { ...F0 } } ${fragments} fragment F60 on Node { word }` })
    assert.ok(errors.some(({ extensions }) => extensions.limit?.name === 'fields'))
  })

  it('of few tokens that stand for millions of fields are refused', async () => {
    const query = `{ self { ...F0 } } ${repeat(
      9,
      (index) =>
        `fragment F${index} on Node { self { ...F${index + 1} } twin { ...F${index + 1} } third { ...F${index + 1} } fourth { ...F${index + 1} } fifth { ...F${index + 1} } }`,
    )} fragment F9 on Node { word }`
    const { errors } = await ask('/usual', { query })
    const [wrong] = errors
    assert.equal(wrong?.extensions.limit?.name, 'fields')
    assert.ok((wrong?.extensions.limit?.found ?? 0) > 1_000_000)
  })

  it('of fragments in a circle are refused', async () => {
    const { errors } = await ask('/usual', {
      query: '{ self { ...A } } fragment A on Node { self { ...B } } fragment B on Node { self { ...A } }',
    })
    assert.match(errors[0]?.message ?? '', /Cannot spread fragment/)
  })

  it('of many directives at one place are refused', async () => {
    const { errors } = await ask('/usual', { query: `{ word ${'@include(if: true) '.repeat(50)} }` })
    assert.ok(errors.some(({ extensions }) => extensions.limit?.name === 'directives'))
  })

  it('of introspection that goes round in circles are refused', async () => {
    const query = `{ __schema { types { ${'fields { type { '.repeat(20)} name ${'} }'.repeat(20)} } } }`
    const { errors } = await ask('/usual', { query })
    assert.match(errors[0]?.message ?? '', /introspection depth/i)
  })

  it('with huge or deep variables are answered in few words', async () => {
    const query = 'query ($n: Int, $j: JSON, $f: Filter) { count(n: $n, j: $j, f: $f) }'
    const deep = (depth: number, inner: string) => `${'['.repeat(depth)}${inner}${']'.repeat(depth)}`
    const bodies = [
      JSON.stringify({ query, variables: { n: 'x'.repeat(500_000) } }),
      `{"query":${JSON.stringify(query)},"variables":{"f":${deep(100_000, '')}}}`,
      `{"query":${JSON.stringify(query)},"variables":{"n":${deep(100_000, '1.10')}}}`,
      `{"query":${JSON.stringify(query)},"variables":{"f":${'{"and":'.repeat(50_000)}null${'}'.repeat(50_000)}}}`,
      `{"query":${JSON.stringify(query)},"variables":{"f":[${repeat(50_000, () => '{"nope":1}').replaceAll(' ', ',')}]}}`,
    ]
    for (const body of bodies) {
      const { status, errors, bytes } = await ask('/usual', body)
      assert.ok(status === 200 || status === 400, `${status} for ${body.slice(0, 120)}`)
      assert.ok(errors.length >= 1 && errors.length <= 21)
      assert.ok(bytes < 20_000, `${bytes} bytes`)
    }
  })

  it('with values of wrong types name no word of the schema that was not asked', async () => {
    const { errors } = await ask('/hidden', {
      query: 'query ($f: Filter) { count(f: $f) }',
      variables: { f: { an: null } },
    })
    assert.match(errors[0]?.message ?? '', /Field "an" is not defined/)
    assert.doesNotMatch(errors[0]?.message ?? '', /Did you mean/)
    const shown = await ask('/usual', { query: 'query ($f: Filter) { count(f: $f) }', variables: { f: { an: null } } })
    assert.match(shown.errors[0]?.message ?? '', /Did you mean "and"/)
  })
})

const repeat = (times: number, text: (index: number) => string): string =>
  Array.from({ length: times }, (_, index) => text(index)).join(' ')

const ask = async (path: string, body: object | string): Promise<Answer> => {
  const [prefix, gateway] = path === '/wide' ? ['/usual', wide] : [path, usual]
  const asked = fetch(`${gateway.url}${prefix}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  assert.ok((await ownMs(asked)) < soonMs, 'It took too long.')
  const reply = await asked
  const text = await reply.text()
  const { errors } = JSON.parse(text) as { errors: Answer['errors'] }
  return { status: reply.status, errors, bytes: text.length }
}

const yaml = (limits: string): string => `listen: 127.0.0.1:0
${limits}
services:
  words: { rest: "http://127.0.0.1:1", identity: none }
bffs:
  usual: { prefix: /usual, schema: schema.graphql, introspection: true, suggestions: true }
  hidden: { prefix: /hidden, schema: schema.graphql }
`

const sdl = `type Query {
  word: String @rest(service: "words", get: "/word")
  self: Node @rest(service: "words", get: "/node")
  count(n: Int, j: JSON, f: Filter): Int @rest(service: "words", get: "/count")
}
type Mutation { login(password: String): String @rest(service: "words", post: "/login") }
type Node { word: String self: Node twin: Node third: Node fourth: Node fifth: Node }
input Filter { and: Filter n: Int }
`

let folders: readonly TestWorkspace[]
let usual: TestGateway
let wide: TestGateway
before(async () => {
  folders = await Promise.all(
    ['', 'limits: { tokens: 1000000 }'].map((limits) =>
      layWorkspace({ 'portico.yaml': yaml(limits), 'schema.graphql': sdl }),
    ),
  )
  usual = await startGateway(folders[0]?.dir ?? '')
  wide = await startGateway(folders[1]?.dir ?? '')
})
after(async () => {
  await Promise.all([usual.close(), wide.close()])
  await Promise.all(folders.map((folder) => folder.remove()))
})
