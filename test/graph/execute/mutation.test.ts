import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Json } from '../../../src/kernel/json.ts'
import { Problem } from '../../../src/kernel/problem.ts'
import { world } from '../support/graph.ts'

describe('a mutation', () => {
  it('runs its root fields one after the other, each with all below it', async () => {
    const { run, asked } = world({ sdl: names, answer: renaming() })
    const { data } = await run(
      'mutation { a: rename(id: 1, name: "Ada") { user { name } tag } b: rename(id: 1, name: "Bob") { tag } }',
    )
    assert.deepEqual(data, { a: { user: { name: 'Ada' }, tag: 'T' }, b: { tag: 'T' } })
    assert.deepEqual(asked, [
      'users POST /names',
      'users GET /users?ids=1',
      'users GET /tag?of=1',
      'users POST /names',
      'users GET /tag?of=1',
    ])
  })

  it('never answers with what was read before a later change', async () => {
    const { run } = world({ sdl: names, answer: renaming() })
    const { data } = await run(
      'mutation { a: rename(id: 1, name: "Ada") { user { name } } b: rename(id: 1, name: "Bob") { user { name } } }',
    )
    assert.deepEqual(data, { a: { user: { name: 'Ada' } }, b: { user: { name: 'Bob' } } })
  })

  it('makes equal changes as often as it is told', async () => {
    const { run, asked } = world({ sdl: names, answer: renaming() })
    await run('mutation { a: rename(id: 1, name: "Ada") { id } b: rename(id: 1, name: "Ada") { id } }')
    assert.deepEqual(asked, ['users POST /names', 'users POST /names'])
  })

  it('goes on after a failed root field that may be null', async () => {
    const { run, asked } = world({
      sdl: names,
      answer: ({ body }) => {
        if (body !== null && typeof body === 'object' && 'name' in body && body.name === '')
          throw new Problem('INVALID_ARGUMENT', 'no name')
        return { id: 1 }
      },
    })
    const { data, errors } = await run(
      'mutation { a: rename(id: 1, name: "") { id } b: rename(id: 1, name: "B") { id } }',
    )
    assert.deepEqual(data, { a: null, b: { id: '1' } })
    assert.deepEqual(errors, ['a INVALID_ARGUMENT no name'])
    assert.equal(asked.length, 2)
  })

  it('has as many root fields as its limits allow, also where functions answer each at once', async () => {
    const { run } = world({
      sdl: 'type Query { a: Int @resolver(fn: "one") } type Mutation { one: Int @resolver(fn: "one") }',
      resolvers: { one: { resolve: () => 1 } },
      answer: () => null,
    })
    const fields = Array.from({ length: 5_000 }, (_, index) => `a${index}: one`)
    const { data, errors } = await run(`mutation { ${fields.join(' ')} }`)
    assert.deepEqual(errors, [])
    assert.equal(Object.keys(data ?? {}).length, fields.length)
  })

  it('sends input as its services spell it, and only what was given', async () => {
    const { run, calls } = world({ sdl: names, answer: () => ({ id: 1 }) })
    await run('mutation { save(input: { firstName: "A", kind: BIG, parts: [{ partId: 1 }], note: null }) { id } }', {
      headers: { 'idempotency-key': 'k-1' },
    })
    assert.deepEqual(calls[0]?.body, { who: { first_name: 'A', kind: 'big', parts: [{ part_id: '1' }], note: null } })
    assert.deepEqual(calls[0]?.headers, { 'idempotency-key': 'k-1' })
    await run('mutation { save { id } }')
    assert.deepEqual(calls[1]?.body, {})
    assert.deepEqual(calls[1]?.headers, {})
  })
})

const names = `
type Query { user(id: ID!): User @load(by: { id: "{args.id}" }) }
type Mutation {
  rename(id: ID!, name: String!): Renamed @rest(service: "users", post: "/names", body: { id: "{args.id}", name: "{args.name}" })
  save(input: Input): Renamed
    @rest(service: "users", put: "/save", body: { who: "{args.input}" }, headers: { name: "Idempotency-Key", value: "{header.Idempotency-Key}" })
}
input Input { firstName: String @from(path: "first_name") kind: Kind parts: [Part!] note: String other: String }
input Part { partId: ID! @from(path: "part_id") }
enum Kind { BIG @from(enum: ["big"]) }
type Renamed {
  id: ID!
  user: User @load(by: { id: "{this.id}" })
  tag: String @rest(service: "users", get: "/tag?of={this.id}")
}
type User @entity(key: "id")
  @rest(service: "users", get: "/users?ids={keys.id|join(',')}", select: "items", batch: { match: "id" }) {
  id: ID!
  name: String
}
`

const renaming = () => {
  let name: Json = 'nobody'
  return ({ line, body }: { line: string; body: Json | undefined }): Json => {
    if (line.startsWith('users GET /tag')) return 'T'
    if (line.startsWith('users GET')) return { items: [{ id: 1, name }] }
    name = (body as { name: Json }).name
    return { id: 1 }
  }
}
