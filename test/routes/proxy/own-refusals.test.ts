import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { layWorkspace, startGateway } from '../../support/gateway.ts'
import { startService } from './support/gateway.ts'

describe('the breaker of a service behind a route', () => {
  it('does not open for what the gateway refuses: limits, bodies, paths and slots', async (t) => {
    const { ask, service } = await gateway(t, 1)
    const refused = async (status: number, asked: () => Promise<number>): Promise<void> => {
      for (let times = 0; times < 30; times += 1) assert.equal(await asked(), status)
    }
    assert.equal(await ask('/limited'), 200)
    await refused(429, () => ask('/limited'))
    await refused(413, () => ask('/small', { method: 'POST', body: 'too long' }))
    await refused(404, () => ask('/elsewhere'))
    service.held = true
    const first = ask('/open')
    const second = ask('/open')
    await service.arrived()
    await refused(503, () => ask('/open'))
    service.held = false
    service.release()
    assert.deepEqual([await first, await second], [200, 200])
    assert.equal(await ask('/open'), 200)
  })

  it('lets one of many through at a time while it is tried, and all once that one is answered', async (t) => {
    const { ask, service } = await gateway(t, 100)
    service.status = 500
    for (let times = 0; times < 5; times += 1) assert.equal(await ask('/open'), 500)
    assert.equal(await ask('/open'), 503)
    await new Promise((resolve) => setTimeout(resolve, openMs + 20))
    const already = service.times
    service.status = 200
    service.held = true
    const trial = ask('/open')
    await service.arrived()
    const others = await Promise.all(Array.from({ length: 50 }, () => ask('/open')))
    assert.deepEqual(new Set(others), new Set([503]))
    assert.equal(service.times, already + 1)
    service.held = false
    service.release()
    assert.equal(await trial, 200)
    assert.equal(await ask('/open'), 200)
  })
})

const openMs = 1_000

/** Routes to a service with so many slots and a breaker that opens after five failures. */
const gateway = async (t: TestContext, slots: number) => {
  let come = Promise.withResolvers<void>()
  let go = Promise.withResolvers<void>()
  const service = {
    status: 200,
    times: 0,
    /** Whether answers wait for `release`. */
    held: false,
    release: () => go.resolve(),
    async arrived() {
      await come.promise
      come = Promise.withResolvers()
    },
  }
  const { origin } = await startService(t, async (request, response) => {
    request.resume()
    service.times += 1
    if (service.held) {
      go = Promise.withResolvers()
      come.resolve()
      await go.promise
    }
    response.writeHead(service.status).end()
  })
  const workspace = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
services:
  users:
    rest: ${origin}
    identity: none
    timeout: 5s
    concurrency: { max: ${slots}, queue: 1 }
    breaker: { rate: 50%, volume: 5, open: ${openMs}ms, mostOpen: 1s }
routes:
  - { path: /open, service: users }
  - { path: /limited, service: users, rateLimit: { limit: 1, window: 1m, by: ip } }
  - { path: /small, service: users, maxBody: 1B }
`,
  })
  const started = await startGateway(workspace.dir)
  t.after(async () => {
    go.resolve()
    await started.close()
    await workspace.remove()
  })
  const ask = async (path: string, init: RequestInit = {}): Promise<number> => {
    const reply = await fetch(started.url + path, init)
    await reply.arrayBuffer()
    return reply.status
  }
  return { ask, service }
}
