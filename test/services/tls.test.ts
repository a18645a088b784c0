import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, it } from 'node:test'
import { readTls, type TlsConfig, tlsFiles } from '../../src/services/tls.ts'
import { missing } from '../support/programs.ts'

describe('tls of a service', { skip: missing('openssl') }, () => {
  it('is read from files of the workspace, and names them', () => {
    const config = { ca: 'a.pem', cert: 'a.pem', key: 'a.key', serverName: 'a.test', pins: ['sha256/abc='] }
    const { tls, diagnostics } = read(config)
    assert.deepEqual(diagnostics, [])
    assert.match(tls?.ca ?? '', /BEGIN CERTIFICATE/)
    assert.match(tls?.key ?? '', /BEGIN PRIVATE KEY/)
    assert.equal(tls?.serverName, 'a.test')
    assert.deepEqual(tls?.pins, ['abc='])
    assert.deepEqual(tlsFiles(config), ['a.pem', 'a.pem', 'a.key'])
  })

  for (const { title, config, at, message } of [
    {
      title: 'a file that is not there',
      config: { ca: 'none.pem' },
      at: 'ca',
      message: 'There is no readable file none.pem in the workspace.',
    },
    { title: 'a file that is no PEM', config: { ca: 'text' }, at: 'ca', message: 'text holds no certificate in PEM.' },
    {
      title: 'a certificate where the key should be',
      config: { cert: 'a.pem', key: 'a.pem' },
      at: 'key',
      message: 'a.pem holds no private key without a passphrase in PEM.',
    },
    {
      title: 'a certificate without a key',
      config: { cert: 'a.pem' },
      at: 'cert',
      message: 'A client certificate needs both `cert` and `key`; there is no `key`.',
    },
    {
      title: 'a key without a certificate',
      config: { key: 'a.key' },
      at: 'key',
      message: 'A client certificate needs both `cert` and `key`; there is no `cert`.',
    },
    {
      title: 'the key of another certificate',
      config: { cert: 'a.pem', key: 'b.key' },
      at: 'key',
      message: 'b.key is not the private key of the certificate in a.pem.',
    },
  ])
    it(`says what is wrong with ${title}`, () => {
      const [diagnostic, ...more] = read(config).diagnostics
      assert.deepEqual([diagnostic?.coordinate, diagnostic?.message], [`services.catalog.tls.${at}`, message])
      assert.deepEqual(more, [])
    })
})

const dir = mkdtempSync(join(tmpdir(), 'tls-'))
after(() => rmSync(dir, { recursive: true }))
writeFileSync(join(dir, 'text'), 'hello')
if (missing('openssl') === false)
  for (const name of ['a', 'b'])
    execFileSync(
      'openssl',
      `req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -x509 -days 1 -subj /CN=${name} -keyout ${name}.key -out ${name}.pem`.split(
        ' ',
      ),
      { cwd: dir, stdio: 'pipe' },
    )

const read = (tls: TlsConfig) =>
  readTls(tls, {
    service: 'catalog',
    workspaceDir: dir,
    placeOf: (path) => ({ file: `portico.yaml ${path.join('.')}`, line: 1, column: 1, text: '' }),
  })
