import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { createSecureContext } from 'node:tls'
import type { Code } from '../kernel/codes/codes.ts'
import type { Diagnostic, Place } from '../kernel/diagnostic.ts'

/** `tls:` of a service as it is written: PEM files, relative to the workspace. */
export type TlsConfig = {
  readonly ca?: string | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
  readonly serverName?: string | undefined
}

/** The same with the files read. */
export type TlsSettings = {
  readonly ca?: string
  readonly cert?: string
  readonly key?: string
  readonly serverName?: string
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
  const read = (member: 'ca' | 'cert' | 'key', proper: (pem: string) => unknown, what: string): string | undefined => {
    const file = tls[member]
    if (file === undefined) return
    const pem = textOf(resolve(workspaceDir, file))
    if (pem === undefined) return wrong(member, `There is no readable file ${file} in the workspace.`, 'PORTICO-009')
    return works(() => proper(pem)) ? pem : wrong(member, `${file} holds no ${what} in PEM.`)
  }
  const ca = read('ca', (pem) => new X509Certificate(pem), 'certificate')
  const cert = read('cert', (pem) => new X509Certificate(pem), 'certificate')
  const key = read('key', createPrivateKey, 'private key without a passphrase')
  if ((tls.cert === undefined) !== (tls.key === undefined)) {
    const [there, missing] = tls.cert === undefined ? (['key', 'cert'] as const) : (['cert', 'key'] as const)
    wrong(there, `A client certificate needs both \`cert\` and \`key\`; there is no \`${missing}\`.`)
  }
  if (cert !== undefined && key !== undefined && !works(() => createSecureContext({ cert, key })))
    wrong('key', `${tls.key} is not the private key of the certificate in ${tls.cert}.`)
  const settings = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
    ...(tls.serverName === undefined ? {} : { serverName: tls.serverName }),
  }
  return { tls: settings, diagnostics }
}

const textOf = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

const works = (attempt: () => unknown): boolean => {
  try {
    attempt()
    return true
  } catch {
    return false
  }
}
