import assert from 'node:assert/strict'
import { createServer } from 'node:https'
import { describe, it, type TestContext } from 'node:test'
import type { TLSSocket, TlsOptions } from 'node:tls'
import { certificate, key } from '../support/certificate.ts'
import { connect, failure, listen } from './support/service.ts'

const trusted = { ca: certificate, serverName: 'users.test' }

describe('an origin over TLS', () => {
  it('speaks to a service whose certificate is signed by the given authority and bears the given name', async (t) => {
    const { port, connections } = await service(t)
    const { ask } = connect(t, { origin: `https://127.0.0.1:${port}`, tls: trusted })
    for (let count = 0; count < 3; count += 1) assert.equal((await ask()).body, 'users.test')
    assert.equal(connections.length, 1)
  })

  const refused = {
    'an authority nobody trusts': { serverName: 'users.test' },
    'another name': { ca: certificate, serverName: 'other.test' },
    'no name but its address': { ca: certificate },
    'another key than the pinned': { ...trusted, pins: [`${'A'.repeat(43)}=`] },
  }
  for (const [what, tls] of Object.entries(refused))
    it(`sends nothing to one with ${what}, however often it is asked`, async (t) => {
      const { port, requests } = await service(t)
      const { ask } = connect(t, { origin: `https://127.0.0.1:${port}`, tls })
      for (let count = 0; count < 3; count += 1) assert.equal((await failure(ask())).code, 'unreachable')
      assert.equal(requests(), 0)
    })

  it('speaks to a service whose key is pinned, by the key that curl and openssl tell', async (t) => {
    const { port } = await service(t)
    const pins = ['A'.repeat(43), '5jwmannJwVy7czn73q/vT191iq3bvJ9MjARtTUZNkg4'].map((pin) => `${pin}=`)
    const { ask } = connect(t, { origin: `https://127.0.0.1:${port}`, tls: { ...trusted, pins } })
    assert.equal((await ask()).body, 'users.test')
  })

  it('shows its certificate to a service that asks for one', async (t) => {
    const { port } = await service(t, undefined, { ca: certificate, requestCert: true, rejectUnauthorized: true })
    const known = connect(t, { origin: `https://127.0.0.1:${port}`, tls: { ...trusted, cert: certificate, key } })
    assert.equal((await known.ask()).body, 'users.test')
    const unknown = connect(t, { origin: `https://127.0.0.1:${port}`, tls: trusted })
    await failure(unknown.ask())
  })

  for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
    it(`resumes the session of an earlier connection (${version})`, async (t) => {
      const { port, resumed } = await service(t, version)
      let now = 0
      const { ask } = connect(t, { origin: `https://127.0.0.1:${port}`, tls: trusted, now: () => now, keepAliveMs: 10 })
      await ask()
      now += 600_000
      await ask()
      assert.deepEqual(resumed, [false, true])
    })

  it('takes large bodies both ways', async (t) => {
    const { port } = await service(t)
    const { ask } = connect(t, { origin: `https://127.0.0.1:${port}`, tls: trusted })
    const body = Buffer.alloc(1_000_000, 'x')
    for (let count = 0; count < 2; count += 1) assert.equal((await ask({ method: 'POST', body })).body, body.toString())
  })

  it('says that a service speaks no TLS', async (t) => {
    const { port } = await service(t)
    const { ask } = connect(t, { origin: `http://127.0.0.1:${port}` })
    assert.equal((await failure(ask())).code, 'broken')
  })
})

const service = async (t: TestContext, version?: 'TLSv1.2' | 'TLSv1.3', asked: TlsOptions = {}) => {
  const connections: TLSSocket[] = []
  const resumed: boolean[] = []
  let requests = 0
  const versions = version === undefined ? {} : { minVersion: version, maxVersion: version }
  const server = createServer({ cert: certificate, key, ...versions, ...asked }, async (request, response) => {
    requests += 1
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    response.end(request.method === 'POST' ? Buffer.concat(chunks) : String((request.socket as TLSSocket).servername))
  })
  server.on('secureConnection', (socket) => {
    connections.push(socket)
    resumed.push(socket.isSessionReused())
  })
  const port = await listen(server)
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port, connections, resumed, requests: () => requests }
}
