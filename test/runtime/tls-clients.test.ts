import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { Agent } from 'node:https'
import type { AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { connect } from 'node:tls'
import { WebSocket, WebSocketServer } from 'ws'
import { block, endHeaders, endStream, frame, settings as settingsFrame } from '../services/http2/support/frames.ts'
import { handshake, serving, texts } from '../support/tls-gateway.ts'
import { until } from '../support/until.ts'

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

const clients = (more: string): string => `tls: { cert: cert.pem, key: key.pem, clients: { ca: ca.pem${more} } }\n`

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
