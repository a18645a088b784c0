import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, it, mock, type TestContext } from 'node:test'
import { watchLag } from '../../src/runtime/shedding.ts'
import { startService } from '../routes/proxy/support/gateway.ts'
import { layWorkspace, startGateway } from '../support/gateway.ts'
import { until } from '../support/until.ts'

describe('a gateway whose event loop lags', () => {
  it('refuses the requests that waited with 503 and Retry-After, takes the next, and counts', async (t) => {
    const { address, url, probes } = await gateway(t, 'limits: { eventLoopLag: 100ms }')
    await until(async () => (await fetch(url)).status === 200)
    const waited = await blocked(address)
    assert.match(waited, /^HTTP\/1\.1 503 /)
    assert.match(waited, /\r\nretry-after: 1\r\n/i)
    assert.match(waited, /"code":"UNAVAILABLE"/)
    await until(async () => (await fetch(url)).status === 200)
    assert.equal((await fetch(`${probes}/readyz`)).status, 200)
    assert.match(await (await fetch(`${probes}/metrics`)).text(), /^portico_shed_requests_total [1-9]/m)
  })

  it('refuses none where nothing is set', async (t) => {
    const { address } = await gateway(t, '')
    assert.match(await blocked(address), /^HTTP\/1\.1 200 /)
  })
})

describe('the watch over the event loop', () => {
  it('counts a sample until the next, and what is just as late as allowed as in time', (t) => {
    mock.timers.enable({ apis: ['setInterval'] })
    t.after(() => mock.timers.reset())
    let now = 0
    const shedding = watchLag(200, { now: () => now })
    const sampleAt = (at: number): boolean => {
      now = at
      mock.timers.tick(100)
      return shedding.lagging
    }
    assert.deepEqual([sampleAt(100), sampleAt(400), sampleAt(701), sampleAt(801)], [false, false, true, false])
    shedding.close()
    assert.equal(sampleAt(5_000), false)
  })
})

/** What a request gets that arrives while the loop, the test's own too, is blocked. */
const blocked = async ({ host, port }: { host: string; port: number }): Promise<string> => {
  const socket = connect(port, host)
  await once(socket, 'connect')
  socket.write('GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')
  const end = performance.now() + 400
  while (performance.now() < end) Math.sqrt(end)
  let text = ''
  for await (const chunk of socket) text += String(chunk)
  return text
}

const gateway = async (t: TestContext, limits: string) => {
  const { origin } = await startService(t, (_request, response) => response.end('users'))
  const yaml = `listen: 127.0.0.1:0
probes: 127.0.0.1:0
services:
  users: { rest: "${origin}", identity: none }
routes:
  - { path: /*, service: users }
${limits}
`
  const { dir, remove } = await layWorkspace({ 'portico.yaml': yaml })
  const { url, close, gateway: running } = await startGateway(dir)
  t.after(async () => {
    await close()
    await remove()
  })
  return { url, address: running.listen, probes: `http://127.0.0.1:${running.probes?.port}` }
}
