import { readPem, unfitPair } from '../config/pem.ts'
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
  }
  return { tls: settings, diagnostics }
}
