import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { world } from '../support/graph.ts'

describe('@auth', () => {
  it('keeps a denied field and all below it from making calls, early starts included', async () => {
    const { run, asked } = world({ sdl: staff, answer: () => ({ id: 1, salary: 5 }) })
    assert.deepEqual(await run('{ person(id: 1) { id reviews } }', { identity: { scopes: new Set(['read']) } }), {
      data: { person: { id: '1', reviews: null } },
      errors: ['person.reviews PERMISSION_DENIED The caller may not see this.'],
      calls: 1,
    })
    assert.deepEqual(asked, ['users GET /people/1'])
    assert.deepEqual(await run('{ person(id: 1) { reviews } }'), {
      data: { person: null },
      errors: ['person UNAUTHENTICATED This needs a caller who is known; send a token.'],
      calls: 0,
    })
  })

  it('guards root fields by the schema’s rule unless they have their own', async () => {
    const { run } = world({ sdl: staff, answer: () => 'x' })
    assert.deepEqual((await run('{ open }')).data, { open: 'x' })
    assert.deepEqual((await run('{ closed }')).errors, [
      'closed UNAUTHENTICATED This needs a caller who is known; send a token.',
    ])
    assert.deepEqual((await run('{ closed }', { identity: { scopes: new Set(['read']) } })).data, { closed: 'x' })
  })

  it('means one of the outer scopes and all of the inner, and claims exactly', async () => {
    const { run } = world({ sdl: staff, answer: () => 'x' })
    const seen = async (scopes: readonly string[], claims = {}) =>
      Object.values((await run('{ either admin }', { identity: { scopes: new Set(scopes), claims } })).data ?? {})
    assert.deepEqual(await seen(['a']), [null, null])
    assert.deepEqual(await seen(['a', 'b']), ['x', null])
    assert.deepEqual(await seen(['c'], { role: 'administrator' }), ['x', null])
    assert.deepEqual(await seen([], { role: 'admin' }), [null, 'x'])
    assert.deepEqual(await seen([], { role: ['user', 'admin'] }), [null, 'x'])
  })

  it('asks by which providers the caller is known, and reads the claims of the first of them', async () => {
    const { run } = world({ sdl: staff, answer: () => 'x' })
    const of = (provider: string, role: string) => ({
      provider,
      subject: 'ada',
      scopes: new Set<string>(),
      claims: { role },
      expiresAt: undefined,
    })
    const seen = async (identity: Parameters<typeof run>[1] & object) =>
      (await run('{ known }', identity)).data?.['known']
    assert.equal(await seen({ identity: of('staff', 'admin') }), 'x')
    assert.equal(await seen({ identity: of('shoppers', 'admin') }), null)
    assert.equal(await seen({ identity: { ...of('device', 'admin'), beside: [of('shoppers', 'user')] } }), 'x')
    assert.equal(await seen({ identity: { ...of('device', 'user'), beside: [of('shoppers', 'admin')] } }), null)
  })

  it('takes one scope for a list of lists, as GraphQL reads it', async () => {
    const { run } = world({ sdl: staff, answer: () => 'x' })
    assert.deepEqual((await run('{ short }', { identity: { scopes: new Set(['a']) } })).data, { short: 'x' })
    assert.deepEqual((await run('{ short }', { identity: { scopes: new Set(['b']) } })).data, { short: null })
  })

  it('on a type guards it wherever it is returned, through unions and interfaces too', async () => {
    const answer = () => [
      { __typename: 'Open', id: 1 },
      { __typename: 'Secret', id: 2 },
    ]
    const { run, asked } = world({ sdl: staff, answer })
    for (const field of ['things', 'nodes']) {
      const { data, errors } = await run(`{ ${field} { __typename ... on Open { id } ... on Secret { id more } } }`)
      assert.deepEqual(data, { [field]: [{ __typename: 'Open', id: '1' }, null] })
      assert.deepEqual(errors, [`${field}.1 UNAUTHENTICATED This needs a caller who is known; send a token.`])
    }
    assert.deepEqual(asked, ['users GET /things', 'users GET /nodes'])
    const { data } = await run('{ things { ... on Secret { id } } }', { identity: { scopes: new Set(['secret']) } })
    assert.deepEqual(data, { things: [{}, { id: '2' }] })
  })

  it('takes a required denied field’s parent with it', async () => {
    const { run } = world({ sdl: staff, answer: () => ({ id: 1, salary: 5 }) })
    assert.deepEqual((await run('{ person(id: 1) { id salary } }', { identity: { scopes: new Set(['read']) } })).data, {
      person: null,
    })
  })
})

const staff = `
schema @auth(scopes: [["read"]]) { query: Query }
type Query {
  person(id: ID!): Person @load(by: { id: "{args.id}" })
  open: String @rest(service: "users", get: "/open") @auth(public: true)
  closed: String @rest(service: "users", get: "/closed")
  either: String @rest(service: "users", get: "/either") @auth(scopes: [["a", "b"], ["c"]])
  short: String @rest(service: "users", get: "/short") @auth(scopes: "a")
  known: String @rest(service: "users", get: "/short") @auth(providers: [["device", "shoppers"], ["staff"]], claims: { role: "admin" })
  admin: String @rest(service: "users", get: "/admin") @auth(claims: { role: "admin" })
  things: [Thing] @listSize(assumedSize: 2) @rest(service: "users", get: "/things") @auth(public: true)
  nodes: [Node] @listSize(assumedSize: 2) @rest(service: "users", get: "/nodes") @auth(public: true)
}
type Person @entity(key: "id") @rest(service: "users", get: "/people/{keys.id}") {
  id: ID!
  salary: Int! @auth(scopes: [["hr"]])
  reviews: String @rest(service: "users", get: "/reviews?of={this.id}") @auth(scopes: [["hr"]])
}
union Thing = Open | Secret
interface Node { id: ID! }
type Open implements Node { id: ID! }
type Secret implements Node @auth(scopes: [["secret"]]) {
  id: ID!
  more: String @rest(service: "users", get: "/more/{this.id}", fanout: 5)
}
`
