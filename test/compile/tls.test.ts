import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { compileWorkspace } from '../../src/compile/compile.ts'
import { formatDiagnostics } from '../../src/kernel/diagnostic.ts'
import { makeCertificates, readCertificates } from '../support/certificates.ts'
import { layWorkspace } from '../support/gateway.ts'

const texts = readCertificates(makeCertificates())

describe('tls', () => {
  it('names each file that is missing, no PEM or not of the pair, at its place', async (t) => {
    const said = await mistakes(t, 'tls: { cert: none.pem, key: key.pem, clients: { ca: key.pem, crl: cert.pem } }')
    assert.match(said, /portico\.yaml:1:14 {2}tls\.cert {2}PORTICO-009\n[^]*no readable file none\.pem/)
    assert.match(said, /tls\.clients\.ca {2}PORTICO-012\n[^]*key\.pem holds no certificate in PEM/)
    assert.match(said, /tls\.clients\.crl {2}PORTICO-012\n[^]*cert\.pem holds no list of revoked certificates in PEM/)
    assert.match(
      await mistakes(t, 'tls: { certificates: [{ cert: cert.pem, key: shop.key }] }'),
      /tls\.certificates\[0\]\.key {2}PORTICO-012\n[^]*shop\.key is not the private key of the certificate in cert\.pem/,
    )
    assert.match(await mistakes(t, 'tls: { cert: cert.pem }'), /tls\.key {2}PORTICO-004/)
  })

  it('warns of certificates that clients will not take', async (t) => {
    assert.match(
      await mistakes(t, 'tls: { cert: expired.pem, key: key.pem }'),
      /tls\.cert {2}PORTICO-708 {2}\(warning\)\n[^]*expired\.pem has expired on \d{4}-\d\d-\d\d: clients will refuse it/,
    )
    assert.match(
      await mistakes(t, 'tls: { cert: client.pem, key: client.key }'),
      /PORTICO-708 {2}\(warning\)\n[^]*client\.pem bears no DNS name \(subjectAltName\)/,
    )
    assert.match(
      await mistakes(t, 'tls: { certificates: [{ cert: cert.pem, key: key.pem }, { cert: cert.pem, key: key.pem }] }'),
      /tls\.certificates\[1\]\.cert {2}PORTICO-708 {2}\(warning\)\n[^]*cert\.pem is for probe\.test as another is before it/,
    )
  })
})

const mistakes = async (t: TestContext, settings: string): Promise<string> => {
  const { dir, remove } = await layWorkspace({
    'portico.yaml': `${settings}\nservices: {}\n`,
    'cert.pem': texts.certificate,
    'key.pem': texts.key,
    'expired.pem': texts.expired,
    'shop.key': texts.shopKey,
    'client.pem': texts.clientCertificate,
    'client.key': texts.clientKey,
  })
  t.after(remove)
  return formatDiagnostics((await compileWorkspace(dir, {})).diagnostics)
}
