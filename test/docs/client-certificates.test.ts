import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, request as plainRequest } from 'node:http'
import { request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { describe, it, type TestContext } from 'node:test'
import { makeClientCertificates } from '../support/client-certificates.ts'
import { layWorkspace, startGateway } from '../support/gateway.ts'

const guide = 'docs/guides/securing/client-certificates.md'
const [overTls = '', behindProxy = ''] = [...readFileSync(guide, 'utf8').matchAll(/^```yaml\n([^]*?)^```$/gm)].map(
  ([, yaml = '']) => yaml,
)
const pems = makeClientCertificates()

describe(guide, () => {
  it('shows whom a certificate of their connection lets in', async (t) => {
    const { port, told } = await serving(t, overTls)
    const ask = async (name?: keyof typeof pems, path = '/orders/1'): Promise<number | undefined> => {
      const shown = name === undefined ? {} : pems[name]
      const server = { ca: pems.server.cert, servername: 'localhost' }
      return statusOf(request({ host: '127.0.0.1', port, path, agent: false, ...server, ...shown }))
    }
    assert.equal(await ask('good'), 200)
    assert.deepEqual([told()?.['x-auth-provider'], told()?.['x-auth-subject']], ['acme', 'acme'])
    for (const name of [undefined, 'lookalike', 'stranger', 'expired', 'revoked', 'serverOnly'] as const)
      assert.equal(await ask(name), 401, name)
    // It bears no name below spiffe://shop.example/checkout.
    assert.equal(await ask('good', '/stock/1'), 401)
  })

  it('shows whom the certificate lets in that a trusted proxy tells of', async (t) => {
    const field = (name: keyof typeof pems) => `:${new X509Certificate(pems[name].cert).raw.toString('base64')}:`
    const ask = async (port: number, headers: Readonly<Record<string, string>>) =>
      statusOf(plainRequest({ host: '127.0.0.1', port, path: '/orders/1', headers }))
    const { port, told } = await serving(t, behindProxy.replace('10.0.0.0/8', '127.0.0.0/8'))
    assert.equal(await ask(port, { 'client-cert': field('good') }), 200)
    assert.deepEqual([told()?.['x-auth-subject'], told()?.['client-cert']], ['acme', undefined])
    assert.equal(await ask(port, {}), 401)
    assert.equal(await ask(port, { 'client-cert': field('stranger') }), 401)
    assert.equal(await ask((await serving(t, behindProxy)).port, { 'client-cert': field('good') }), 401)
  })
})

/** The settings of an example, on a free port and before a service that says what it was told. */
const serving = async (t: TestContext, yaml: string) => {
  let headers: IncomingHttpHeaders | undefined
  const service = createServer((asked, reply) => {
    headers = asked.headers
    reply.end()
  })
  await once(service.listen(0, '127.0.0.1'), 'listening')
  const { dir, remove } = await layWorkspace({
    'portico.yaml': yaml
      .replace(/^listen: .*$/m, 'listen: 127.0.0.1:0')
      .replace('10.0.0.1:5001', `127.0.0.1:${(service.address() as AddressInfo).port}`),
    'tls/shop.crt': pems.server.cert,
    'tls/shop.key': pems.server.key,
    'tls/partners-ca.pem': pems.ca.cert,
    'tls/partners-revoked.pem': pems.ca.crl,
  })
  const { gateway, close } = await startGateway(dir)
  t.after(async () => {
    await close()
    service.close()
    await remove()
  })
  return { port: gateway.listen.port, told: () => headers }
}

const statusOf = async (asked: ReturnType<typeof request>): Promise<number | undefined> => {
  const [reply] = (await once(asked.end(), 'response')) as [IncomingMessage]
  reply.resume()
  return reply.statusCode
}
