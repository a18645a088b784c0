import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { execute } from '../../../src/graph/execute/execute.ts'
import type { Json } from '../../../src/kernel/json.ts'
import { Problem } from '../../../src/kernel/problem.ts'
import { type Answer, idsIn, readable, world } from '../support/graph.ts'

describe('calls that need nothing of each other', () => {
  it('are all made before any has answered', async () => {
    const gate = Promise.withResolvers<Json>()
    const { run, asked } = world({ sdl: people, answer: () => gate.promise })
    const result = run('{ user(id: 1) { name posts { title } } other: user(id: 2) { name } news { title } }')
    assert.deepEqual(asked, ['users GET /posts?by=1', 'users GET /news', 'users GET /users?ids=1,2'])
    gate.resolve({ items: [] })
    assert.equal((await result).calls, 3)
  })

  it('wait for their own parent only, not for the slowest of its level', async () => {
    const slow = Promise.withResolvers<Json>()
    const { run, asked } = world({
      sdl: people,
      answer: async ({ line }) =>
        line === 'users GET /slow'
          ? slow.promise
          : line === 'users GET /news'
            ? [{ title: 'a', authorId: 1 }]
            : found(line),
    })
    const result = run('{ slow news { author { name } } }')
    await Promise.resolve().then(() => undefined)
    while (asked.length < 3) await Promise.resolve()
    assert.deepEqual(asked, ['users GET /slow', 'users GET /news', 'users GET /users?ids=1'])
    slow.resolve('done')
    assert.deepEqual((await result).data, { slow: 'done', news: [{ author: { name: 'user 1' } }] })
  })
})

