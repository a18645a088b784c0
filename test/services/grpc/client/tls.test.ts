import assert from 'node:assert/strict'
import { hash, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { createServer } from 'node:tls'
import { connectivityState, ServerCredentials } from '@grpc/grpc-js'
import { openClient } from '../../../../src/services/grpc/client/channel.ts'
import type { GrpcService } from '../../../../src/services/service.ts'
import { makeCertificates, readCertificates } from '../../../support/certificates.ts'
import { missing } from '../../../support/programs.ts'
import { connectProbe, inputOf, requestContext, startProbe } from '../fixtures/probe.ts'

describe('TLS to a service', { skip: missing('openssl') }, () => {
  it('accepts a certificate of the authority it is told to trust', async (test) => {
    const { ask } = await probe(test, { ca: files.ca, serverName: 'probe.test' })
    assert.deepEqual((await ask(inputOf(''), requestContext({}))).output, { text: 'secret', number: '0' })
  })

  it('refuses it without that authority', async (test) => {
    const { ask } = await probe(test, { serverName: 'probe.test' })
    await assert.rejects(ask(inputOf(''), requestContext({})), refused)
  })

  it('refuses a certificate of another authority', async (test) => {
    const { ask } = await probe(test, { ca: files.otherCa, serverName: 'probe.test' })
    await assert.rejects(ask(inputOf(''), requestContext({})), refused)
  })

  it('refuses a certificate for another name', async (test) => {
    const { ask } = await probe(test, { ca: files.ca })
    await assert.rejects(ask(inputOf(''), requestContext({})), refused)
  })

  it('verifies the certificate for streams too', async (test) => {
    const trusted = await probe(test, { ca: files.ca, serverName: 'probe.test' })
    assert.deepEqual(await allOf(trusted.watch(inputOf(''), requestContext({}))), [{ text: 'secret', number: '0' }])
    const untrusted = await probe(test, { ca: files.otherCa, serverName: 'probe.test' })
    await assert.rejects(allOf(untrusted.watch(inputOf(''), requestContext({}))), refused)
  })

  it('accepts a key that is pinned, for calls and streams alike', async (test) => {
    const key = new X509Certificate(files.certificate).publicKey.export({ type: 'spki', format: 'der' })
    const pins = [`${'A'.repeat(43)}=`, hash('sha256', key, 'base64')]
    const { ask, watch } = await probe(test, { ca: files.ca, serverName: 'probe.test', pins })
    assert.deepEqual((await ask(inputOf(''), requestContext({}))).output, { text: 'secret', number: '0' })
    assert.equal((await allOf(watch(inputOf(''), requestContext({})))).length, 1)
  })

  it('verifies the pinned key also where requests are streamed', async (test) => {
    const { address } = await server(test)
    const [host = '', port] = address.split(':')
    const key = new X509Certificate(files.certificate).publicKey.export({ type: 'spki', format: 'der' })
    const connected = async (pin: string): Promise<boolean> => {
      const tls = { ca: files.ca, serverName: 'probe.test', pins: [pin] }
      const client = openClient({ host, port: Number(port), name: host }, { tls, maxAnswerBytes: 1_000 })
      test.after(() => client.close())
      const channel = client.getChannel()
      let state = channel.getConnectivityState(true)
      while (state !== connectivityState.READY && state !== connectivityState.TRANSIENT_FAILURE) {
        await new Promise<unknown>((resolve) => channel.watchConnectivityState(state, Date.now() + 60_000, resolve))
        state = channel.getConnectivityState(false)
      }
      return state === connectivityState.READY
    }
    assert.equal(await connected(hash('sha256', key, 'base64')), true)
    assert.equal(await connected(`${'A'.repeat(43)}=`), false)
  })

  it('shows its own certificate to a service that asks for one', async (test) => {
    const own = { cert: files.clientCertificate, key: files.clientKey }
    const known = await probe(test, { ca: files.ca, serverName: 'probe.test', ...own }, files.ca)
    assert.deepEqual((await known.ask(inputOf(''), requestContext({}))).output, { text: 'secret', number: '0' })
    assert.equal((await allOf(known.watch(inputOf(''), requestContext({})))).length, 1)
    const unknown = await probe(test, { ca: files.ca, serverName: 'probe.test' }, files.ca)
    await assert.rejects(unknown.ask(inputOf(''), requestContext({})), { code: 'UNAVAILABLE', status: 502 })
  })

  for (const { title, tls, asked, shown, words } of [
    {
      title: 'an authority that is not trusted',
      tls: () => ({ serverName: 'probe.test' }),
      words: /`tls\.ca` names one/,
    },
    { title: 'another name', tls: () => ({ ca: files.ca }), words: /`tls\.serverName` names it/ },
    {
      title: 'a certificate that has expired',
      tls: () => ({ ca: files.ca, serverName: 'probe.test' }),
      shown: () => files.expired,
      words: /The certificate of the service has expired/,
    },
    {
      title: 'a service that asks for our certificate',
      tls: () => ({ ca: files.ca, serverName: 'probe.test' }),
      asked: () => files.ca,
      words: /`tls\.cert` and `tls\.key`/,
    },
    {
      title: 'a key that is not pinned',
      tls: () => ({ ca: files.ca, serverName: 'probe.test', pins: [`${'A'.repeat(43)}=`] }),
      words: /has the key sha256\/[A-Za-z0-9+/]{43}=, which is not among `tls\.pins`/,
    },
    { title: 'a service that wants TLS', tls: () => undefined, words: /Does it want `tls`\?/ },
  ])
    it(`tells the operator what is wrong with ${title}, for calls and streams alike`, async (test) => {
      const { ask, watch } = await probe(test, tls(), asked?.(), shown?.())
      const told = (thrown: Error): boolean => words.test((thrown.cause as Error).message)
      await assert.rejects(ask(inputOf(''), requestContext({})), told)
      await assert.rejects(allOf(watch(inputOf(''), requestContext({}))), told)
    })

  it('tells the operator where TLS is asked of a service that has none', async (test) => {
    const server = await startProbe({})
    const { ask, close } = connectProbe({ address: server.address, tls: { ca: files.ca } })
    test.after(async () => {
      await close()
      server.close()
    })
    await assert.rejects(
      ask(inputOf(''), requestContext({})),
      ({ cause }) => cause.message === 'The service speaks no TLS at this port; `tls` asks for it.',
    )
  })

  it('refuses a server that does not agree on HTTP/2', async (test) => {
    const server = createServer({ key: files.key, cert: files.certificate }, (socket) => socket.on('error', () => {}))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const client = connectProbe({ address: `127.0.0.1:${port}`, tls: { ca: files.ca, serverName: 'probe.test' } })
    test.after(async () => {
      await client.close()
      server.close()
    })
    const foreign = { code: 'UNAVAILABLE', status: 502, message: 'Service probe did not answer in gRPC.' }
    await assert.rejects(client.ask(inputOf(''), requestContext({})), foreign)
  })

  it('does not fall back to plain text', async (test) => {
    const { ask } = await probe(test, undefined)
    await assert.rejects(ask(inputOf(''), requestContext({})), { code: 'UNAVAILABLE', status: 502 })
  })
})

const refused = { code: 'UNAVAILABLE', status: 502, message: 'Service probe could not be reached.' }

const files = missing('openssl') ? ({} as ReturnType<typeof makeCertificates>) : readCertificates(makeCertificates())

/** `clients` is the authority whose clients alone are let in. */
const server = async (test: TestContext, clients?: string, certificate = files.certificate) => {
  const pair = { private_key: Buffer.from(files.key), cert_chain: Buffer.from(certificate) }
  const started = await startProbe(
    {
      ask: (_call, reply) => reply(null, { text: 'secret' }),
      watch: (call) => {
        call.write({ text: 'secret' })
        call.end()
      },
    },
    ServerCredentials.createSsl(clients === undefined ? null : Buffer.from(clients), [pair], clients !== undefined),
  )
  test.after(() => started.close())
  return started
}

const probe = async (test: TestContext, tls: GrpcService['tls'], clients?: string, certificate?: string) => {
  const { address } = await server(test, clients, certificate)
  const client = connectProbe({ address, tls })
  test.after(() => client.close())
  return client
}

const allOf = async <T>(messages: AsyncIterable<T>): Promise<readonly T[]> => {
  const all: T[] = []
  for await (const message of messages) all.push(message)
  return all
}
