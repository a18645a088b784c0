import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type ExecutionResult, execute } from '../../../src/graph/execute/execute.ts'
import { createKnownAnswers } from '../../../src/graph/sharing/known-answers.ts'
import { frozen } from '../../../src/kernel/frozen.ts'
import type { Json } from '../../../src/kernel/json.ts'
import { Problem } from '../../../src/kernel/problem.ts'
import { type RunOptions, readable, world } from '../support/graph.ts'

describe('known answers', () => {
  it('are written once as long as services give the very same, and every call is made', async () => {
    const { run, asked } = knowing({ '/users/1': ada })
    const results = [await run(user('1')), await run(user('1')), await run(user('1'))]
    assert.equal(asked.length, 3)
    for (const result of results) assert.deepEqual(readable(result).data, { user: { name: 'Ada' } })
    assert.ok(isAgain(results[1], results[2]))
  })

  it('are written anew where a service gives something else, and known again when it is back', async () => {
    const said: Said = { '/users/1': ada }
    const { run } = knowing(said)
    await run(user('1'))
    const before = await run(user('1'))
    said['/users/1'] = grace
    assert.deepEqual(readable(await run(user('1'))).data, { user: { name: 'Grace' } })
    said['/users/1'] = ada
    assert.ok(isAgain(before, await run(user('1'))))
  })

  it('are written anew of what somebody may have changed', async () => {
    const open = { id: '1', name: 'Ada' }
    const { run } = knowing({ '/users/1': open })
    await run(user('1'))
    open.name = 'Countess'
    const result = await run(user('1'))
    assert.deepEqual(readable(result).data, { user: { name: 'Countess' } })
    assert.equal(result.same, undefined)
  })

  it('tell apart what is asked for at each place, though services give the same objects', async () => {
    const said: Said = { '/users/1': ada, '/users/2': grace }
    const { run } = knowing(said)
    const both = 'query ($a: ID!, $b: ID!) { a: user(id: $a) { name } b: user(id: $b) { name } }'
    const names = async (a: string, b: string): Promise<unknown> =>
      readable(await run(both, { variables: { a, b } })).data
    for (let time = 0; time < 2; time += 1) {
      assert.deepEqual(await names('1', '2'), { a: { name: 'Ada' }, b: { name: 'Grace' } })
      assert.deepEqual(await names('2', '1'), { a: { name: 'Grace' }, b: { name: 'Ada' } })
    }
    said['/users/1'] = grace
    said['/users/2'] = ada
    assert.deepEqual(await names('1', '2'), { a: { name: 'Grace' }, b: { name: 'Ada' } })
  })

  it('tell callers apart by the claims that are read', async () => {
    const { run } = knowing({ '/mine?of=a': ada, '/mine?of=g': grace })
    for (const [sub, name] of [
      ['a', 'Ada'],
      ['g', 'Grace'],
      ['a', 'Ada'],
      ['g', 'Grace'],
    ])
      assert.deepEqual(readable(await run('{ mine { name } }', { identity: { claims: { sub } } })).data, {
        mine: { name },
      })
  })

  it('tell documents apart that make the same calls', async () => {
    const { run } = knowing({ '/users/1': ada })
    for (let time = 0; time < 2; time += 1) {
      assert.deepEqual(readable(await run('{ user(id: "1") { id } }')).data, { user: { id: '1' } })
      assert.deepEqual(readable(await run(user('1'))).data, { user: { name: 'Ada' } })
    }
  })

  it('are none where something failed, where rights decide, and where a function is asked', async () => {
    const { run, greeted } = knowing({ '/users/1': ada, '/secret': ada })
    const documents = [
      '{ user(id: "1") { name } gone: user(id: "2") { name } }',
      '{ user(id: "1") { name } secret { name } }',
      '{ user(id: "1") { greeting } }',
    ]
    for (const document of documents)
      for (let time = 0; time < 3; time += 1) assert.equal((await run(document)).same, undefined, document)
    assert.equal(greeted(), 3)
  })
})

const ada = frozen({ id: '1', name: 'Ada' })
const grace = frozen({ id: '2', name: 'Grace' })

const user = (id: string): string => `{ user(id: "${id}") { name } }`

const isAgain = (one: ExecutionResult | undefined, other: ExecutionResult | undefined): boolean =>
  one?.same !== undefined && one.same === other?.same && one.text === other.text

const sdl = `
  type Query {
    user(id: ID!): User @rest(service: "users", get: "/users/{args.id}")
    mine: User @rest(service: "users", get: "/mine?of={claims.sub}")
    secret: User @auth(scopes: [["s"]]) @rest(service: "users", get: "/secret")
  }
  type User { id: ID! name: String greeting: String @resolver(fn: "greet", needs: "{ name }", pure: true) }`

type Said = Record<string, Json>

/** Services give what stands in `said` by path, and have nothing else. */
const knowing = (said: Said) => {
  let greeted = 0
  const greet = (): string => {
    greeted += 1
    return 'Hi'
  }
  const { requestFor, tools, asked } = world({
    sdl,
    resolvers: { greet: { resolve: greet } },
    answer({ line }) {
      const found = said[line.replace('users GET ', '')]
      if (found === undefined) throw new Problem('UNAVAILABLE', 'It is not there.')
      return found
    },
  })
  const answers = createKnownAnswers()
  const plans = new Map<string, ReturnType<typeof requestFor>['plan']>()
  return {
    asked,
    greeted: () => greeted,
    run: async (source: string, options: RunOptions = {}): Promise<ExecutionResult> => {
      const request = requestFor(source, options)
      // A gateway plans a document once.
      const plan = plans.get(source) ?? request.plan
      plans.set(source, plan)
      return execute({ ...request, plan }, { ...tools, answers })
    },
  }
}