describe('a batch', () => {
  it('asks for each key once, in chunks, and matches by key whatever the order', async () => {
    const { run, asked } = world({ sdl: people, answer: backwards })
    const { data } = await run('{ users(ids: [1, 2, 3, 2, 1, 4]) { id name } }')
    assert.deepEqual(asked, ['users GET /users?ids=1,2,3', 'users GET /users?ids=4'])
    assert.deepEqual(
      data?.['users'],
      [1, 2, 3, 2, 1, 4].map((id) => ({ id: `${id}`, name: `user ${id}` })),
    )
  })

  it('makes null of keys the service does not know, and of null keys without asking', async () => {
    const { run, asked } = world({ sdl: people, answer: ({ line }) => found(line, ['2']) })
    const { data, errors } = await run('{ users(ids: [1, null, 2]) { id } }')
    assert.deepEqual({ data, errors }, { data: { users: [{ id: '1' }, null, null] }, errors: [] })
    assert.deepEqual(asked, ['users GET /users?ids=1,2'])
    assert.deepEqual((await run('{ users(ids: [null]) { id } }')).data, { users: [null] })
    assert.equal(asked.length, 1)
  })

  it('fails the one key that does not fit, not its neighbours', async () => {
    const { run, asked } = world({ sdl: people, answer: backwards })
    const { data, errors } = await run('{ users(ids: [1, "a,b", 2]) { id } }')
    assert.deepEqual(data, { users: [{ id: '1' }, null, { id: '2' }] })
    assert.deepEqual(errors, ['users.1 INVALID_ARGUMENT A value of {keys.id|join(\',\')} must not contain ",".'])
    assert.deepEqual(asked, ['users GET /users?ids=1,2'])
  })

  it('fails a key that is answered twice, and says when there is no list at all', async () => {
    const twice = world({ sdl: people, answer: () => ({ items: [{ id: 1 }, { id: 1 }, { id: 2 }] }) })
    assert.deepEqual((await twice.run('{ users(ids: [1, 2]) { id } }')).errors, [
      'users.0 UNAVAILABLE Service users answered twice for one key.',
    ])
    const none = world({ sdl: people, answer: () => ({ item: [] }) })
    assert.deepEqual((await none.run('{ user(id: 1) { id } }')).errors, [
      'user UNAVAILABLE Service users answered without the list that was expected.',
    ])
  })

  it('shares keys between all places of an operation, and asks ids as strings', async () => {
    const { run, asked } = world({
      sdl: people,
      answer: ({ line }) => (line === 'users GET /news' ? [{ authorId: 7, editorIds: [7, 8] }] : found(line)),
    })
    const { data } = await run('{ user(id: 7) { name } news { author { name } editors { id } } }')
    assert.deepEqual(data, {
      user: { name: 'user 7' },
      news: [{ author: { name: 'user 7' }, editors: [{ id: '7' }, { id: '8' }] }],
    })
    assert.deepEqual(asked, ['users GET /news', 'users GET /users?ids=7', 'users GET /users?ids=8'])
  })

  it('holds the keys of all root fields, chunked, and what hangs on them is one batch too', async () => {
    const { run, asked } = world({
      sdl: people,
      answer: ({ line }) => (line.startsWith('users GET /tags') ? [{ user: 2, tag: 'x' }] : found(line)),
    })
    const { data, calls } = await run(
      '{ a: user(id: 1) { name tags { tag } } b: user(id: 2) { tags { tag } } some: users(ids: [3, 2]) { id } c: user(id: 4) { id } }',
    )
    assert.deepEqual(data, {
      a: { name: 'user 1', tags: [] },
      b: { tags: [{ tag: 'x' }] },
      some: [{ id: '3' }, { id: '2' }],
      c: { id: '4' },
    })
    assert.deepEqual(asked, ['users GET /users?ids=1,2,3', 'users GET /tags?ids=1,2', 'users GET /users?ids=4'])
    assert.equal(calls, 3)
  })

  it('holds the keys of all fields of one object, each field with its own failure', async () => {
    const { run, asked } = world({
      sdl: people,
      answer: ({ line }) => (line === 'users GET /news' ? [{ authorId: 'a,b', editorIds: [7, 8] }] : found(line)),
    })
    const { data, errors } = await run('{ news { author { name } editors { id } } }')
    assert.deepEqual(data, { news: [{ author: null, editors: [{ id: '7' }, { id: '8' }] }] })
    assert.deepEqual(errors.length, 1)
    assert.deepEqual(asked, ['users GET /news', 'users GET /users?ids=7,8'])
  })

  it('that may not be made any more fails for all who waited to be in it', async () => {
    const { run, asked } = world({ sdl: people, answer: ({ line }) => found(line), upstreamCalls: 1 })
    const { data, errors } = await run('{ news { title } a: user(id: 1) { id } b: user(id: 2) { id } }')
    assert.deepEqual([data?.['a'], data?.['b']], [null, null])
    assert.deepEqual(
      errors.filter((error) => error.includes('RESOURCE_EXHAUSTED')).map((error) => error.split(' ')[0]),
      ['a', 'b'],
    )
    assert.deepEqual(asked, ['users GET /news'])
  })

  it('leaves room for the steps to come before it is tried again, and for none that the caller may not see', async () => {
    const sdl = `type Query { first: First @rest(service: "users", get: "/first") }
      type First {
        id: ID
        second: Second @rest(service: "users", get: "/second")
        secret: Second @rest(service: "users", get: "/secret") @auth(scopes: [["staff"]])
      }
      type Second { id: ID }`
    const taken = async (upstreamCalls: number): Promise<unknown> => {
      const tries: unknown[] = []
      const { run } = world({
        sdl,
        upstreamCalls,
        answer({ line, takeTry }) {
          if (line === 'users GET /first') tries.push(takeTry?.(), takeTry?.())
          return { id: line }
        },
      })
      const { data } = await run('{ first { second { id } secret { id } } }')
      assert.deepEqual(data, { first: { second: { id: 'users GET /second' }, secret: null } })
      return tries
    }
    assert.deepEqual(await taken(2), [false, false])
    assert.deepEqual(await taken(3), [true, false])
  })

  it('groups items by key for a list, and gives an empty list to keys without any', async () => {
    const { run, asked } = world({
      sdl: people,
      answer: ({ line }) =>
        line.startsWith('users GET /tags')
          ? [
              { user: 2, tag: 'x' },
              { user: 1, tag: 'y' },
              { user: 2, tag: 'z' },
            ]
          : found(line),
    })
    const { data } = await run('{ users(ids: [1, 2, 3]) { tags { tag } } }')
    assert.deepEqual(data, { users: [{ tags: [{ tag: 'y' }] }, { tags: [{ tag: 'x' }, { tag: 'z' }] }, { tags: [] }] })
    assert.deepEqual(asked, ['users GET /users?ids=1,2,3', 'users GET /tags?ids=1,2,3'])
  })

  it('takes the items of a group, and fails a group that comes twice rather than losing one', async () => {
    const { run } = world({
      sdl: people,
      answer: ({ line }) =>
        line.startsWith('users GET /groups')
          ? [{ of: 1, members: ['a'] }, { of: 2, members: ['b'] }, { of: 2, members: ['c'] }, { of: 3 }]
          : found(line),
    })
    const { data, errors } = await run('{ users(ids: [1, 2, 3]) { groups } }')
    assert.deepEqual(data, { users: [{ groups: ['a'] }, { groups: null }, { groups: [] }] })
    assert.deepEqual(errors, ['users.1.groups UNAVAILABLE Service users answered twice for one key.'])
  })

  it('fails the keys of a failing chunk only', async () => {
    const { run } = world({
      sdl: people,
      answer: ({ line }) => {
        if (line.includes('4')) throw new Problem('UNAVAILABLE', 'down')
        return found(line)
      },
    })
    const { data, errors } = await run('{ users(ids: [1, 2, 3, 4]) { id } }')
    assert.deepEqual(data, { users: [{ id: '1' }, { id: '2' }, { id: '3' }, null] })
    assert.deepEqual(errors, ['users.3 UNAVAILABLE down'])
  })
})

