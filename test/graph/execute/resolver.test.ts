import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { connectClients } from '../../../src/graph/execute/clients.ts'
import { execute } from '../../../src/graph/execute/execute.ts'
import type { Resolver, ResolverContext } from '../../../src/graph/execute/resolver.ts'
import { Problem } from '../../../src/kernel/problem.ts'
import type { RestInput } from '../../../src/services/rest/request.ts'
import { holdUp } from '../../support/own-time.ts'
import { connected } from '../../support/sockets.ts'
import { idsIn, readable, world } from '../support/graph.ts'
import { services } from '../support/services.ts'

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
        resolve: async (_parent, args, { load }) => load['User']?.(String(args['id'])),
      },
    })
    const { data } = await run(
      '{ user(id: 1) { a: friend(id: 2) { name } b: friend(id: 3) { name } c: friend(id: 1) { name } } }',
    )
    assert.deepEqual(data, { user: { a: { name: 'user 2' }, b: { name: 'user 3' }, c: { name: 'user 1' } } })
    assert.equal(asked[0], 'users GET /users?ids=1')
    assert.deepEqual(asked.slice(1).flatMap(idsIn).sort(), ['2', '3'])
  })

  it('is cut at the deadline when it hangs, its siblings intact, and its signal aborts', async () => {
    let signal: AbortSignal | undefined
    const answer = await within(20, {
      greet: {
        resolve: (_parent, _args, context) => {
          signal = context.signal
          return new Promise(() => undefined)
        },
      },
    })
    assert.deepEqual(answer.data, { user: { name: 'user 1', greet: null } })
    assert.deepEqual(answer.errors, ['user.greet DEADLINE_EXCEEDED User.greet did not answer in time.'])
    assert.equal(signal?.aborted, true)
  })

  it('is not late where the gateway was, and what it waited for has come', async (t) => {
    const [client, service] = await connected(t)
    const { data } = await within(600, {
      greet: {
        resolve: async () => {
          const come = once(client, 'data')
          service.write('here')
          setImmediate(holdUp, 700)
          return String((await come)[0])
        },
      },
    })
    assert.deepEqual(data, { user: { name: 'user 1', greet: 'here' } })
  })

  it('knows its deadline as a time of day, and needs none', async () => {
    const seen: number[] = []
    const greet: Resolver = {
      resolve: (_parent, _args, { deadline }) => {
        seen.push(deadline)
        return 'Hi'
      },
    }
    await within(60_000, { greet })
    await greeting({ greet }).run('{ user(id: 1) { greet(word: "") } }')
    assert.ok(Math.abs((seen[0] ?? 0) - Date.now() - 60_000) < 5_000, String(seen[0]))
    assert.equal(seen[1], Number.POSITIVE_INFINITY)
  })

  it('is given up when the client leaves', async () => {
    const client = new AbortController()
    const { run } = greeting({
      greet: {
        resolve: (_parent, _args, { signal }) => {
          queueMicrotask(() => client.abort())
          return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('left'))))
        },
      },
    })
    const { errors } = await run('{ user(id: 1) { name greet(word: "") } }', { signal: client.signal })
    assert.deepEqual(errors.length, 1)
  })

  it('that is pure gets nothing of the caller, nor of services', async () => {
    const seen: (readonly string[])[] = []
    const { run } = greeting({
      shout: {
        resolve: (_parent, _args, context) => {
          seen.push(['signal', 'deadline', 'caller', 'load', 'rest', 'grpc'].filter((name) => name in context))
          return 'HI'
        },
      },
    })
    assert.deepEqual((await run('{ user(id: 1) { shout } }')).data, { user: { shout: 'HI' } })
    assert.deepEqual(seen, [['signal', 'deadline']])
  })
})

