import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it, type TestContext } from 'node:test'
import { ServerCredentials } from '@grpc/grpc-js'
import type { GrpcService } from '../../../../src/services/service.ts'
import { missing } from '../../../support/programs.ts'
import { connectProbe, inputOf, requestContext, startProbe } from '../fixtures/probe.ts'

describe('TLS to a service', { skip: missing('openssl') }, () => {
  it('accepts a certificate of the authority it is told to trust', async (test) => {
    const ask = await probe(test, { ca: files.ca, serverName: 'probe.test' })
    assert.deepEqual((await ask(inputOf(''), requestContext({}))).output, { text: 'secret', number: '0' })
  })

  it('refuses it without that authority', async (test) => {
    const ask = await probe(test, { serverName: 'probe.test' })
    await assert.rejects(ask(inputOf(''), requestContext({})), refused)
  })

  it('refuses a certificate of another authority', async (test) => {
    const ask = await probe(test, { ca: files.otherCa, serverName: 'probe.test' })
    await assert.rejects(ask(inputOf(''), requestContext({})), refused)
  })

  it('refuses a certificate for another name', async (test) => {
    const ask = await probe(test, { ca: files.ca })
    await assert.rejects(ask(inputOf(''), requestContext({})), refused)
  })

  it('does not fall back to plain text', async (test) => {
    const ask = await probe(test, undefined)
    await assert.rejects(ask(inputOf(''), requestContext({})), { code: 'UNAVAILABLE', status: 502 })
  })
})

const refused = { code: 'UNAVAILABLE', status: 502, message: 'Service probe could not be reached.' }

const nothing = { ca: '', otherCa: '', key: '', certificate: '' }
const files = missing('openssl') ? nothing : makeFiles()

/** An authority, another one, and a certificate of the first for probe.test; they live a day. */
function makeFiles(): typeof nothing {
  const directory = mkdtempSync(join(tmpdir(), 'tls-'))
  after(() => rmSync(directory, { recursive: true }))
  const openssl = (command: string): void => {
    execFileSync('openssl', command.split(' '), { cwd: directory, stdio: 'pipe' })
  }
  const keyed = 'req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
  const read = (name: string): string => readFileSync(join(directory, name), 'utf8')
  openssl(`${keyed} -x509 -days 1 -subj /CN=ca -keyout ca.key -out ca.pem`)
  openssl(`${keyed} -x509 -days 1 -subj /CN=other -keyout other.key -out other.pem`)
  openssl(`${keyed} -subj /CN=probe.test -keyout server.key -out server.csr`)
  writeFileSync(join(directory, 'names'), 'subjectAltName=DNS:probe.test')
  openssl('x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 1 -extfile names -out server.pem')
  return { ca: read('ca.pem'), otherCa: read('other.pem'), key: read('server.key'), certificate: read('server.pem') }
}

const probe = async (test: TestContext, tls: GrpcService['tls']) => {
  const pair = { private_key: Buffer.from(files.key), cert_chain: Buffer.from(files.certificate) }
  const server = await startProbe(
    { ask: (_call, reply) => reply(null, { text: 'secret' }) },
    ServerCredentials.createSsl(null, [pair]),
  )
  const client = connectProbe({ address: server.address, tls })
  test.after(async () => {
    await client.close()
    server.close()
  })
  return client.ask
}
