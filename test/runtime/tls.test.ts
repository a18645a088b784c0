import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer, request as plainRequest, type ServerResponse } from 'node:http'
import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2'
import { Agent, type RequestOptions, request } from 'node:https'
import { type AddressInfo, connect as connectTcp } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { type ConnectionOptions, connect } from 'node:tls'
import { WebSocket, WebSocketServer } from 'ws'
import { block, endHeaders, endStream, frame, settings as settingsFrame } from '../services/http2/support/frames.ts'
import { makeCertificates, readCertificates } from '../support/certificates.ts'
import { freePort } from '../support/free-port.ts'
import { layWorkspace, startGateway } from '../support/gateway.ts'
import { until } from '../support/until.ts'

const files = makeCertificates()
const texts = readCertificates(files)

describe('TLS of clients', () => {
  it('serves https by HTTP/1.1 and HTTP/2, as the client prefers', async (t) => {
    const { port, ask, http2 } = await serving(t, single)
    const { status, text, headers } = await ask('/hello')
    assert.deepEqual([status, text], [200, 'hello'])
    assert.equal(headers['strict-transport-security'], 'max-age=31536000')
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

describe('certificates of clients', () => {
  const shown = { cert: texts.clientCertificate, key: texts.clientKey }

  it('are not needed, unless they are required', async (t) => {
    const { ask } = await serving(t, clients(''))
    assert.equal((await ask('/hello')).status, 200)
    assert.equal((await ask('/hello', shown)).status, 200)
    const strict = await serving(t, clients(', required: true'))
    await assert.rejects(strict.ask('/hello'), { code: /ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED|ECONNRESET/ })
    assert.equal((await strict.ask('/hello', shown)).status, 200)
    const revoked = await serving(t, clients(', required: true, crl: revoked.pem'))
    await assert.rejects(revoked.ask('/hello', shown))
  })

  it('that are revoked since end connections that were verified before', async (t) => {
    const { ask, gateway, lay, http2 } = await serving(t, clients(', required: true, crl: crl.pem'))
    const agent = new Agent({ keepAlive: true, maxSockets: 1, ...shown })
    t.after(() => agent.destroy())
    assert.equal((await ask('/hello', { agent })).status, 200)
    const session = http2(shown)
    await once(session, 'remoteSettings')
    const away = once(session, 'goaway')
    await lay({ 'crl.pem': texts.revoked })
    assert.ok((await gateway.reload()).ok)
    await away
    const old = await ask('/hello', { agent })
    assert.deepEqual([old.status, old.reused, old.headers.connection], [421, true, 'close'])
    await assert.rejects(ask('/hello', { agent }))
  })

  it('of authorities that are believed no more end HTTP/2 connections, and come by no new one until they are again', async (t) => {
    const { gateway, lay, http2 } = await serving(t, clients(', required: true'))
    const session = http2(shown)
    await once(session, 'remoteSettings')
    const away = once(session, 'goaway')
    await lay({ 'ca.pem': texts.otherCa })
    assert.ok((await gateway.reload()).ok)
    await away
    const refused = http2(shown)
    await once(refused, 'close')
    await lay({ 'ca.pem': texts.ca })
    assert.ok((await gateway.reload()).ok)
    const again = http2(shown)
    const stream = again.request({ ':path': '/hello' })
    assert.equal(((await once(stream, 'response'))[0] as Record<string, unknown>)[':status'], 200)
  })

  it('that are revoked since end what is open too: WebSockets by 1001, HTTP/2 connections when their last answer is out', async (t) => {
    const held = Promise.withResolvers<ServerResponse>()
    let asked = 0
    const service = createServer((_asked, reply) => {
      asked += 1
      held.resolve(reply.writeHead(200))
    })
    const sockets = new WebSocketServer({ server: service })
    service.listen(0, '127.0.0.1')
    await once(service, 'listening')
    t.after(() => {
      sockets.close()
      service.close()
    })
    const { port, gateway, lay, http2 } = await serving(
      t,
      `${clients(', required: true, crl: crl.pem')}drain: 10m
services: { held: { rest: "http://127.0.0.1:${(service.address() as AddressInfo).port}", identity: none } }
routes: [{ path: /held, service: held, websocket: true }]
`,
    )
    const socket = new WebSocket(`wss://localhost:${port}/held`, { ca: texts.ca, ...shown })
    await once(socket, 'open')
    const closed = once(socket, 'close')
    const session = http2(shown)
    const stream = session.request({ ':path': '/held' })
    const reply = await held.promise
    const stubborn = await deaf(port)
    stubborn.ask(1, '/held')
    await until(() => asked === 2)
    const away = once(session, 'goaway')
    await lay({ 'crl.pem': texts.revoked })
    assert.ok((await gateway.reload()).ok)
    assert.equal((await closed)[0], 1001)
    await away
    const late = assert.rejects(once(session.request({ ':path': '/held' }), 'response'))
    const gone = once(session, 'close')
    stubborn.ask(3, '/held')
    reply.end('done')
    let text = ''
    for await (const chunk of stream.setEncoding('utf8')) text += String(chunk)
    assert.equal(text, 'done')
    await Promise.all([gone, late])
    assert.equal(asked, 2, 'one by each connection')
    stubborn.leave()
  })

  it('that are resumed are verified again', async (t) => {
    const { port } = await serving(t, clients(', required: true, crl: crl.pem'))
    const older = { ...shown, maxVersion: 'TLSv1.2' } as const
    const { session } = await handshake(port, older)
    assert.equal((await handshake(port, { ...older, ...(session && { session }) })).resumed, false)
  })
})

const single = 'tls: { cert: cert.pem, key: key.pem }\n'
const several = `tls:
  certificates:
    - { cert: cert.pem, key: key.pem }
    - { cert: shop.pem, key: shop.key }
`
const clients = (more: string): string => `tls: { cert: cert.pem, key: key.pem, clients: { ca: ca.pem${more} } }\n`

/** What a client and the gateway agreed on. */
const handshake = async (port: number, options: ConnectionOptions) => {
  const socket = connect({ port, host: '127.0.0.1', ca: texts.ca, servername: 'localhost', ...options })
  await once(socket, 'secureConnect')
  const agreed = {
    alpn: socket.alpnProtocol,
    version: socket.getProtocol(),
    certificate: socket.getPeerX509Certificate(),
    session: socket.getSession(),
    resumed: socket.isSessionReused(),
  }
  socket.on('error', () => {})
  socket.destroy()
  return agreed
}

const echo = async (t: TestContext): Promise<number> => {
  const server = createServer((asked, reply) => reply.end(JSON.stringify(asked.headers)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as { port: number }).port
}

const serving = async (t: TestContext, settings: string) => {
  const port = await freePort()
  const routes = settings.includes('routes:')
    ? ''
    : 'routes: [{ path: /hello, respond: { status: 200, body: hello } }]\nservices: {}\n'
  let yaml = `listen: 127.0.0.1:${port}\n${settings}${routes}`
  const { dir, remove } = await layWorkspace({
    'portico.yaml': yaml,
    'cert.pem': texts.certificate,
    'key.pem': texts.key,
    'shop.pem': texts.shopCertificate,
    'shop.key': texts.shopKey,
    'ca.pem': texts.ca,
    'crl.pem': texts.noneRevoked,
    'revoked.pem': texts.revoked,
  })
  const { gateway, close } = await startGateway(dir)
  const sessions = new Set<ClientHttp2Session>()
  t.after(async () => {
    for (const session of sessions) session.destroy()
    await close()
    await remove()
  })
  return {
    port,
    gateway,
    http2: (options: ConnectionOptions = {}): ClientHttp2Session => {
      const session = connectHttp2(`https://localhost:${port}`, { ca: texts.ca, ...options })
      session.on('error', () => {})
      sessions.add(session)
      return session
    },
    lay: async (changed: Readonly<Record<string, string>>): Promise<void> => {
      for (const [file, text] of Object.entries(changed)) await writeFile(join(dir, file), text)
    },
    write: async (change: (before: string) => string): Promise<void> => {
      yaml = change(yaml)
      await writeFile(join(dir, 'portico.yaml'), yaml)
    },
    ask: async (path: string, options: RequestOptions = {}) => {
      const asked = request({ host: '127.0.0.1', servername: 'localhost', port, path, ca: texts.ca, ...options }).end()
      const [reply] = (await once(asked, 'response')) as [import('node:http').IncomingMessage]
      let text = ''
      for await (const chunk of reply) text += String(chunk)
      return { status: reply.statusCode, headers: reply.headers, text, reused: asked.reusedSocket }
    },
  }
}

/** A client of HTTP/2 that asks on, whatever it is told. */
const deaf = async (port: number) => {
  const { ca, clientCertificate: cert, clientKey: key } = texts
  const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca, cert, key, ALPNProtocols: ['h2'] })
  socket.on('error', () => {}).resume()
  await once(socket, 'secureConnect')
  socket.write(Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), settingsFrame()]))
  const fields = [
    [':method', 'GET'],
    [':scheme', 'https'],
    [':authority', 'localhost'],
  ] as const
  return {
    leave: () => void socket.destroy(),
    ask: (id: number, path: string): void => {
      const payload = block([...fields, [':path', path]])
      socket.write(frame('headers', { flags: endHeaders | endStream, id, payload }))
    },
  }
}
