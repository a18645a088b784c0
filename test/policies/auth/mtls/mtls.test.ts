import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request as plainRequest } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { connect } from 'node:tls'
import { compileWorkspace } from '../../../../src/compile/compile.ts'
import { makeClientCertificates } from '../../../support/client-certificates.ts'
import { layWorkspace, startGateway } from '../../../support/gateway.ts'
import { told } from '../../../support/told.ts'

/** Made by openssl, as partners make theirs. */
const pems = makeClientCertificates()

describe('certificates of clients', () => {
  it('tell whose they are by what the provider says, over HTTP/1.1 and HTTP/2', async (t) => {
    const { ask, askHttp2 } = await serving(t, {})
    const { challenge: _none, ...good } = await ask('good')
    assert.deepEqual(good, { status: 200, subject: 'acme', dns: '["acme.test"]' })
    assert.deepEqual(await askHttp2('good'), { status: 200, subject: 'acme' })
    for (const [subjectFrom, subject] of [
      ['dns', 'acme.test'],
      ['uri', 'spiffe://acme.test/payments/web'],
      ['email', 'ops@acme.test'],
      ['fingerprint', fingerprintOf('good')],
    ] as const) {
      const by = await serving(t, { subjectFrom })
      assert.equal((await by.ask('good')).subject, subject)
    }
  })

  it('let nobody in who shows none, or one that TLS finds bad', async (t) => {
    const { ask, askHttp2 } = await serving(t, {})
    const none = await ask(undefined)
    assert.deepEqual([none.status, none.challenge], [401, 'ClientCertificate realm="portico"'])
    for (const name of ['expired', 'serverOnly', 'stranger', 'selfSigned', 'revoked'] as const) {
      assert.equal((await ask(name)).status, 401, name)
      assert.equal((await askHttp2(name)).status, 401, name)
    }
  })

  it('are refused, each for the reason that the log has', async (t) => {
    const { ask, reasons } = await serving(t, {})
    for (const name of ['expired', 'serverOnly', 'stranger', 'revoked'] as const) await ask(name)
    assert.deepEqual(await reasons(), ['expired', 'usage', 'unknown issuer', 'revoked'])
  })

  it('have to fit by whole values: attributes, names and fingerprints', async (t) => {
    const status = async (rules: object, name: keyof typeof pems = 'good') =>
      (await (await serving(t, rules)).ask(name)).status
    assert.equal(await status({ subject: { CN: 'acme', O: 'Acme' }, issuer: { CN: 'partners' } }), 200)
    assert.equal(await status({ subject: { OU: ['orders', 'payments'] } }), 200)
    assert.equal(await status({ subject: { O: 'Acm' } }), 401)
    assert.equal(await status({ subject: { O: 'acme' } }), 401)
    assert.equal(await status({ subject: { CN: 'acme', O: 'Acme' } }, 'lookalike'), 401)
    assert.equal(await status({ issuer: { CN: 'partner' } }), 401)
    assert.equal(await status({ dns: 'ACME.test' }), 200)
    assert.equal(await status({ dns: 'evil.test' }, 'lookalike'), 401)
    assert.equal(await status({ uri: 'spiffe://acme.test/payments/*' }), 200)
    assert.equal(await status({ uri: 'spiffe://acme.test/pay/*' }), 401)
    assert.equal(await status({ uri: 'spiffe://acme.test/payments' }), 401)
    assert.equal(await status({ email: 'ops@acme.test' }), 200)
    assert.equal(await status({ fingerprint: new X509Certificate(pems.good.cert).fingerprint256 }), 200)
    assert.equal(await status({ fingerprint: fingerprintOf('lookalike') }), 401)
  })

  it('do not change on an open connection, nor come back by a resumed session', async (t) => {
    const { port } = await serving(t, {})
    const options = {
      port,
      host: '127.0.0.1',
      ca: pems.server.cert,
      servername: 'localhost',
      maxVersion: 'TLSv1.2',
    } as const
    const socket = connect({ ...options, ...pems.good })
    await once(socket, 'secureConnect')
    const session = socket.getSession()
    const refusedTo = await new Promise((resolve) => {
      socket.on('error', resolve)
      socket.renegotiate({ rejectUnauthorized: false }, resolve)
    })
    assert.ok(refusedTo instanceof Error)
    socket.destroy()
    const again = connect({ ...options, ...(session && { session }) })
    await once(again, 'secureConnect')
    assert.equal(again.isSessionReused(), false)
    again.destroy()
  })

  it('of other providers are left to them, and roles come from where the provider says', async (t) => {
    const rules = '{ provider: partners, require: { groups: payments } }'
    const { ask } = await serving(t, { groupsClaim: 'subject.OU' }, { auth: rules })
    assert.equal((await ask('good')).status, 200)
    assert.equal((await ask('lookalike')).status, 403)
  })

  it('need a port that asks for them', async (t) => {
    const diagnostics = async (yaml: string) => {
      const { dir, remove } = await layWorkspace({ 'portico.yaml': yaml, 'ca.pem': pems.ca.cert })
      t.after(remove)
      return told((await compileWorkspace(dir, {})).diagnostics)
    }
    assert.match(await diagnostics('services: {}\nauth: { p: { mtls: {} } }\n'), /No client is asked for a certificate/)
    assert.match(
      await diagnostics('services: {}\nauth: { p: { mtls: { forwarded: { header: client-cert, ca: ca.pem } } } }\n'),
      /Anybody can send this header/,
    )
  })
})

