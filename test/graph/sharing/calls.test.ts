import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Invoke } from '../../../src/graph/execute/loads.ts'
import { createSharedCalls } from '../../../src/graph/sharing/calls.ts'
import { createSharing } from '../../../src/graph/sharing/sharing.ts'
import type { Caller } from '../../../src/kernel/caller.ts'
import type { Json } from '../../../src/kernel/json.ts'
import { Problem } from '../../../src/kernel/problem.ts'
import { Aborter } from '../../../src/kernel/signal.ts'
import type { CallContext, Reply } from '../../../src/services/call.ts'
import type { IdentityHeaderNames } from '../../../src/services/identity/headers.ts'
import { graphOf } from '../support/graph.ts'

describe('shared calls', () => {
  it('make identical calls in flight once, and count those that joined', async () => {
    const { ask, calls, shared } = service()
    const answers = [ask({ authorization: 'a' }), ask({ authorization: 'b', traceparent: 't' })]
    calls[0]?.answer({ ok: true })
    const [one, other] = await Promise.all(answers)
    assert.equal(calls.length, 1)
    assert.deepEqual(one?.output, { ok: true })
    assert.equal(one?.output, other?.output)
    assert.deepEqual(shared, ['users'])
  })

  it('freeze what several get, to its last member, and leave alone what one gets', async () => {
    const { ask, calls } = service()
    const answers = [ask(), ask()]
    calls[0]?.answer({ list: [{ deep: {} }] })
    const [one] = await Promise.all(answers)
    assert.ok(Object.isFrozen((one as unknown as { output: { list: { deep: object }[] } }).output.list[0]?.deep))
    const alone = ask()
    calls[1]?.answer({})
    assert.ok(!Object.isFrozen((await alone).output))
  })

  it('keep callers apart whose credentials the service gets, none and empty ones included', async () => {
    const { ask, calls } = service({ forwards: true })
    const all = [{ authorization: 'a' }, { authorization: 'b' }, { authorization: '' }, {}, { authorization: 'a' }]
    const answers = all.map((forward) => ask(forward))
    assert.equal(calls.length, 4)
    for (const call of calls) call.answer(call.context.forward.authorization ?? null)
    assert.deepEqual(
      (await Promise.all(answers)).map(({ output }) => output),
      ['a', 'b', '', null, 'a'],
    )
  })

  it('keep callers apart of whom the service is told different things', async () => {
    const { ask, calls } = service({ told: { 'x-user': 'subject', 'x-plan': 'plan' } })
    const callers = [['a'], ['b'], ['a', 'x-plan b'], ['a'], []].map(([subject, plan]) => callerOf(subject, plan))
    const answers = callers.map((caller) => ask({}, { caller }))
    assert.equal(calls.length, 4)
    for (const call of calls) call.answer(call.context.caller.identity?.subject ?? null)
    assert.deepEqual(
      (await Promise.all(answers)).map(({ output }) => output),
      ['a', 'b', 'a', 'a', null],
    )
  })

  it('ask anew once the answer is there: nothing is kept', async () => {
    const { ask, calls } = service()
    for (const count of [1, 2]) {
      const answer = ask()
      calls[count - 1]?.answer(count)
      assert.equal((await answer).output, count)
    }
  })

  it('outlive the one who began them, and are aborted when the last has left', async () => {
    const { ask, calls } = service()
    const [first, second] = [new Aborter(), new Aborter()]
    const answers = [ask({}, { signal: first }), ask({}, { signal: second })]
    first.abort()
    await assert.rejects(answers[0] as Promise<Reply>, { code: 'CANCELLED' })
    assert.equal(calls[0]?.context.signal.aborted, false)
    second.abort()
    await assert.rejects(answers[1] as Promise<Reply>, { code: 'CANCELLED' })
    assert.equal(calls[0]?.context.signal.aborted, true)
    void ask()
    assert.equal(calls.length, 2, 'nobody joins a call that was given up')
  })

  it('let each who waits leave at its own deadline', async () => {
    const { ask, calls } = service()
    const late = ask({}, { deadline: 1_000_000 })
    const soon = ask({}, { deadline: 10 })
    await assert.rejects(soon, { code: 'DEADLINE_EXCEEDED', service: 'users' })
    assert.equal(calls[0]?.context.signal.aborted, false)
    calls[0]?.answer('in time')
    assert.equal((await late).output, 'in time')
    await assert.rejects(ask({}, { deadline: 0 }), { code: 'DEADLINE_EXCEEDED' })
    assert.equal(calls.length, 1, 'a deadline that is past asks nothing')
  })

  it('fail for everybody as the call failed', async () => {
    const { ask, calls } = service()
    const answers = [ask(), ask()]
    calls[0]?.fail(new Problem('NOT_FOUND', 'Nobody.'))
    for (const answer of answers) await assert.rejects(answer, { code: 'NOT_FOUND' })
  })

  it('leave nothing behind when a call cannot even begin', async () => {
    const [binding] = bindings
    assert.ok(binding)
    let begun = 0
    const share = createSharedCalls({ service: 'users', clock, observe: () => undefined }).share(binding, () => {
      begun += 1
      throw new Problem('INTERNAL', 'No.')
    })
    await assert.rejects(share(request, contextOf({})), { code: 'INTERNAL' })
    await assert.rejects(share(request, contextOf({})), { code: 'INTERNAL' })
    assert.equal(begun, 2)
  })

  it('answer nobody who asks after a change is over', async () => {
    const asked: string[] = []
    const waiting: (() => void)[] = []
    const sharing = createSharing({ services: ['users'], clock, observeCall: () => undefined })
    const invoke: Invoke = (rendered) => {
      asked.push(rendered.kind === 'rest' ? rendered.path : '')
      return new Promise((resolve) => waiting.push(() => resolve({ output: asked.length, status: 200 })))
    }
    const [get, post] = bindings.map((binding) => sharing.share(binding, invoke))
    const reading = get?.(request, contextOf({}))
    const writing = post?.({ ...request, path: '/write' }, contextOf({}))
    waiting[1]?.()
    await writing
    const after = get?.(request, contextOf({}))
    assert.deepEqual(asked, ['/a', '/write', '/a'])
    for (const answer of waiting) answer()
    await Promise.all([reading, after])
  })
})

