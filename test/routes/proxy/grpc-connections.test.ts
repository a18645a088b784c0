import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2'
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { describe, it, type TestContext } from 'node:test'
import { Client, credentials, ServerCredentials, type ServiceError, type StatusObject, status } from '@grpc/grpc-js'
import { PassSessions } from '../../../src/services/grpc/client/sessions.ts'
import { makeCertificates, readCertificates } from '../../support/certificates.ts'
import { layWorkspace, startGateway } from '../../support/gateway.ts'
import { missing } from '../../support/programs.ts'
import { startReflectingServer } from '../../support/reflecting-server.ts'

describe('connections of native gRPC calls', () => {
  it('makes a call again that a service refused to begin, whatever the call does', async (t) => {
    let refused = 0
    const bodies: string[] = []
    const { address } = await service(t, async (stream) => {
      if (refused < 2) {
        refused += 1
        return stream.close(7)
      }
      bodies.push(String((await buffer(stream)).subarray(5)))
      answer(stream)
    })
    const { ask } = await gateway(t, { address })
    assert.equal(await ask('hello'), 'here')
    assert.deepEqual([refused, bodies], [2, ['hello']])
  })

  it('gives up where a service goes on refusing', async (t) => {
    let refused = 0
    const { address } = await service(t, (stream) => {
      refused += 1
      stream.close(7)
    })
    const { ask } = await gateway(t, { address })
    await assert.rejects(ask('hello'), failure(status.UNAVAILABLE, 'Service things could not be reached.'))
    assert.equal(refused, 3)
  })

  it('does not repeat a call of which more was sent than it keeps, nor one that was reset otherwise', async (t) => {
    let begun = 0
    const { address } = await service(t, async (stream) => {
      begun += 1
      for await (const chunk of stream.on('error', () => {})) if ((chunk as Buffer).length === 0) return
      stream.close(7)
    })
    const { ask } = await gateway(t, { address })
    await assert.rejects(ask('x'.repeat(100_000)), { code: status.UNAVAILABLE })
    assert.equal(begun, 1)
    const resetting = await service(t, (stream) => {
      begun += 1
      stream.close(2)
    })
    const other = await gateway(t, { address: resetting.address })
    await assert.rejects(other.ask('x'), { code: status.UNAVAILABLE })
    assert.equal(begun, 2)
  })

  for (const [name, code] of [
    ['in peace', 0],
    ['in anger', 11],
  ] as const)
    it(`makes a call again that came too late for a service that goes away ${name}`, async (t) => {
      let calls = 0
      const { address, sessions } = await service(t, (stream) => {
        calls += 1
        if (calls === 2) (stream.session as ServerHttp2Session).goaway(code, 1)
        else answer(stream)
      })
      const { ask } = await gateway(t, { address })
      assert.equal(await ask('first'), 'here')
      assert.equal(await ask('second'), 'here')
      assert.deepEqual([calls, sessions.size], [3, 2])
    })

  it('gives up a connection by which nothing came while a call was waited for', async (t) => {
    const { address } = await service(t, answer)
    const between = await silencer(t, address)
    const { ask } = await gateway(t, { address: between.address })
    await ask('first')
    await turns()
    between.silence()
    await assert.rejects(ask('second', { deadline: Date.now() + 1_000 }), { code: status.DEADLINE_EXCEEDED })
    assert.equal(await ask('third'), 'here')
  })

  it('does not wait for a connection longer than for the call', async (t) => {
    const deaf = createTcpServer((socket) => socket.on('error', () => {}).resume())
    await once(deaf.listen(0, '127.0.0.1'), 'listening')
    t.after(() => deaf.close())
    const { ask } = await gateway(t, { address: `127.0.0.1:${(deaf.address() as AddressInfo).port}` })
    const begun = performance.now()
    await assert.rejects(ask('x', { deadline: Date.now() + 30_000 }), { code: status.DEADLINE_EXCEEDED })
    assert.ok(performance.now() - begun < 9_000)
  })

  it('refuses a message that is larger than the route allows, in whatever pieces it comes', async (t) => {
    const { address } = await service(t, async (stream) => {
      for await (const _chunk of stream.on('error', () => {}));
      if (!stream.destroyed) answer(stream)
    })
    const { ask, client } = await gateway(t, { address, route: 'maxBody: 1KiB' })
    assert.equal(await ask('x'.repeat(1_024)), 'here')
    const words = 'A message of 200000 bytes; this address takes 1024 at most.'
    await assert.rejects(ask('x'.repeat(200_000)), failure(status.RESOURCE_EXHAUSTED, words))
    const stream = client.makeBidiStreamRequest('/t.S/Both', same, same)
    const ended = once(stream, 'error')
    for (const size of [1_000, 24, 1_024, 1_025]) stream.write(Buffer.alloc(size))
    assert.equal(((await ended)[0] as ServiceError).code, status.RESOURCE_EXHAUSTED)
  })

  it('ends a stream when the time of its route is over', async (t) => {
    const { address } = await service(t, (stream) => stream.on('error', () => {}).respond(head))
    const { client } = await gateway(t, { address, route: 'timeout: 200ms' })
    const call = client.makeServerStreamRequest('/t.S/Down', same, same, Buffer.from('x'))
    call.resume()
    const [error] = (await once(call, 'error')) as [ServiceError]
    assert.equal(error.code, status.DEADLINE_EXCEEDED)
  })

  it('serves reflection through a route of its own', async (t) => {
    const reflecting = await startReflectingServer('t.S', Buffer.alloc(0))
    t.after(reflecting.close)
    const { client } = await gateway(t, { address: reflecting.target })
    const path = '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo'
    const call = client.makeBidiStreamRequest(path, same, same)
    // ServerReflectionRequest.list_services, a string.
    call.write(Buffer.from([0x3a, 1, 42]))
    const [listed] = (await once(call, 'data')) as [Buffer]
    assert.match(String(listed), /t\.S/)
    call.end()
    call.resume()
    const [ended] = (await once(call, 'status')) as [StatusObject]
    assert.equal(ended.code, status.OK)
  })

  it('pings where calls are under way and nothing comes, and ends what does not answer', async (t) => {
    const { address } = await service(t, (stream) => stream.on('error', () => {}).respond(head))
    const between = await silencer(t, address)
    t.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] })
    const sessions = new PassSessions(between, { tls: undefined })
    t.after(() => sessions.close())
    const { stream } = await sessions.request('/t.S/Down', [])
    stream.on('error', () => {})
    await once(stream, 'response')
    t.mock.timers.tick(310_000)
    await turns()
    t.mock.timers.tick(20_000)
    await turns()
    assert.equal(stream.closed, false)
    between.silence()
    t.mock.timers.tick(290_000)
    await turns()
    t.mock.timers.tick(20_000)
    await once(stream, 'close')
  })

  describe('over TLS', { skip: missing('openssl') }, () => {
    it('trusts the authority it is told to, and no other', async (t) => {
      const reflecting = await startReflectingServer('t.S', Buffer.alloc(0), {
        methods: ['Get'],
        credentials: secured(null),
      })
      t.after(reflecting.close)
      const trusting = await gateway(t, { address: reflecting.target, tls: 'ca: ca.pem, serverName: probe.test' })
      assert.equal(await trusting.ask('secret'), 'secret')
      const other = await gateway(t, { address: reflecting.target, tls: 'ca: other.pem, serverName: probe.test' })
      await assert.rejects(other.ask('x'), failure(status.UNAVAILABLE, 'Service things could not be reached.'))
    })

    it('shows its own certificate to a service that asks for one', async (t) => {
      const reflecting = await startReflectingServer('t.S', Buffer.alloc(0), {
        methods: ['Get'],
        credentials: secured(Buffer.from(texts.ca)),
      })
      t.after(reflecting.close)
      const own = 'ca: ca.pem, serverName: probe.test, cert: client.pem, key: client.key'
      const known = await gateway(t, { address: reflecting.target, tls: own })
      assert.equal(await known.ask('secret'), 'secret')
      const unknown = await gateway(t, { address: reflecting.target, tls: 'ca: ca.pem, serverName: probe.test' })
      await assert.rejects(unknown.ask('x'), { code: status.UNAVAILABLE })
    })
  })
})