describe('an early start', () => {
  it('asks again where the entity turns out to bear another id', async () => {
    const { run, asked } = world({
      sdl: people,
      answer: ({ line }) => {
        if (line.startsWith('users GET /posts')) return [{ title: `by ${line.slice(-2)}` }]
        return { items: idsIn(line).map((id) => ({ id, canonicalId: id === 'me' ? '42' : id })) }
      },
    })
    const { data } = await run('{ alias(id: "me") { id posts { title } } }')
    assert.deepEqual(data, { alias: { id: '42', posts: [{ title: 'by 42' }] } })
    assert.deepEqual(asked, ['users GET /aliases?ids=me', 'users GET /posts?by=me', 'users GET /posts?by=42'])
  })

  it('is not waited for when its parent is null, and is aborted', async () => {
    const { run, calls } = world({
      sdl: people,
      answer: ({ line }) => (line.startsWith('users GET /posts') ? new Promise<Json>(() => {}) : { items: [] }),
    })
    assert.deepEqual((await run('{ user(id: 1) { posts { title } } }')).data, { user: null })
    assert.deepEqual(
      calls.map(({ line, signal }) => [line, signal.aborted]),
      [
        ['users GET /users?ids=1', true],
        ['users GET /posts?by=1', true],
      ],
    )
  })

  it('reaches through entities that are loaded by the same key', async () => {
    const gate = Promise.withResolvers<Json>()
    const { run, asked } = world({ sdl: people, answer: () => gate.promise })
    const result = run('{ user(id: 1) { profile { photo } } }')
    assert.deepEqual(asked, ['users GET /users?ids=1', 'users GET /profiles/1', 'users GET /photos?of=1'])
    gate.reject(new Problem('UNAVAILABLE', 'down'))
    assert.deepEqual((await result).errors, ['user UNAVAILABLE down'])
  })
})

describe('fanout', () => {
  it('makes equal calls once, and refuses parents past its bound in the order of the document', async () => {
    const { run, asked } = world({
      sdl: people,
      answer: ({ line }) =>
        line === 'users GET /news' ? ['b', 'a', 'c', 'd'].map((title) => ({ title })) : `likes of ${line.slice(-1)}`,
    })
    const { data, errors } = await run('{ news { likes } }')
    assert.deepEqual(data, {
      news: [{ likes: 'likes of b' }, { likes: 'likes of a' }, { likes: 'likes of c' }, { likes: null }],
    })
    assert.deepEqual(errors, [
      'news.3.likes RESOURCE_EXHAUSTED NewsItem.likes is asked for more than 3 parents at once.',
    ])
    assert.equal(asked.length, 4)
  })

  it('counts only parents that have what the call needs', async () => {
    const { run } = world({
      sdl: people,
      answer: ({ line }) =>
        line === 'users GET /news' ? [{}, { title: 'a' }, { title: null }, { title: 'a' }, { title: 'b' }] : 'x',
    })
    const { data, errors } = await run('{ news { likes } }')
    assert.deepEqual(
      data?.['news'],
      [null, 'x', null, 'x', 'x'].map((likes) => ({ likes })),
    )
    assert.deepEqual(errors, [])
  })
})

describe('what is not found', () => {
  it('is a plain null where null may stand, and an error where it may not', async () => {
    const answer: Answer = () => {
      throw new Problem('NOT_FOUND', 'users has no such thing.')
    }
    const { run } = world({ sdl: people, answer })
    assert.deepEqual(await run('{ slow }'), { data: { slow: null }, errors: [], calls: 1 })
    assert.deepEqual(await run('{ sure }'), {
      data: null,
      errors: ['sure NOT_FOUND users has no such thing.'],
      calls: 1,
    })
    assert.deepEqual(await run('{ strict }'), {
      data: { strict: null },
      errors: ['strict NOT_FOUND users has no such thing.'],
      calls: 1,
    })
  })
})

describe('the bound on upstream calls', () => {
  it('refuses the calls past it and counts those made', async () => {
    const { run, asked } = world({ sdl: people, answer: ({ line }) => found(line), upstreamCalls: 2 })
    const { data, errors, calls } = await run('{ users(ids: [1, 2, 3, 4, 5, 6, 7]) { id } }')
    assert.deepEqual(data, { users: [...[1, 2, 3, 4, 5, 6].map((id) => ({ id: `${id}` })), null] })
    assert.deepEqual(errors, ['users.6 RESOURCE_EXHAUSTED This operation would make more than 2 upstream calls.'])
    assert.deepEqual({ calls, asked: asked.length }, { calls: 2, asked: 2 })
  })
})

