import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'

/**
 * The paths of an authority, another one, a certificate of the first for probe.test and localhost, the same expired, one
 * for *.shop.test, and one for a client with a list that revokes it, all PEM, with keys. They live a month, and their
 * files as long as the test file runs. By openssl.
 */
export const makeCertificates = () => {
  const directory = mkdtempSync(join(tmpdir(), 'tls-'))
  after(() => rmSync(directory, { recursive: true }))
  const openssl = (command: string): void => {
    execFileSync('openssl', command.split(' '), { cwd: directory, stdio: 'pipe' })
  }
  const keyed = 'req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'
  const signed = 'x509 -req -CA ca.pem -CAkey ca.key -CAcreateserial'
  const at = (name: string): string => join(directory, name)
  openssl(`${keyed} -x509 -days 30 -subj /CN=ca -keyout ca.key -out ca.pem`)
  openssl(`${keyed} -x509 -days 30 -subj /CN=other -keyout other.key -out other.pem`)
  openssl(`${keyed} -subj /CN=probe.test -keyout server.key -out server.csr`)
  writeFileSync(at('names'), 'subjectAltName=DNS:probe.test,DNS:localhost')
  openssl(`${signed} -in server.csr -days 30 -extfile names -out server.pem`)
  openssl(`${signed} -in server.csr -days -1 -extfile names -out expired.pem`)
  openssl(`${keyed} -subj /CN=gateway -keyout client.key -out client.csr`)
  openssl(`${signed} -in client.csr -days 30 -out client.pem`)
  openssl(`${keyed} -subj /CN=shop -keyout shop.key -out shop.csr`)
  writeFileSync(at('shop.names'), 'subjectAltName=DNS:*.shop.test')
  openssl(`${signed} -in shop.csr -days 30 -extfile shop.names -out shop.pem`)
  writeFileSync(at('revoked.txt'), '')
  writeFileSync(at('ca.cnf'), '[ca]\ndefault_ca=d\n[d]\ndatabase=revoked.txt\ndefault_md=sha256\ndefault_crl_days=30\n')
  const listed = '-config ca.cnf -cert ca.pem -keyfile ca.key'
  openssl(`ca ${listed} -gencrl -out none-revoked.pem`)
  openssl(`ca ${listed} -revoke client.pem`)
  openssl(`ca ${listed} -gencrl -out revoked.pem`)
  return {
    ca: at('ca.pem'),
    otherCa: at('other.pem'),
    key: at('server.key'),
    certificate: at('server.pem'),
    expired: at('expired.pem'),
    clientKey: at('client.key'),
    clientCertificate: at('client.pem'),
    shopKey: at('shop.key'),
    shopCertificate: at('shop.pem'),
    noneRevoked: at('none-revoked.pem'),
    revoked: at('revoked.pem'),
  }
}

/** The same as texts. */
export const readCertificates = (files: ReturnType<typeof makeCertificates>): ReturnType<typeof makeCertificates> =>
  Object.fromEntries(Object.entries(files).map(([name, path]) => [name, readFileSync(path, 'utf8')])) as typeof files