const files = missing('openssl') === false ? makeCertificates() : undefined
const texts = files === undefined ? ({} as Record<string, string>) : readCertificates(files)

const secured = (clientCa: Buffer | null): ServerCredentials =>
  ServerCredentials.createSsl(
    clientCa,
    [{ private_key: Buffer.from(texts['key'] ?? ''), cert_chain: Buffer.from(texts['certificate'] ?? '') }],
    clientCa !== null,
  )

const same = (bytes: Buffer): Buffer => bytes

const head = { ':status': 200, 'content-type': 'application/grpc' }

const answer = (stream: ServerHttp2Stream): void => {
  stream.respond(head, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
  stream.end(Buffer.concat([Buffer.from([0, 0, 0, 0, 4]), Buffer.from('here')]))
}

const failure = (code: status, details: string) => (error: unknown) => {
  assert.deepEqual([(error as ServiceError).code, (error as ServiceError).details], [code, details])
  return true
}

/** Lets what is on its way over loopback arrive, also under mocked timers. */
const turns = async (): Promise<void> => {
  for (let i = 0; i < 50; i += 1) await new Promise((resolve) => setImmediate(resolve))
}

/** A service over plain HTTP/2. */
const service = async (t: TestContext, handle: (stream: ServerHttp2Stream) => unknown) => {
  const server = createServer()
  const sessions = new Set<ServerHttp2Session>()
  server.on('session', (session) => sessions.add(session.on('error', () => {})))
  server.on('stream', (stream) => void handle(stream.on('error', () => {})))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => {
    for (const session of sessions) session.destroy()
    server.close()
  })
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, sessions }
}

