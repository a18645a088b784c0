import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ExecutionResult } from '../../../src/graph/execute/execute.ts'
import { createSharedOperations } from '../../../src/graph/sharing/operations.ts'
import { Problem } from '../../../src/kernel/problem.ts'
import { Aborter } from '../../../src/kernel/signal.ts'
import { type RunOptions, readable, world } from '../support/graph.ts'

describe('shared operations', () => {
  it('execute identical queries in flight once, whoever asks, where nothing of the caller is read', async () => {
    const { run, asked, open, joined } = sharing()
    const answers = [run('{ news }', { identity: { subject: 'a' } }), run('{ news }', {}), run('{ news }')]
    open()
    const results = await Promise.all(answers)
    assert.deepEqual(asked, ['users GET /news'])
    assert.equal(joined(), 2)
    for (const result of results) assert.deepEqual(readable(result).data, { news: 'GET /news' })
  })

  it('keep apart what differs in a claim, a header or a variable that is read, and in nothing else', async () => {
    const { run, asked, open } = sharing()
    const answers = [
      run('{ mine }', { identity: { claims: { sub: 'a', org: 1 } } }),
      run('{ mine }', { identity: { claims: { sub: 'b', org: 1 } } }),
      run('{ mine }', { identity: { claims: { sub: 'a', org: 2 } } }),
      run('{ local }', { headers: { 'accept-language': 'de', 'x-other': '1' } }),
      run('{ local }', { headers: { 'accept-language': 'de', 'x-other': '2' } }),
      run('{ local }', { headers: {} }),
      run('query ($n: Int) { some(n: $n) }', { variables: { n: 1 } }),
      run('query ($n: Int) { some(n: $n) }', { variables: { n: null } }),
      run('query ($n: Int) { some(n: $n) }', { variables: {} }),
      run('query ($n: Int) { some(n: $n) }', { variables: { n: 1 } }),
    ]
    open()
    await Promise.all(answers)
    assert.deepEqual(asked, [
      'users GET /mine?of=a',
      'users GET /mine?of=b',
      'users GET /local',
      'users GET /local',
      'users GET /some?n=1',
      'users GET /some',
      'users GET /some',
    ])
  })

  it('keep apart callers with other rights, the anonymous among them', async () => {
    const { run, open } = sharing()
    const answers = [
      run('{ secret }', { identity: { scopes: new Set(['s']), subject: 'a' } }),
      run('{ secret }', { identity: { scopes: new Set(['s', 't']), subject: 'b' } }),
      run('{ secret }', { identity: { scopes: new Set() } }),
      run('{ secret }'),
    ]
    open()
    assert.deepEqual(
      (await Promise.all(answers)).map((result) => readable(result).errors),
      [
        [],
        [],
        ['secret PERMISSION_DENIED The caller may not see this.'],
        ['secret UNAUTHENTICATED This needs a caller who is known; send a token.'],
      ],
    )
  })

  it('go on for those who stay when the first one leaves, and are given up with the last', async () => {
    const { run, calls, open } = sharing()
    const [first, second, third] = [new AbortController(), new AbortController(), new AbortController()]
    const gone = run('{ news }', { signal: first.signal })
    const stays = run('{ news }', { signal: second.signal })
    first.abort()
    await assert.rejects(gone, { code: 'CANCELLED' })
    open()
    assert.deepEqual(readable(await stays).data, { news: 'GET /news' })
    const alone = run('{ local }', { signal: third.signal })
    third.abort()
    await assert.rejects(alone, { code: 'CANCELLED' })
    assert.deepEqual(
      calls.map(({ signal }) => signal.aborted),
      [false, true],
    )
  })

  it('ask again for those who have more time than a result was cut for, and run alone for those who have less', async () => {
    const { run, at, asked, fail, open } = sharing()
    const early = run('{ news }', {}, 100)
    const late = run('{ news }', {}, 200)
    const sooner = run('{ news }', {}, 50)
    assert.equal(asked.length, 2, 'who must answer sooner asks for itself')
    at(100)
    fail(new Problem('DEADLINE_EXCEEDED', 'Too late.'))
    assert.deepEqual(readable(await early).errors, ['news DEADLINE_EXCEEDED Too late.'])
    await sooner
    await turn()
    assert.equal(asked.length, 3)
    open()
    assert.deepEqual(readable(await late).errors, [])
  })

  it('share a failure of the service, a timeout of its own included', async () => {
    const { run, asked, fail } = sharing()
    const answers = [run('{ news }', {}, 100), run('{ news }', {}, 200)]
    fail(new Problem('DEADLINE_EXCEEDED', 'Slow.'))
    for (const answer of answers) assert.deepEqual(readable(await answer).errors, ['news DEADLINE_EXCEEDED Slow.'])
    assert.equal(asked.length, 1)
  })

  it('never share a mutation, and answer nobody who asks after one with what began before it', async () => {
    const { run, asked, open, forget } = sharing()
    const writes = [run('mutation { write }'), run('mutation { write }')]
    const before = run('{ news }')
    forget()
    const after = run('{ news }')
    open()
    await Promise.all([...writes, before, after])
    assert.deepEqual(asked, ['users POST /write', 'users POST /write', 'users GET /news', 'users GET /news'])
  })
})

const sdl = `
  type Query {
    news: String @rest(service: "users", get: "/news")
    mine: String @rest(service: "users", get: "/mine?of={claims.sub}")
    local: String
      @rest(service: "users", get: "/local", headers: [{ name: "Accept-Language", value: "{header.accept-language}" }])
    some(n: Int): String @rest(service: "users", get: "/some?n={args.n}")
    secret: String @auth(scopes: [["s"]]) @rest(service: "users", get: "/secret")
  }
  type Mutation { write: String @rest(service: "users", post: "/write") }`

/** What is left to do now is done. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Services answer when they are opened, or fail together. */
const sharing = () => {
  let now = 0
  let joined = 0
  let waiting: { readonly answer: () => void; readonly fail: (problem: Problem) => void }[] = []
  const clock = { now: () => now, date: () => 0 }
  const operations = createSharedOperations(clock)
  const { requestFor, tools, asked, calls } = world({
    sdl,
    answer: ({ line }) =>
      new Promise((resolve, reject) =>
        waiting.push({ answer: () => resolve(line.replace('users ', '')), fail: reject }),
      ),
  })
  const plans = new Map<string, ReturnType<typeof requestFor>['plan']>()
  return {
    asked,
    calls,
    joined: () => joined,
    forget: () => operations.forget(),
    at: (milliseconds: number) => {
      now = milliseconds
    },
    open: () => {
      for (const { answer } of waiting) answer()
      waiting = []
    },
    fail: (problem: Problem) => {
      for (const one of waiting) one.fail(problem)
      waiting = []
    },
    /** Never waits before the services are asked. */
    run: (source: string, options: RunOptions = {}, deadline = Number.POSITIVE_INFINITY): Promise<ExecutionResult> => {
      const request = requestFor(source, options)
      // A gateway plans a document once.
      const plan = plans.get(source) ?? request.plan
      plans.set(source, plan)
      const context = { ...request.context, signal: options.signal ?? new Aborter(), deadline }
      return operations.execute({ ...request, plan, context }, tools, () => {
        joined += 1
      })
    },
  }
}