describe('a client that goes away', () => {
  it('aborts the calls under way', async () => {
    const gone = new AbortController()
    const { run, calls } = world({
      sdl: people,
      answer: ({ signal }) =>
        new Promise<Json>((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Problem('CANCELLED', 'gone')))
        }),
    })
    const result = run('{ user(id: 1) { posts { title } } slow }', { signal: gone.signal })
    gone.abort()
    assert.deepEqual((await result).errors, ['user CANCELLED gone', 'slow CANCELLED gone'])
    assert.ok(calls.every(({ signal }) => signal.aborted))
  })
})

describe('an argument that a null variable leaves without a value', () => {
  it('is the failure of its own field', async () => {
    const { requestFor, tools, asked } = world({ sdl: people, answer: ({ line }) => found(line) })
    const request = requestFor(
      'query ($id: ID = 1, $n: Int = 1) { user(id: $id) { id top(n: $n) } other: user(id: 2) { id } }',
      {
        variables: { id: null },
      },
    )
    const { data, errors } = readable(await execute(request, tools))
    assert.deepEqual(data, { user: null, other: { id: '2' } })
    assert.deepEqual(errors, ['user INVALID_ARGUMENT Argument "id" of non-null type "ID!" must not be null.'])
    assert.deepEqual(asked, ['users GET /users?ids=2'])
  })

  it('keeps a child from starting early, not its parent', async () => {
    const { run, asked } = world({ sdl: people, answer: ({ line }) => found(line) })
    const { data, errors } = await run('query ($n: Int = 1) { user(id: 1) { id top(n: $n) } }', {
      variables: { n: null },
    })
    assert.deepEqual(data, { user: { id: '1', top: null } })
    assert.deepEqual(errors, ['user.top INVALID_ARGUMENT Argument "n" of non-null type "Int!" must not be null.'])
    assert.deepEqual(asked, ['users GET /users?ids=1'])
  })
})

const people = `
type Query {
  user(id: ID!): User @load(by: { id: "{args.id}" })
  users(ids: [ID]!): [User] @listSize(slicingArguments: ["ids"]) @load(by: { id: "{args.ids}" })
  alias(id: ID!): Alias @load(by: { id: "{args.id}" })
  news: [NewsItem] @listSize(assumedSize: 3) @rest(service: "users", get: "/news")
  slow: String @rest(service: "users", get: "/slow")
  sure: String! @rest(service: "users", get: "/sure")
  strict: String @rest(service: "users", get: "/strict", notFound: ERROR)
}
type User @entity(key: "id")
  @rest(service: "users", get: "/users?ids={keys.id|join(',')}", select: "items", batch: { match: "id", max: 3 }) {
  id: ID!
  name: String
  posts: [Post] @rest(service: "users", get: "/posts?by={this.id}", fanout: 5)
  tags: [Tag] @rest(service: "users", get: "/tags?ids={keys.id|join(',')}", batch: { match: "user" })
  groups: [String] @rest(service: "users", get: "/groups?ids={keys.id|join(',')}", batch: { match: "of", items: "members" })
  top(n: Int!): [Post] @rest(service: "users", get: "/top?by={this.id}&n={args.n}", fanout: 5)
  profile: Profile @load(by: { userId: "{this.id}" })
}
type Profile @entity(key: "userId") @rest(service: "users", get: "/profiles/{keys.userId}", fanout: 5) {
  userId: ID!
  photo: String @rest(service: "users", get: "/photos?of={this.userId}", fanout: 5)
}
type Alias @entity(key: "id")
  @rest(service: "users", get: "/aliases?ids={keys.id|join(',')}", select: "items", batch: { match: "id" }) {
  id: ID! @from(path: "canonicalId")
  posts: [Post] @rest(service: "users", get: "/posts?by={this.id}")
}
type Post {
  title: String
}
type Tag {
  tag: String
}
type NewsItem {
  title: String
  authorId: ID @internal
  editorIds: [ID!] @internal
  author: User @load(by: { id: "{this.authorId}" })
  editors: [User] @load(by: { id: "{this.editorIds}" }) @listSize(assumedSize: 2)
  likes: String @rest(service: "users", get: "/likes?of={this.title}", fanout: 3)
}
`

/** Users by the ids a line asks for, with numbers for ids as many services write them. */
const found = (line: string, except: readonly string[] = []): Json => ({
  items: idsIn(line)
    .filter((id) => !except.includes(id))
    .map((id) => ({ id: Number(id), name: `user ${id}` })),
})

const backwards: Answer = ({ line }) => ({ items: (found(line) as { items: Json[] }).items.toReversed() })
