import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { ServerCredentials } from '@grpc/grpc-js'
import { runProgram } from '../../src/cli/program.ts'
import { makeCertificates } from '../support/certificates.ts'
import { descriptorSetOf } from '../support/descriptor-set.ts'
import { layWorkspace, startGateway } from '../support/gateway.ts'
import { missing } from '../support/programs.ts'
import { startReflectingServer } from '../support/reflecting-server.ts'

describe('portico register, of a service behind TLS', { skip: missing('openssl') }, () => {
  const files = missing('openssl') ? undefined : makeCertificates()

  it('asks it by the authority and the certificate it is given, and the gateway calls it so', async (t) => {
    const { target, dir, register } = await ground(t, files, true)
    const { ca = '', clientCertificate = '', clientKey = '' } = files ?? {}
    const shown = ['--ca', ca, '--cert', clientCertificate, '--key', clientKey]
    const { exit, err } = await register('--target', target, '--reflect', ...shown)
    assert.deepEqual([exit, err], [0, ''])
    assert.match(
      await readFile(join(dir, 'portico.yaml'), 'utf8'),
      /tls:\n {6}ca: .*\/ca\.pem\n {6}cert: .*\/client\.pem\n {6}key: .*\/client\.key\n/,
    )
    const { url, close } = await startGateway(dir, { env: { PORTICO_LISTEN: '127.0.0.1:0' } })
    t.after(close)
    assert.deepEqual(await (await fetch(`${url}/api/v1/words/tea`)).json(), { text: 'tea' })
    const again = await register('--reflect')
    assert.match(again.out, /^words is registered so already; nothing is to be written\.$/m)
  })

  for (const { title, asksForOurs, given, said } of [
    { title: 'TLS that is not asked for', given: [], said: /Does it want `tls`\?/ },
    {
      title: 'an authority that nobody trusts',
      given: ['--tls'],
      said: /no authority that is trusted; `tls\.ca` names one/,
    },
    { title: 'the wrong authority', given: ['--ca', files?.otherCa ?? ''], said: /no authority that is trusted/ },
    { title: 'an authority that is no file', given: ['--ca', 'ca.pem'], said: /There is no readable file \S*ca\.pem/ },
    {
      title: 'a service that asks for our certificate',
      asksForOurs: true,
      given: ['--ca', files?.ca ?? ''],
      said: /asks for a certificate of the gateway: `tls\.cert` and `tls\.key`/,
    },
  ] as const)
    it(`says what is wrong with ${title}, and writes nothing`, async (t) => {
      const { target, dir, register } = await ground(t, files, asksForOurs)
      const { exit, err } = await register('--target', target, '--reflect', ...given)
      assert.equal(exit, 1)
      assert.match(err, said)
      assert.equal(existsSync(dir), false)
    })
})

const proto = `syntax = "proto3";
package words.v1;
import "google/api/annotations.proto";
service Words { rpc Get(Word) returns (Word) { option (google.api.http) = { get: "/v1/words/{text}" }; } }
message Word { string text = 1; }
`

/** A service that reflects behind TLS and answers with what it is asked, and a workspace still to be made. */
const ground = async (
  t: TestContext,
  files: ReturnType<typeof makeCertificates> | undefined,
  asksForOurs: boolean | undefined,
) => {
  assert.ok(files)
  const pair = { cert_chain: readFileSync(files.certificate), private_key: readFileSync(files.key) }
  const authority = asksForOurs === true ? readFileSync(files.ca) : null
  const credentials = ServerCredentials.createSsl(authority, [pair], authority !== null)
  const set = await descriptorSetOf('words.proto', proto)
  const server = await startReflectingServer('words.v1.Words', set, { credentials, methods: ['Get'] })
  const workspace = await layWorkspace({})
  t.after(async () => {
    server.close()
    await workspace.remove()
  })
  const dir = join(workspace.dir, 'gateway')
  const register = async (...args: readonly string[]) => {
    let [out, err] = ['', '']
    const terminal = {
      out: (text: string) => void (out += text),
      err: (text: string) => void (err += text),
      colours: false,
    }
    const exit = await runProgram(['register', 'words', ...args, '--dir', dir], terminal, '0.0.0')
    return { exit, out, err }
  }
  return { target: server.target.replace('127.0.0.1', 'localhost'), dir, register }
}
