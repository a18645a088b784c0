import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Resolver } from '../../../src/graph/execute/resolver.ts'
import { Problem } from '../../../src/kernel/problem.ts'
import { idsIn, world } from '../support/graph.ts'

describe('a resolver', () => {
  it('gets what it needs, selected or not, under the names of the schema', async () => {
    const seen: unknown[] = []
    const { run } = greeting({
      greet: {
        resolve: (parent, args) => {
          seen.push(parent)
          return `${String(args['word'])} ${String(parent['name'])}`
        },
      },
    })
    assert.deepEqual((await run('{ user(id: 1) { greet(word: "Hi") } }')).data, { user: { greet: 'Hi user 1' } })
    assert.deepEqual(seen, [{ name: 'user 1', rank: 'HIGH' }])
  })

  it('is asked once for all parents of its place, and never for none', async () => {
    const asked: number[] = []
    const { run } = greeting({
      greet: {
        resolveMany: (parents) => {
          asked.push(parents.length)
          return parents.map(({ name }) => `Hi ${String(name)}`)
        },
      },
    })
    assert.deepEqual((await run('{ users(ids: [1, 2]) { greet(word: "") } }')).data, {
      users: [{ greet: 'Hi user 1' }, { greet: 'Hi user 2' }],
    })
    assert.deepEqual((await run('{ users(ids: []) { greet(word: "") } }')).data, { users: [] })
    assert.deepEqual(asked, [2])
  })

  it('fails its own field when it throws, and says nothing of an error that is ours', async () => {
    const failing = (error: unknown) =>
      greeting({
        greet: {
          resolve: () => {
            throw error
          },
        },
      }).run('{ user(id: 1) { name greet(word: "") } }')
    assert.deepEqual(await failing(new Problem('ABORTED', 'Not now.')), {
      data: { user: { name: 'user 1', greet: null } },
      errors: ['user.greet ABORTED Not now.'],
      calls: 1,
    })
    assert.deepEqual((await failing(new Error('secret'))).errors, [
      'user.greet INTERNAL The gateway failed to answer this request.',
    ])
  })

  it('fails all parents when it answers for another number of them, and one by an Error in its place', async () => {
    const many = (values: readonly unknown[]) =>
      greeting({ greet: { resolveMany: () => values } }).run('{ users(ids: [1, 2]) { greet(word: "") } }')
    assert.deepEqual((await many(['one'])).errors, [
      'users.0.greet INTERNAL The gateway failed to answer this request.',
      'users.1.greet INTERNAL The gateway failed to answer this request.',
    ])
    assert.deepEqual((await many(['one', new Problem('NOT_FOUND', 'Nobody.')])).errors, [
      'users.1.greet NOT_FOUND Nobody.',
    ])
  })

  it('loads entities batched, sharing what the operation already asked', async () => {
    const { run, asked } = greeting({
      friend: {
        resolve: async (_parent, args, { load }) => load('User').load(String(args['id'])),
      },
    })
    const { data } = await run(
      '{ user(id: 1) { a: friend(id: 2) { name } b: friend(id: 3) { name } c: friend(id: 1) { name } } }',
    )
    assert.deepEqual(data, { user: { a: { name: 'user 2' }, b: { name: 'user 3' }, c: { name: 'user 1' } } })
    assert.equal(asked[0], 'users GET /users?ids=1')
    assert.deepEqual(asked.slice(1).flatMap(idsIn).sort(), ['2', '3'])
  })
})

const greeting = (resolvers: Readonly<Record<string, Resolver>>) =>
  world({
    resolvers,
    answer: ({ line }) => ({ items: idsIn(line).map((id) => ({ id, full_name: `user ${id}`, rank: 'h' })) }),
    sdl: `
      type Query {
        user(id: ID!): User @load(by: { id: "{args.id}" })
        users(ids: [ID!]!): [User] @listSize(slicingArguments: ["ids"]) @load(by: { id: "{args.ids}" })
      }
      type User @entity(key: "id")
        @rest(service: "users", get: "/users?ids={keys.id|join(',')}", select: "items", batch: { match: "id" }) {
        id: ID!
        name: String @from(path: "full_name")
        rank: Rank @internal
        greet(word: String!): String @resolver(fn: "greet", needs: "{ name rank }")
        friend(id: ID!): User @resolver(fn: "friend")
      }
      enum Rank { HIGH @from(enum: ["h"]) }`,
  })