describe('a resolver that calls services', () => {
  it('asks those it lists, with values encoded and headers of its own, and no others', async () => {
    const { run, sent } = calling(async ({ rest }) => {
      assert.equal(rest['orders'], undefined)
      await rest['users']?.get('/etas', { query: { of: ['a&b', 'c'], none: undefined } })
      return rest['users']?.post('/etas', { ids: [1] }, { headers: { 'X-Kind': 'fast' } })
    })
    assert.deepEqual((await run()).data, { user: { greet: 'POST /etas' } })
    assert.deepEqual(
      sent.map(({ method, path, headers, body }) => [method, path, headers, body]),
      [
        ['GET', '/etas?of=a%26b&of=c', [], undefined],
        ['POST', '/etas', [['X-Kind', 'fast']], { ids: [1] }],
      ],
    )
  })

  it('cannot be led elsewhere by a value it did not encode, nor speak for somebody else', async () => {
    for (const path of ['/a/../b', '//host/a', '/a?b', '/a b', 'a', '/%2e%2e/b', '/a\r\nb']) {
      const { run, sent } = calling(({ rest }) => rest['users']?.get(path))
      assert.match((await run()).errors.join(), /INTERNAL/, path)
      assert.deepEqual(sent, [], path)
    }
    for (const name of ['authorization', 'X-Forwarded-For', 'host', 'a b']) {
      const { run, sent } = calling(({ rest }) => rest['users']?.get('/a', { headers: { [name]: 'x' } }))
      assert.match((await run()).errors.join(), /INTERNAL/, name)
      assert.deepEqual(sent, [], name)
    }
  })

  it('counts against the calls of its operation', async () => {
    const { run, sent } = calling(({ rest }) => Promise.all([1, 2, 3].map(async (n) => rest['users']?.get(`/${n}`))), 3)
    assert.deepEqual((await run()).errors, [
      'user.greet RESOURCE_EXHAUSTED This operation would make more than 3 upstream calls.',
    ])
    assert.deepEqual(sent.length, 2)
  })

  it('fails as its call failed, unless it catches that', async () => {
    const failing = () => {
      throw new Problem('NOT_FOUND', 'Nothing there.', { service: 'users' })
    }
    const { run } = calling(({ rest }) => rest['users']?.get('/a'), 10, failing)
    assert.deepEqual((await run()).errors, ['user.greet NOT_FOUND Nothing there.'])
    const caught = calling(({ rest }) => rest['users']?.get('/a').catch(() => 'else'), 10, failing)
    assert.deepEqual((await caught.run()).data, { user: { greet: 'else' } })
  })

  it('tells of what may have changed once the call is over, failed or not', async () => {
    const reading = calling(({ rest }) => rest['users']?.get('/a'))
    await reading.run()
    assert.equal(reading.changes(), 0)
    const writing = calling(({ rest }) => rest['users']?.delete('/a'))
    await writing.run()
    assert.equal(writing.changes(), 1)
  })
})

/** One operation with a budget of so many milliseconds. */
const within = async (milliseconds: number, resolvers: Readonly<Record<string, Resolver>>) => {
  const { requestFor, tools } = greeting(resolvers)
  const request = requestFor('{ user(id: 1) { name greet(word: "") } }')
  const context = { ...request.context, deadline: tools.clock.now() + milliseconds }
  return readable(await execute({ ...request, context }, tools))
}

type Calls = (context: ResolverContext) => unknown

/** A resolver that may call `users`, which answers by the request's own line. */
const calling = (resolve: Calls, upstreamCalls = 10, answer?: () => never) => {
  const sent: RestInput[] = []
  let changes = 0
  const { requestFor, tools } = greeting({ greet: { resolve: (_parent, _args, context) => resolve(context) } })
  const call = async (input: RestInput) => {
    sent.push(input)
    return { output: answer?.() ?? `${input.method} ${input.path}`, status: 200 }
  }
  const connectors = new Map([...services.keys()].map((name) => [name, { kind: 'rest', call }])) as never
  const clients = connectClients(['users'], {
    services,
    connectors,
    changed: () => {
      changes += 1
    },
  })
  return {
    sent,
    changes: () => changes,
    run: async () =>
      readable(await execute(requestFor('{ user(id: 1) { greet(word: "") } }'), { ...tools, clients, upstreamCalls })),
  }
}

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
        greet(word: String!): String @resolver(fn: "greet", needs: "{ name rank }", calls: ["users"])
        shout: String @resolver(fn: "shout", pure: true)
        friend(id: ID!): User @resolver(fn: "friend")
      }
      enum Rank { HIGH @from(enum: ["h"]) }`,
  })
