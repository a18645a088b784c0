import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Problem } from '../../../src/kernel/problem.ts'
import { observed } from '../../../src/services/guards/observed.ts'
import { contextOf, guardContract } from '../../contracts/guard.ts'
import { once } from '../../support/guards.ts'

guardContract('observed', () =>
  observed({ service: 'users', clock: { now: () => 0, date: () => 0 }, observe: () => undefined }),
)

describe('observed', () => {
  it('tells once of a call that succeeds, with its time', async () => {
    const { call, seen, pass } = observing()
    await call(() => {
      pass(40)
      return Promise.resolve({ output: null, status: 200 })
    })
    assert.deepEqual(seen, [{ service: 'users', outcome: 'OK', milliseconds: 40 }])
  })

  it('tells once of a call that fails, with the code of its problem', async () => {
    const { call, seen } = observing()
    await assert.rejects(call(() => Promise.reject(new Problem('NOT_FOUND', 'No such user.'))))
    assert.deepEqual(seen, [{ service: 'users', outcome: 'NOT_FOUND', milliseconds: 0 }])
  })

  it('calls a failure that is no problem our own', async () => {
    const { call, seen } = observing()
    await assert.rejects(call(() => Promise.reject(new TypeError('x is undefined'))))
    assert.equal(seen[0]?.outcome, 'INTERNAL')
  })
})

type Seen = { readonly service: string; readonly outcome: string; readonly milliseconds: number }
type Work = () => Promise<{ output: null; status: number }>

const observing = () => {
  const seen: Seen[] = []
  let now = 0
  const guard = observed({
    service: 'users',
    clock: { now: () => now, date: () => 0 },
    observe: (call) => seen.push(call),
  })
  return {
    seen,
    pass: (milliseconds: number) => {
      now += milliseconds
    },
    call: (work: Work) => guard(work, once)(null, contextOf()),
  }
}
