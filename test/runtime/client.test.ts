import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { layWorkspace, startGateway } from '../support/gateway.ts'

describe('what a trusted proxy forwards', () => {
  it('is read from the right, as far as proxies are trusted, however addresses are spelt', async (t) => {
    const told = await asking(t, '127.0.0.0/8, 10.0.0.0/8, 2001:db8::/32')
    for (const [sent, chain] of [
      ['1.1.1.1, 203.0.113.9, 10.1.2.3', '203.0.113.9, 10.1.2.3, 127.0.0.1'],
      ['203.0.113.9:4711', '203.0.113.9, 127.0.0.1'],
      ['[2001:0:1::5]:443, 2001:db8::1', '2001:0:1::5, 2001:db8::1, 127.0.0.1'],
      ['::ffff:203.0.113.9, ::FFFF:10.1.2.3', '203.0.113.9, 10.1.2.3, 127.0.0.1'],
      ['6.6.6.6, 203.0.113.9', '203.0.113.9, 127.0.0.1'],
    ] as const)
      assert.equal((await told({ 'x-forwarded-for': sent }))['x-forwarded-for'], chain, sent)
  })

  it('is nothing left of what is no address', async (t) => {
    const told = await asking(t, '127.0.0.0/8, 10.0.0.0/8')
    for (const [sent, chain] of [
      ['unknown', 'unknown, 127.0.0.1'],
      ['', 'unknown, 127.0.0.1'],
      [',,', 'unknown, 127.0.0.1'],
      ['6.6.6.6, unknown, 10.1.2.3', 'unknown, 10.1.2.3, 127.0.0.1'],
      ['6.6.6.6, 10.0.0.999, 10.1.2.3', 'unknown, 10.1.2.3, 127.0.0.1'],
      ['6.6.6.6, 010.1.2.3', 'unknown, 127.0.0.1'],
      ['6.6.6.6, fe80::1%eth0', 'unknown, 127.0.0.1'],
      ['6.6.6.6, 10.1.2.3:99999999', 'unknown, 127.0.0.1'],
    ] as const)
      assert.equal((await told({ 'x-forwarded-for': sent }))['x-forwarded-for'], chain, sent)
  })

  it('is a scheme and a host, or not looked at', async (t) => {
    const told = await asking(t, '127.0.0.0/8')
    const good = await told({ 'x-forwarded-proto': 'https', 'x-forwarded-host': 'shop.example:8443' })
    assert.deepEqual([good['x-forwarded-proto'], good['x-forwarded-host']], ['https', 'shop.example:8443'])
    const bad = await told({ 'x-forwarded-proto': 'javascript', 'x-forwarded-host': 'evil.test/x?' })
    assert.deepEqual([bad['x-forwarded-proto'], bad['x-forwarded-host']], ['http', 'shop.test'])
  })

  it('is nothing where the peer is not trusted', async (t) => {
    const told = await asking(t, '10.0.0.0/8')
    const sent = { 'x-forwarded-for': '1.1.1.1', 'x-forwarded-proto': 'https', 'x-forwarded-host': 'evil.test' }
    const got = await told({ ...sent, 'x-real-ip': '1.1.1.1', forwarded: 'for=1.1.1.1', 'true-client-ip': '1.1.1.1' })
    assert.deepEqual(
      ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'x-real-ip', 'forwarded', 'true-client-ip'].map(
        (name) => got[name],
      ),
      ['127.0.0.1', 'http', 'shop.test', undefined, undefined, undefined],
    )
  })
})

/** Asks a gateway with these trusted proxies, and gives what its service was told. */
const asking = async (t: TestContext, trusted: string) => {
  const server = createServer((asked, reply) => reply.end(JSON.stringify(asked.headers)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
trustedProxies: [${trusted.replaceAll(/[^, ]+/g, '"$&"')}]
services: { echo: { rest: http://127.0.0.1:${port}, identity: none } }
routes: [{ path: /echo, service: echo }]
`,
  })
  const { gateway, close } = await startGateway(dir)
  t.after(async () => {
    await close()
    await remove()
    server.close()
  })
  return async (headers: Readonly<Record<string, string>>): Promise<Readonly<Record<string, string>>> => {
    const to = { host: '127.0.0.1', port: gateway.listen.port, path: '/echo', agent: false } as const
    const asked = request({ ...to, headers: { host: 'shop.test', ...headers } }).end()
    const [reply] = (await once(asked, 'response')) as [IncomingMessage]
    let text = ''
    for await (const chunk of reply) text += String(chunk)
    return JSON.parse(text) as Record<string, string>
  }
}