describe('certificates in headers', () => {
  const forwarded = { forwarded: { header: 'client-cert', ca: 'ca.pem' } }
  const field = (name: keyof typeof pems) => `:${new X509Certificate(pems[name].cert).raw.toString('base64')}:`

  it('are never looked at where no setting says so, nor of peers that are no trusted proxies', async (t) => {
    const header = {
      'client-cert': field('good'),
      'x-forwarded-client-cert': `Cert="${encodeURIComponent(pems.good.cert)}"`,
    }
    const unsaid = await plain(t, {}, { trusted: '127.0.0.0/8', tls: true })
    assert.equal((await unsaid.ask(header)).status, 401)
    const untrusted = await plain(t, forwarded, { trusted: '10.0.0.0/8' })
    assert.equal((await untrusted.ask(header)).status, 401)
  })

  it('of a trusted proxy are judged like those of a connection, and reach no service', async (t) => {
    const { ask } = await plain(t, forwarded, { trusted: '127.0.0.0/8' })
    assert.deepEqual(await ask({ 'client-cert': field('good') }), { status: 200, subject: 'acme', header: undefined })
    for (const name of ['expired', 'serverOnly', 'stranger', 'selfSigned'] as const)
      assert.equal((await ask({ 'client-cert': field(name) })).status, 401, name)
    for (const bad of [
      '',
      'x',
      '::',
      ':AAAA:',
      `${field('good')}, ${field('good')}`,
      pems.good.cert.replaceAll('\n', ' '),
    ])
      assert.equal((await ask({ 'client-cert': bad })).status, 401, bad.slice(0, 20))
    assert.equal((await ask({ client_cert: field('good') })).status, 401)
  })

  it('are read as Envoy and nginx write them, one alone', async (t) => {
    const escaped = encodeURIComponent(pems.good.cert)
    const envoy = await plain(
      t,
      { forwarded: { header: 'x-forwarded-client-cert', ca: 'ca.pem' } },
      { trusted: '127.0.0.0/8' },
    )
    const status = async (value: string) => (await envoy.ask({ 'x-forwarded-client-cert': value })).status
    assert.equal(await status(`By=spiffe://a;Hash=00;Cert="${escaped}";Subject="CN=evil,O=\\"x\\"";URI=`), 200)
    assert.equal(await status(`Cert="${escaped}",Cert="${escaped}"`), 401)
    assert.equal(await status(`Cert="${escaped}";Cert="${escaped}"`), 401)
    assert.equal(await status('Subject="CN=acme";URI=spiffe://acme.test/payments/web'), 401)
    assert.equal(await status(`Subject="CN=a;Cert=${escaped}"`), 401)
    const nginx = await plain(
      t,
      { forwarded: { header: 'x-ssl-client-cert', ca: 'ca.pem' } },
      { trusted: '127.0.0.0/8' },
    )
    assert.equal((await nginx.ask({ 'x-ssl-client-cert': escaped })).status, 200)
    assert.equal((await nginx.ask({ 'x-ssl-client-cert': escaped + escaped })).status, 401)
  })
})

const fingerprintOf = (name: keyof typeof pems): string =>
  new X509Certificate(pems[name].cert).fingerprint256.replaceAll(':', '').toLowerCase()

