import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { startCatalog } from '../../../examples/shop/catalog/service.ts'
import type { RunningService, ServiceOptions } from '../../../examples/shop/support/running-service.ts'
import { startUsers } from '../../../examples/shop/users/service.ts'
import { httpClient } from './support/http-client.ts'

describe('the control server', () => {
  it('sets and clears faults, shows and clears calls', async (t) => {
    const { address, controlUrl } = await running(t, startUsers)
    const { send, json, get } = httpClient(controlUrl)
    assert.equal((await send('PUT', '/faults', { mode: 'fail', status: 503, on: '/users/u-1' })).status, 200)
    assert.equal((await fetch(`${address}/users/u-1`)).status, 503)
    assert.equal((await fetch(`${controlUrl}/faults`, { method: 'DELETE' })).status, 204)
    assert.equal((await fetch(`${address}/users/u-1`)).status, 200)

    const { calls, cancelled } = await json<{ calls: { name: string }[]; cancelled: number }>('/calls')
    assert.deepEqual(
      calls.map(({ name }) => name),
      ['GET /users/u-1', 'GET /users/u-1'],
    )
    assert.equal(cancelled, 0)
    assert.equal((await fetch(`${controlUrl}/calls`, { method: 'DELETE' })).status, 204)
    assert.deepEqual(await (await get('/calls')).json(), { calls: [], cancelled: 0 })
  })

  it('refuses a fault the service does not have and says what is allowed', async (t) => {
    const users = httpClient((await running(t, startUsers)).controlUrl)
    const catalog = httpClient((await running(t, startCatalog)).controlUrl)
    for (const [client, fault, said] of [
      [users, { mode: 'melt' }, /"slow".*"garbage".*"half"/s],
      [users, { mode: 'slow' }, /delayMs/],
      [users, { mode: 'fail', code: 'UNAVAILABLE' }, /status/],
      [catalog, { mode: 'half' }, /"slow".*"garbage"/s],
      [catalog, { mode: 'fail', code: 'BROKEN' }, /UNAVAILABLE/],
      [catalog, { mode: 'hang', path: '/x' }, /path/],
    ] as const) {
      const reply = await client.send('PUT', '/faults', fault)
      assert.equal(reply.status, 400)
      assert.match(await reply.text(), said)
    }
  })
})

async function running(t: TestContext, start: (options: ServiceOptions) => Promise<RunningService<never>>) {
  const { address, controlUrl = '', close } = await start({ control: 0 })
  t.after(close)
  return { address, controlUrl }
}
