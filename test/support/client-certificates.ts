import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'

/** Authorities, and certificates of clients that are good or bad in one way each, with their keys: PEM, by openssl. They live a month. */
export const makeClientCertificates = () => {
  const directory = mkdtempSync(join(tmpdir(), 'mtls-'))
  after(() => rmSync(directory, { recursive: true }))
  const at = (name: string): string => join(directory, name)
  const openssl = (...args: readonly string[]): void => {
    execFileSync('openssl', args, { cwd: directory, stdio: 'pipe' })
  }
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const authority = (name: string, subject: string): void =>
    openssl('req', ...key, '-x509', '-days', '30', '-subj', subject, '-keyout', `${name}.key`, '-out', `${name}.pem`)
  authority('ca', '/CN=partners/O=Partners')
  authority('other', '/CN=partners/O=Partners')
  authority('selfSigned', '/CN=acme/O=Acme')
  openssl(
    'req',
    ...key,
    '-x509',
    '-days',
    '30',
    '-subj',
    '/CN=localhost',
    '-addext',
    'subjectAltName=DNS:localhost',
    '-keyout',
    'server.key',
    '-out',
    'server.pem',
  )
  const names = 'subjectAltName=DNS:acme.test,URI:spiffe://acme.test/payments/web,email:ops@acme.test'
  const forClients = 'extendedKeyUsage=clientAuth'
  type Made = {
    readonly subject?: string
    readonly lines?: readonly string[]
    readonly days?: string
    readonly ca?: string
  }
  const client = (
    name: string,
    { subject = '/CN=acme/O=Acme/OU=payments', lines = [names, forClients], days = '30', ca = 'ca' }: Made = {},
  ): void => {
    openssl('req', ...key, '-subj', subject, '-keyout', `${name}.key`, '-out', `${name}.csr`)
    writeFileSync(at(`${name}.ext`), lines.join('\n'))
    const signing = ['-CA', `${ca}.pem`, '-CAkey', `${ca}.key`, '-CAcreateserial', '-days', days]
    openssl('x509', '-req', '-in', `${name}.csr`, ...signing, '-extfile', `${name}.ext`, '-out', `${name}.pem`)
  }
  client('good')
  client('expired', { days: '-1' })
  client('serverOnly', { lines: [names, 'extendedKeyUsage=serverAuth'] })
  client('stranger', { ca: 'other' })
  client('revoked')
  // What a search for text would take for another.
  client('lookalike', {
    subject: '/CN=acme, O=Acme/O=evil/OU=pay ments',
    lines: [forClients, 'subjectAltName=@names', '[names]', 'URI=https://evil.test/?a=1, DNS:evil.test'],
  })
  writeFileSync(at('revoked.txt'), '')
  writeFileSync(at('ca.cnf'), '[ca]\ndefault_ca=d\n[d]\ndatabase=revoked.txt\ndefault_md=sha256\ndefault_crl_days=30\n')
  const listed = ['-config', 'ca.cnf', '-cert', 'ca.pem', '-keyfile', 'ca.key']
  openssl('ca', ...listed, '-revoke', 'revoked.pem')
  openssl('ca', ...listed, '-gencrl', '-out', 'crl.pem')
  const read = (name: string) => ({
    cert: readFileSync(at(`${name}.pem`), 'utf8'),
    key: readFileSync(at(`${name}.key`), 'utf8'),
  })
  return {
    ca: { ...read('ca'), crl: readFileSync(at('crl.pem'), 'utf8') },
    server: read('server'),
    good: read('good'),
    expired: read('expired'),
    serverOnly: read('serverOnly'),
    stranger: read('stranger'),
    selfSigned: read('selfSigned'),
    revoked: read('revoked'),
    lookalike: read('lookalike'),
  }
}
