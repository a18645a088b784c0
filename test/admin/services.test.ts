import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import type { ServiceState } from '../../src/services/state.ts'
import { startService } from '../routes/proxy/support/gateway.ts'
import { freePort } from '../support/free-port.ts'
import { startAdministered } from './support.ts'

describe('GET /services on the admin port', () => {
  it('says of each target whether it gets calls, how many it has and how long they take', async (t) => {
    const { url, services, good, bad } = await administered(t)
    for (let i = 0; i < 4; i += 1) assert.equal((await fetch(`${url}/users`)).status, 200)
    const [users] = await services()
    assert.ok(users?.targets[0]?.latencyMs !== undefined && users.targets[0].latencyMs < 1_000)
    const { latencyMs, ...first } = users.targets[0]
    assert.equal(typeof latencyMs, 'number')
    const second = users.targets[1]
    // Left alone for 200 ms, then tried again.
    assert.ok(second?.state === 'unreachable' || second?.state === 'trial')
    assert.deepEqual(
      [users.name, users.kind, users.breaker, users.active, first, { ...second, state: 'down' }],
      [
        'users',
        'rest',
        'closed',
        0,
        { target: `127.0.0.1:${good}`, name: '127.0.0.1', state: 'up', weight: 3, priority: 0, active: 0 },
        { target: `127.0.0.1:${bad}`, name: '127.0.0.1', state: 'down', weight: 1, priority: 0, active: 0 },
      ],
    )
    assert.deepEqual(users.retryBudget, { calls: 4, tries: 0, room: true })
  })

  it('says which breaker is open, and the metrics say the same', async (t) => {
    const { url, services, metrics, good, bad } = await administered(t)
    for (let i = 0; i < 2; i += 1) assert.equal((await fetch(`${url}/broken`)).status, 500)
    const [, broken] = await services()
    assert.equal(broken?.breaker, 'open')
    for (let i = 0; i < 4; i += 1) await fetch(`${url}/users`)
    const text = await metrics()
    for (const line of [
      'portico_breaker_state{service="users"} 0',
      'portico_breaker_state{service="broken"} 2',
      `portico_target_up{service="users",target="127.0.0.1:${good}"} 1`,
      `portico_target_up{service="users",target="127.0.0.1:${bad}"} 0`,
    ])
      assert.ok(text.includes(line), line)
  })

  it('has the breakers of calls and routes beside that of their service, and the metrics have them too', async (t) => {
    const { url, services, metrics } = await administered(t)
    for (let i = 0; i < 2; i += 1) assert.equal((await fetch(`${url}/apart`)).status, 500)
    assert.equal((await fetch(`${url}/apart`)).status, 503)
    const [, , apart] = await services()
    assert.deepEqual([apart?.breaker, apart?.ownBreakers], ['closed', [{ of: 'routes./apart', breaker: 'open' }]])
    const text = await metrics()
    for (const line of [
      'portico_breaker_state{service="apart"} 0',
      'portico_own_breaker_state{service="apart",of="routes./apart"} 2',
    ])
      assert.ok(text.includes(line), line)
  })
})

const administered = async (t: TestContext) => {
  const { origin } = await startService(t, (request, response) => {
    response.writeHead(request.url === '/users' ? 200 : 500).end()
  })
  const good = new URL(origin).port
  const bad = await freePort()
  const {
    adminUrl,
    listen: gateway,
    probes,
  } = await startAdministered(t, {
    'portico.yaml': `listen: 127.0.0.1:0
admin: 127.0.0.1:0
probes: 127.0.0.1:0
services:
  users:
    rest: [{ url: "http://127.0.0.1:${good}", weight: 3 }, "http://127.0.0.1:${bad}"]
    identity: none
    breaker: true
    retry: 1
  broken: { rest: "http://127.0.0.1:${good}", identity: none, breaker: { volume: 2 } }
  apart: { rest: "http://127.0.0.1:${good}", identity: none, breaker: true }
routes:
  - { path: /users, service: users }
  - { path: /broken, service: broken }
  - { path: /apart, service: apart, breaker: { volume: 2 } }
`,
  })
  return {
    good,
    bad,
    url: `http://127.0.0.1:${gateway.port}`,
    services: async () => {
      const reply = await fetch(`${adminUrl}/services`)
      assert.equal(reply.headers.get('content-type'), 'application/json; charset=utf-8')
      return ((await reply.json()) as { services: readonly ServiceState[] }).services
    },
    metrics: async () => (await fetch(`http://127.0.0.1:${probes?.port}/metrics`)).text(),
  }
}