/** A TCP proxy that can go silent without a word; connections made after that are served. */
const silencer = async (t: TestContext, address: string) => {
  const pairs: Socket[][] = []
  const server = createTcpServer((near) => {
    const far = connect(Number(address.split(':')[1]), '127.0.0.1')
    pairs.push([near, far])
    near.on('error', () => {}).pipe(far.on('error', () => {}))
    far.pipe(near)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => {
    for (const socket of pairs.flat()) socket.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return {
    address: `127.0.0.1:${port}`,
    host: '127.0.0.1',
    name: '127.0.0.1',
    port,
    silence() {
      for (const [near, far] of pairs) {
        near?.unpipe(far)
        far?.unpipe(near)
      }
    },
  }
}

const proto = `syntax = "proto3";
package t;
message M {}
service S {
  rpc Get(M) returns (M);
  rpc Down(M) returns (stream M);
  rpc Both(stream M) returns (stream M);
}
`

type Options = { readonly address: string; readonly route?: string; readonly tls?: string }

/** A gateway before a service, and a client of grpc-js before it. */
const gateway = async (t: TestContext, { address, route, tls }: Options) => {
  const own = tls === undefined ? '' : `, tls: { ${tls} }`
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
drain: 1s
services: { things: { grpc: "${address}", proto: t.proto, identity: none, timeout: 2s${own} } }
routes:
  - { path: /*, service: things${route === undefined ? '' : `, ${route}`} }
`,
    'protos/t.proto': proto,
    ...(files === undefined
      ? {}
      : {
          'ca.pem': texts['ca'] ?? '',
          'other.pem': texts['otherCa'] ?? '',
          'client.pem': texts['clientCertificate'] ?? '',
          'client.key': texts['clientKey'] ?? '',
        }),
  })
  const { url, close } = await startGateway(dir)
  const client = new Client(new URL(url).host, credentials.createInsecure(), {
    'grpc.max_receive_message_length': -1,
    'grpc.use_local_subchannel_pool': 1,
    // What is refused is to be the gateway's to make again.
    'grpc.enable_retries': 0,
  })
  t.after(async () => {
    client.close()
    await close()
    await remove()
  })
  const ask = (message: string, options: { readonly deadline?: number } = {}): Promise<string> =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest('/t.S/Get', same, same, Buffer.from(message), options, (error, value) =>
        error === null ? resolve(String(value)) : reject(error),
      )
    })
  return { client, ask }
}
