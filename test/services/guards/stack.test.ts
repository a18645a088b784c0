import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Call, guarded } from '../../../src/services/call.ts'
import type { RestService } from '../../../src/services/service.ts'
import { serviceGuards } from '../../../src/services/stack.ts'
import type { CallObserver } from '../../../src/telemetry/observers.ts'
import { contextOf, guardContract } from '../../contracts/guard.ts'
import { calm } from '../../support/guards.ts'
import { targetsAt } from '../../support/targets.ts'

const clock = { now: () => 0, date: () => 0 }

guardContract('the whole stack', () => {
  const guards = serviceGuards(service({}), calm(), { clock, observe: () => undefined })
  return (next) => guarded(next, guards)
})

describe('serviceGuards', () => {
  it('bounds waiting and work by one budget, and tells of both calls', async () => {
    const outcomes: string[] = []
    const call = guardedHang({ timeoutMs: 30, concurrency: { max: 1, queue: 1 } }, ({ outcome }) =>
      outcomes.push(outcome),
    )
    const results = await Promise.allSettled([call(contextOf()), call(contextOf(undefined, 10))])
    assert.deepEqual(
      results.map(({ status }) => status),
      ['rejected', 'rejected'],
    )
    assert.deepEqual(outcomes, ['DEADLINE_EXCEEDED', 'DEADLINE_EXCEEDED'])
  })

  it('frees the slot of a call that timed out', async () => {
    const call = guardedHang({ timeoutMs: 5, concurrency: { max: 1, queue: 0 } })
    await assert.rejects(call(contextOf()), { code: 'DEADLINE_EXCEEDED' })
    await assert.rejects(call(contextOf()), { code: 'DEADLINE_EXCEEDED' })
  })
})

const service = (settings: Partial<RestService>): RestService => ({
  kind: 'rest',
  name: 'users',
  origin: 'http://127.0.0.1:1',
  targets: targetsAt('http://127.0.0.1:1'),
  basePath: '',
  identity: 'none',
  timeoutMs: 1_000,
  concurrency: { max: 2, queue: 2 },
  maxAnswerBytes: 1_024,
  tls: undefined,
  ...settings,
})

const guardedHang = (settings: Partial<RestService>, observe?: CallObserver) => {
  const never: Call<null> = () => new Promise(() => undefined)
  const call = guarded(never, serviceGuards(service(settings), calm(), { clock, observe }))
  return (context: ReturnType<typeof contextOf>) => call(null, context)
}
