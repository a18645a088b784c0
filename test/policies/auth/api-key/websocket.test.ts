import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { createKey } from '../../../../src/policies/auth/api-key/key.ts'
import { layWorkspace, startGateway } from '../../../support/gateway.ts'
import { until } from '../../../support/until.ts'

describe('an API key that opens a WebSocket', () => {
  it('stays at the gateway, in a header or a query, unless the service has identity: forward', async (t) => {
    const { key, open } = await serving(t)
    for (const [path, headers] of [
      ['/kept/socket?a=%20&api_key=KEY&b', {}],
      ['/kept/socket?a=%20&b', { 'x-api-key': key }],
    ] as const) {
      const seen = await open(path, headers)
      assert.equal(seen.url, '/kept/socket?a=%20&b')
      assert.ok(!JSON.stringify(seen.rawHeaders).includes(key))
    }
    assert.equal((await open('/told/socket?a=%20&api_key=KEY&b')).url, `/told/socket?a=%20&api_key=${key}&b`)
    assert.equal((await open('/told/socket', { 'x-api-key': key })).headers['x-api-key'], key)
  })

  it('closes it as it ends, which the audit log has', async (t) => {
    const { key, url, audited } = await serving(t, new Date(Date.now() + 2_000))
    const client = new WebSocket(`${url}/kept/socket`, { headers: { 'x-api-key': key } })
    const [code] = (await once(client, 'close')) as [number]
    assert.equal(code, 4401)
    await until(async () =>
      /"authentication.failed".*"scope":"routes.\/kept\/\*".*"reason":"expired"/.test(await audited()),
    )
  })
})

const serving = async (t: TestContext, expires?: Date) => {
  const made = createKey({ owner: 'acme', expires }, new Date())
  assert.ok('key' in made)
  const server = createServer()
  const sockets = new WebSocketServer({ server })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
audit: { file: audit.log }
auth: { partners: { apiKey: { file: keys.json, query: api_key } } }
services:
  kept: { rest: "${url}", identity: none }
  told: { rest: "${url}", identity: forward }
routes:
  - { path: /kept/*, service: kept, auth: partners, websocket: true }
  - { path: /told/*, service: told, auth: partners, websocket: true }
`,
    'keys.json': JSON.stringify({ keys: [made.stored] }),
  })
  const gateway = await startGateway(dir)
  t.after(async () => {
    for (const socket of sockets.clients) socket.terminate()
    await gateway.close()
    server.close()
    await remove()
  })
  return {
    key: made.key,
    url: gateway.url.replace('http', 'ws'),
    audited: () => readFile(join(dir, 'audit.log'), 'utf8'),
    /** The handshake that the service saw. */
    open: async (path: string, headers: Readonly<Record<string, string>> = {}): Promise<IncomingMessage> => {
      const asked = once(sockets, 'connection') as Promise<[unknown, IncomingMessage]>
      const client = new WebSocket(gateway.url.replace('http', 'ws') + path.replace('KEY', made.key), { headers })
      await once(client, 'open')
      client.terminate()
      return (await asked)[1]
    },
  }
}