const clock = { now: () => 0, date: () => 0 }

const { bindings } = graphOf(`
  type Query { a: String @rest(service: "users", get: "/a") }
  type Mutation { b: String @rest(service: "users", post: "/write") }`)

const request = { kind: 'rest', path: '/a', headers: [], body: undefined, identity: '/a' } as const

const contextOf = (
  forward: CallContext['forward'],
  given: Partial<Pick<CallContext, 'signal' | 'deadline' | 'caller'>> = {},
): CallContext => ({
  signal: new Aborter(),
  deadline: Number.POSITIVE_INFINITY,
  caller: { identity: undefined, address: '127.0.0.1', requestId: 'r' },
  forward,
  ...given,
})

const callerOf = (subject: string | undefined, plan: string | undefined): Caller => ({
  identity:
    subject === undefined
      ? undefined
      : { provider: 'p', subject, plan, scopes: new Set(), claims: {}, expiresAt: undefined },
  address: '127.0.0.1',
  requestId: 'r',
})

const service = ({
  forwards = false,
  told,
}: {
  readonly forwards?: boolean
  readonly told?: IdentityHeaderNames
} = {}) => {
  const calls: {
    readonly context: CallContext
    readonly answer: (output: Json) => void
    readonly fail: (problem: Problem) => void
  }[] = []
  const shared: string[] = []
  const invoke: Invoke = (_rendered, context) =>
    new Promise((resolve, reject) =>
      calls.push({ context, answer: (output) => resolve({ output, status: 200 }), fail: reject }),
    )
  const [binding] = bindings
  assert.ok(binding)
  const share = createSharedCalls({ service: 'users', clock, observe: (name) => shared.push(name) }).share(
    { ...binding, forwards, ...(told && { told }) },
    invoke,
  )
  return {
    calls,
    shared,
    ask: (forward: CallContext['forward'] = {}, given?: Parameters<typeof contextOf>[1]): Promise<Reply> =>
      share(request, contextOf(forward, given)),
  }
}
