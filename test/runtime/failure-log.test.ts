import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { WebSocket } from 'ws'
import { createGateway } from '../../src/runtime/gateway.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { makeCertificates, readCertificates } from '../support/certificates.ts'
import { layWorkspace } from '../support/gateway.ts'

const files = readCertificates(makeCertificates())

describe('the log of a request that a route could not pass on', () => {
  for (const { what, path, cause } of [
    { what: 'an authority that is not trusted', path: '/stranger', cause: /certificate/ },
    { what: 'another key than the pinned, and which', path: '/pinned', cause: /has the key sha256\/.{43}=, which is/ },
    { what: 'nobody that listens', path: '/nobody', cause: /ECONNREFUSED/ },
  ])
    it(`says why under the request’s id: ${what}`, async (t) => {
      const { url, failures } = await routesToNowhere(t)
      const reply = await fetch(url + path)
      const { requestId } = (await reply.json()) as { readonly requestId: string }
      assert.equal(reply.status, 502)
      assert.deepEqual(
        failures().map((line) => [line['requestId'], line['code'], line['upstream']]),
        [[requestId, 'UNAVAILABLE', path.slice(1)]],
      )
      assert.match(String(failures()[0]?.['cause']), cause)
    })

  it('says it of WebSockets too', async (t) => {
    const { url, failures } = await routesToNowhere(t)
    const socket = new WebSocket(`${url.replace('http', 'ws')}/nobody`)
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, { readonly statusCode: number }]
    assert.equal(response.statusCode, 502)
    assert.match(String(failures()[0]?.['cause']), /ECONNREFUSED/)
  })
})

const routesToNowhere = async (t: TestContext) => {
  const service = createServer({ cert: files.certificate, key: files.key }).listen(0, '127.0.0.1')
  await once(service, 'listening')
  t.after(() => service.close())
  const origin = `https://127.0.0.1:${(service.address() as AddressInfo).port}`
  const { dir, remove } = await layWorkspace({
    'ca.pem': files.ca,
    'portico.yaml': `
listen: 127.0.0.1:0
services:
  stranger: { rest: "${origin}", identity: none, tls: { serverName: probe.test } }
  pinned:
    rest: ${origin}
    identity: none
    tls: { ca: ca.pem, serverName: probe.test, pins: [sha256/${'A'.repeat(43)}=] }
  nobody: { rest: "http://127.0.0.1:1", identity: none }
routes:
  - { path: /stranger, service: stranger }
  - { path: /pinned, service: pinned }
  - { path: /nobody, service: nobody, websocket: true }
`,
  })
  t.after(remove)
  const lines: string[] = []
  const log = createLog({ level: 'warn', destination: { write: (line: string) => void lines.push(line) } })
  const gateway = await createGateway({ dir, env: {}, log })
  t.after(gateway.close)
  return {
    url: `http://127.0.0.1:${gateway.listen.port}`,
    failures: () =>
      lines
        .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
        .filter(({ msg }) => msg === 'request failed'),
  }
}
