import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ServiceState, TargetReport } from '../../src/services/state.ts'
import { statesTogether } from '../../src/services/states.ts'

describe('statesTogether', () => {
  it('adds up loads, and takes of states the worst', () => {
    const one = service({ breaker: 'closed', active: 2, targets: [target({ active: 2, latencyMs: 5 })] })
    const other = service({
      breaker: 'trial',
      active: 1,
      retryBudget: { calls: 3, tries: 1, room: false },
      targets: [target({ state: 'ejected', active: 1, latencyMs: 9, weight: 0.5 }), target({ target: 'b:1' })],
    })
    assert.deepEqual(statesTogether([[one], [other], []]), [
      service({
        breaker: 'trial',
        active: 3,
        retryBudget: { calls: 4, tries: 1, room: false },
        targets: [target({ state: 'ejected', active: 3, latencyMs: 9, weight: 0.5 }), target({ target: 'b:1' })],
      }),
    ])
  })

  it('keeps the part of a target, and takes of breakers of calls and routes the worst too', () => {
    const of = 'GET /users/{id}'
    const targets = [target({ part: 'canary' })]
    const one = service({ ownBreakers: [{ of, breaker: 'closed' }], targets })
    const other = service({ ownBreakers: [{ of, breaker: 'open' }], targets })
    const [together] = statesTogether([[one], [other]])
    assert.deepEqual(together?.ownBreakers, [{ of, breaker: 'open' }])
    assert.deepEqual(together?.targets, targets)
  })

  it('knows of a service that only some have', () => {
    const [one, other] = [service({ name: 'one' }), service({ name: 'other' })]
    assert.deepEqual(statesTogether([[one], [one, other]]), [
      { ...one, retryBudget: { calls: 2, tries: 0, room: true } },
      other,
    ])
  })
})

const service = (given: Partial<ServiceState>): ServiceState => ({
  name: 'words',
  kind: 'rest',
  retryBudget: { calls: 1, tries: 0, room: true },
  active: 0,
  targets: [],
  ...given,
})

const target = (given: Partial<TargetReport>): TargetReport => ({
  target: 'a:1',
  name: 'a',
  state: 'up',
  weight: 1,
  priority: 0,
  active: 0,
  ...given,
})
