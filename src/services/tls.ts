import { hash, X509Certificate } from 'node:crypto'
import { checkServerIdentity } from 'node:tls'
import { readPem, unfitPair } from '../config/pem.ts'
import type { Code } from '../kernel/codes/codes.ts'
import type { Diagnostic, Place } from '../kernel/diagnostic.ts'

/** `tls:` of a service as it is written: PEM files, relative to the workspace. */
export type TlsConfig = {
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
  readonly serverName?: string | undefined
  readonly pins?: readonly string[] | undefined
}

/** The same with the files read. */
export type TlsSettings = {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly serverName?: string
  /** Public keys of which the service must show one: SHA-256 of the SubjectPublicKeyInfo, in base64. */
  readonly pins?: readonly string[]
}

/** The files that a service's TLS is made of: what changes in them means new connections. */
export const tlsFiles = (tls: TlsConfig | undefined): readonly string[] =>
  [tls?.ca, tls?.cert, tls?.key].filter((file) => file !== undefined)

type Surroundings = {
  readonly service: string
  readonly workspaceDir: string
  readonly placeOf: (path: readonly (string | number)[]) => Place
}

/** Reads the files of a service's TLS. What is missing, is no PEM or does not fit together is a diagnostic. */
export const readTls = (
  tls: TlsConfig | undefined,
  { service, workspaceDir, placeOf }: Surroundings,
): { readonly tls: TlsSettings | undefined; readonly diagnostics: readonly Diagnostic[] } => {
  if (tls === undefined) return { tls, diagnostics: [] }
  const diagnostics: Diagnostic[] = []
  const wrong = (member: 'ca' | 'cert' | 'key', message: string, code: Code = 'PORTICO-012'): undefined => {
    const coordinate = `services.${service}.tls.${member}`
    const written = tls[member] === undefined ? [] : [member]
    diagnostics.push({
      severity: 'error',
      code,
      place: placeOf(['services', service, 'tls', ...written]),
      coordinate,
      message,
    })
  }
  const read = (member: 'ca' | 'cert' | 'key', kind: Parameters<typeof readPem>[1]): string | undefined => {
    const file = tls[member]
    if (file === undefined) return
    return readPem(file, kind, { workspaceDir, refuse: (message, code) => wrong(member, message, code) })
  }
  const ca = read('ca', 'certificate')
  const cert = read('cert', 'certificate')
  const key = read('key', 'privateKey')
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    const [there, missing] = tls.cert === undefined ? (['key', 'cert'] as const) : (['cert', 'key'] as const)
    wrong(there, `A client certificate needs both \`cert\` and \`key\`; there is no \`${missing}\`.`)
  }
  if (tls.cert !== undefined && tls.key !== undefined && cert !== undefined && key !== undefined) {
    const unfit = unfitPair({ cert, key }, { cert: tls.cert, key: tls.key })
    if (unfit !== undefined) wrong('key', unfit)
  }
  const settings = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
    ...(tls.serverName === undefined ? {} : { serverName: tls.serverName }),
    ...(tls.pins === undefined ? {} : { pins: tls.pins.map((pin) => pin.slice(pinPrefix.length)) }),
  }
  return { tls: settings, diagnostics }
}

/** What tells connections by one TLS from those by another, without secrets. */
export const tlsKey = (tls: TlsSettings | undefined): string =>
  tls === undefined ? 'plain' : hash('sha256', JSON.stringify(tls), 'base64url')

/** How a pin begins as it is written, as in RFC 7469 and `curl --pinnedpubkey`. */
export const pinPrefix = 'sha256/'

/** Whether a certificate, whose chain is verified, is the service's: Node's rule for names, and where there are pins its key. */
export const identityCheck = (pins: TlsSettings['pins'] | undefined): typeof checkServerIdentity =>
  pins === undefined
    ? checkServerIdentity
    : (host, certificate) => checkServerIdentity(host, certificate) ?? unpinned(certificate.raw, pins)

const unpinned = (certificate: Buffer, pins: readonly string[]): Error | undefined => {
  const key = new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' })
  const pin = hash('sha256', key, 'base64')
  return pins.includes(pin)
    ? undefined
    : new Error(`The certificate of the service has the key ${pinPrefix}${pin}, which is not among \`tls.pins\`.`)
}