const echo = async (t: TestContext): Promise<number> => {
  const server = createServer((asked, reply) => reply.end(JSON.stringify(asked.headers)))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

type Place = { readonly auth?: string; readonly trusted?: string; readonly tls?: boolean }

const start = async (t: TestContext, rules: object, { auth = 'partners', trusted, tls = false }: Place) => {
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `listen: 127.0.0.1:0
${tls ? 'tls: { cert: cert.pem, key: key.pem, clients: { ca: ca.pem, crl: crl.pem } }\n' : ''}
${trusted === undefined ? '' : `trustedProxies: [${trusted}]`}
probes: 127.0.0.1:0
services:
  echo:
    rest: http://127.0.0.1:${await echo(t)}
    identity: { headers: { x-subject: subject, x-dns: claims.dns } }
auth: { partners: { mtls: ${JSON.stringify(rules)} } }
routes: [{ path: /echo, service: echo, auth: ${auth} }]
`,
    'cert.pem': pems.server.cert,
    'key.pem': pems.server.key,
    'ca.pem': pems.ca.cert,
    'crl.pem': pems.ca.crl,
  })
  const running = await startGateway(dir)
  t.after(async () => {
    await running.close()
    await remove()
  })
  return running
}

const answerOf = async (reply: IncomingMessage) => {
  let text = ''
  for await (const chunk of reply) text += String(chunk)
  const challenge = reply.headers['www-authenticate']
  const body = JSON.parse(text) as Record<string, string>
  return { status: reply.statusCode, challenge, body }
}

/** A gateway that asks clients for certificates. */
const serving = async (t: TestContext, rules: object, place: Place = {}) => {
  const { gateway } = await start(t, rules, { ...place, tls: true })
  const { port } = gateway.listen
  const server = { ca: pems.server.cert, servername: 'localhost' }
  const shown = (name: keyof typeof pems | undefined) =>
    name === undefined ? {} : { cert: pems[name].cert, key: pems[name].key }
  return {
    port,
    ask: async (name: keyof typeof pems | undefined) => {
      const asked = request({ host: '127.0.0.1', port, path: '/echo', agent: false, ...server, ...shown(name) }).end()
      const [reply] = (await once(asked, 'response')) as [IncomingMessage]
      const { status, challenge, body } = await answerOf(reply)
      return { status, challenge, subject: body['x-subject'], dns: body['x-dns'] }
    },
    askHttp2: async (name: keyof typeof pems) => {
      const session = connectHttp2(`https://localhost:${port}`, { host: '127.0.0.1', ...server, ...shown(name) })
      t.after(() => session.destroy())
      const stream = session.request({ ':path': '/echo' })
      const [headers] = (await once(stream, 'response')) as [Record<string, unknown>]
      let text = ''
      for await (const chunk of stream) text += String(chunk)
      session.destroy()
      const status = headers[':status']
      return status === 200
        ? { status, subject: (JSON.parse(text) as Record<string, string>)['x-subject'] }
        : { status }
    },
    /** Of refusals, as the metrics count them, in no order. */
    reasons: async (): Promise<readonly string[]> => {
      const { host, port: probes } = gateway.probes ?? { host: '', port: 0 }
      const text = await (await fetch(`http://${host}:${probes}/metrics`)).text()
      return [...text.matchAll(/^portico_auth_total\{.*outcome="failed",reason="([^"]+)"/gm)].map(
        ([, reason = '']) => reason,
      )
    },
  }
}

/** A gateway behind a proxy that ends TLS, or one that only looks like it. */
const plain = async (t: TestContext, rules: object, place: Place) => {
  const { gateway } = await start(t, rules, place)
  const { port } = gateway.listen
  const options = { host: '127.0.0.1', port, path: '/echo', agent: false } as const
  return {
    ask: async (headers: Readonly<Record<string, string>>) => {
      const asked =
        place.tls === true
          ? request({ ...options, headers, ca: pems.server.cert, servername: 'localhost' }).end()
          : plainRequest({ ...options, headers }).end()
      const [reply] = (await once(asked, 'response')) as [IncomingMessage]
      const { status, body } = await answerOf(reply)
      return status === 200 ? { status, subject: body['x-subject'], header: body['client-cert'] } : { status }
    },
  }
}
