import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request as plainRequest } from 'node:http'
import { Agent } from 'node:https'
import { connect as connectTcp } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { freePort } from '../support/free-port.ts'
import { handshake, serving, texts } from '../support/tls-gateway.ts'

describe('TLS of clients', () => {
  it('serves https by HTTP/1.1 and HTTP/2, as the client prefers', async (t) => {
    const { port, ask, http2 } = await serving(t, single)
    const { status, text, headers } = await ask('/hello')
    assert.deepEqual([status, text], [200, 'hello'])
    assert.equal(headers['strict-transport-security'], 'max-age=31536000')
    const refused = await ask('/hello%2f..%2f')
    assert.deepEqual([refused.status, refused.headers['strict-transport-security']], [400, 'max-age=31536000'])
    const session = http2()
    const stream = session.request({ ':path': '/hello' })
    const [answer] = (await once(stream, 'response')) as [Record<string, unknown>]
    assert.equal(answer[':status'], 200)
    assert.equal(answer['strict-transport-security'], 'max-age=31536000')
    assert.equal((await handshake(port, { ALPNProtocols: ['h2', 'http/1.1'] })).alpn, 'h2')
    assert.equal((await handshake(port, { ALPNProtocols: ['http/1.1'] })).alpn, 'http/1.1')
    await assert.rejects(handshake(port, { ALPNProtocols: ['spdy/3'] }), /no application protocol/)
  })

  it('tells services that the client came by https', async (t) => {
    const { ask } = await serving(
      t,
      `${single}
services: { echo: { rest: http://127.0.0.1:${await echo(t)}, identity: none } }
routes: [{ path: /echo, service: echo }]
`,
    )
    const told = JSON.parse((await ask('/echo', { headers: { 'x-forwarded-proto': 'http' } })).text) as Record<
      string,
      string
    >
    assert.equal(told['x-forwarded-proto'], 'https')
  })

  it('speaks nothing older than TLS 1.2, or 1.3 where that is asked for, and no weak cipher', async (t) => {
    const { port } = await serving(t, single)
    assert.equal((await handshake(port, { maxVersion: 'TLSv1.2' })).version, 'TLSv1.2')
    assert.equal((await handshake(port, {})).version, 'TLSv1.3')
    await assert.rejects(
      handshake(port, { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
    )
    for (const ciphers of ['ECDHE-ECDSA-AES128-SHA', 'AES128-GCM-SHA256', 'ECDHE-ECDSA-AES256-SHA384'])
      await assert.rejects(handshake(port, { maxVersion: 'TLSv1.2', ciphers }), ciphers)
    const newer = await serving(t, single.replace('tls: {', 'tls: { minVersion: TLSv1.3,'))
    await assert.rejects(handshake(newer.port, { maxVersion: 'TLSv1.2' }), /protocol version/)
  })

  it('shows each name its certificate, wildcards for one label, and the first to who asks for another or none', async (t) => {
    const { port } = await serving(t, several)
    for (const [servername, shown] of [
      ['probe.test', 'probe.test'],
      ['WWW.Shop.test', 'shop'],
      ['shop.test', 'probe.test'],
      ['a.b.shop.test', 'probe.test'],
      ['', 'probe.test'],
    ] as const) {
      const { certificate } = await handshake(port, { servername, checkServerIdentity: () => undefined })
      assert.equal(certificate?.subject, `CN=${shown}`, servername)
    }
  })

  it('shows a new certificate after a reload, while connections that were open go on', async (t) => {
    const { port, ask, gateway, lay } = await serving(t, single)
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    t.after(() => agent.destroy())
    assert.equal((await ask('/hello', { agent })).status, 200)
    const before = (await handshake(port, {})).certificate?.fingerprint256
    await lay({ 'cert.pem': texts.shopCertificate, 'key.pem': texts.shopKey })
    assert.ok((await gateway.reload()).ok)
    const after = (await handshake(port, { checkServerIdentity: () => undefined })).certificate
    assert.notEqual(after?.fingerprint256, before)
    assert.equal(after?.subject, 'CN=shop')
    const again = await ask('/hello', { agent })
    assert.deepEqual([again.status, again.reused], [200, true])
  })

  it('keeps the old certificate where the new one does not fit its key, and says so', async (t) => {
    const { port, gateway, lay } = await serving(t, single)
    await lay({ 'cert.pem': texts.shopCertificate })
    const { ok, diagnostics } = await gateway.reload()
    assert.equal(ok, false)
    assert.match(diagnostics[0]?.message ?? '', /key\.pem is not the private key of the certificate in cert\.pem/)
    assert.equal((await handshake(port, {})).certificate?.subject, 'CN=probe.test')
  })

  it('closes connections that do not speak TLS, and answers others meanwhile', async (t) => {
    const { port, ask } = await serving(t, single)
    const socket = connectTcp(port, '127.0.0.1')
    socket.write('GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n')
    let text = ''
    socket.on('data', (chunk) => (text += chunk))
    socket.on('error', () => {})
    await once(socket, 'close')
    assert.ok(!text.includes('HTTP/1.1 200'))
    assert.equal((await ask('/hello')).status, 200)
  })

  it('sends plain HTTP to https, method and body with it, for hosts that are hosts', async (t) => {
    const redirect = await freePort()
    const { port, gateway, write } = await serving(
      t,
      single.replace('tls: {', `tls: { redirect: 127.0.0.1:${redirect},`),
    )
    const located = async (
      host: string,
      path = '/a?b=c',
    ): Promise<readonly [number | undefined, string | undefined]> => {
      const asked = plainRequest({ host: '127.0.0.1', port: redirect, method: 'POST', path, headers: { host } }).end()
      const [reply] = (await once(asked, 'response')) as [import('node:http').IncomingMessage]
      reply.resume()
      return [reply.statusCode, reply.headers.location]
    }
    assert.deepEqual(await located('shop.test:80'), [308, `https://shop.test:${port}/a?b=c`])
    assert.deepEqual(await located('[::1]'), [308, `https://[::1]:${port}/a?b=c`])
    for (const host of ['evil.test/x', 'a@b', 'a b']) assert.deepEqual((await located(host))[0], 400, host)
    assert.deepEqual((await located('shop.test', 'http://evil.test/'))[0], 400)
    const moved = await freePort()
    await write((yaml) => yaml.replace(`127.0.0.1:${port}`, `127.0.0.1:${moved}`))
    assert.ok((await gateway.reload()).ok)
    assert.deepEqual(await located('shop.test'), [308, `https://shop.test:${moved}/a?b=c`])
  })

  it('does not come or go on a port that is open', async (t) => {
    const { gateway, write, ask } = await serving(t, single)
    await write((yaml) => yaml.replace(/tls: .*\n/, ''))
    const { ok, why } = await gateway.reload()
    assert.equal(ok, false)
    assert.match(why ?? '', /`tls` cannot come or go on an open port/)
    assert.equal((await ask('/hello')).status, 200)
  })
})

const single = 'tls: { cert: cert.pem, key: key.pem }\n'
const several = `tls:
  certificates:
    - { cert: cert.pem, key: key.pem }
    - { cert: shop.pem, key: shop.key }
`

const echo = async (t: TestContext): Promise<number> => {
  const server = createServer((asked, reply) => reply.end(JSON.stringify(asked.headers)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as { port: number }).port
}
