import { X509Certificate } from 'node:crypto'
import { z } from 'zod'
import { type Pair, readPem, unfitPair } from '../config/pem.ts'
import { duration, type HostPort, hostPort } from '../config/scalars.ts'
import type { Code } from '../kernel/codes/codes.ts'
import type { Diagnostic, Place } from '../kernel/diagnostic.ts'

const pair = {
  cert: z.string().describe('A PEM file of the certificate, and of those between it and its authority.'),
  key: z.string().describe('A PEM file of its private key.'),
}

const common = {
  minVersion: z
    .enum(['TLSv1.2', 'TLSv1.3'])
    .default('TLSv1.2')
    .describe('The oldest version of TLS that clients may speak; nothing before 1.2 is.'),
  clients: z
    .strictObject({
      ca: z.string().describe('A PEM file of the authorities that certificates of clients come from.'),
      crl: z
        .string()
        .optional()
        .describe(
          'A PEM file of revoked certificates, one list for each authority. One that has expired lets nobody in.',
        ),
      required: z
        .boolean()
        .default(false)
        .describe(
          'Whether a client without a good certificate gets no connection at all. By default it gets in as one that shows none, and `auth` decides.',
        ),
    })
    .optional()
    .describe('Certificates that clients may show, for `auth` by `mtls`.'),
  hsts: duration
    .default(31_536_000_000)
    .describe('How long browsers keep to https for this host (RFC 6797); `0s` makes them forget.'),
  redirect: hostPort
    .optional()
    .describe('Where plain HTTP is answered by a redirect to https, such as 0.0.0.0:80. Off when absent.'),
}

/** `tls` of a workspace: how clients are met on `listen`. */
export const tlsConfig = z.union([
  z.strictObject({ ...pair, ...common }),
  z.strictObject({
    certificates: z
      .array(z.strictObject(pair))
      .min(1)
      .describe('Certificates, each for the names it bears; clients that ask for another name get the first.'),
    ...common,
  }),
])

export type TlsConfig = z.output<typeof tlsConfig>

/** A certificate of the gateway's, its texts in PEM. */
export type Certificate = Pair & {
  /** The DNS names it is for, in lower case; `*.example.com` for any one label. */
  readonly names: readonly string[]
  /** Which kind of key it has: two kinds may serve one name. */
  readonly keyType: string
  /** The last moment it is good for, in milliseconds since 1970. */
  readonly expiresAt: number
}

/** How clients are met: all files read and checked. */
export type ServerTls = {
  /** The first is for who asks for no name that another has. */
  readonly certificates: readonly Certificate[]
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3'
  readonly clients: { readonly ca: string; readonly crl: string | undefined; readonly required: boolean } | undefined
  readonly hstsMs: number
  readonly redirect: HostPort | undefined
}

/** The files that `tls` is made of. */
export const tlsFiles = (tls: TlsConfig | undefined): readonly string[] =>
  tls === undefined
    ? []
    : [...pairsOf(tls).flatMap(({ cert, key }) => [cert, key]), tls.clients?.ca, tls.clients?.crl].filter(
        (file) => file !== undefined,
      )

const pairsOf = (tls: TlsConfig): readonly Pair[] => ('certificates' in tls ? tls.certificates : [tls])

type Surroundings = {
  readonly workspaceDir: string
  readonly placeOf: (path: readonly (string | number)[]) => Place
}

/** Reads the files of `tls`. What is missing, is no PEM or does not fit together is a diagnostic. */
export const compileTls = (
  tls: TlsConfig | undefined,
  { workspaceDir, placeOf }: Surroundings,
): { readonly tls: ServerTls | undefined; readonly diagnostics: readonly Diagnostic[] } => {
  if (tls === undefined) return { tls, diagnostics: [] }
  const diagnostics: Diagnostic[] = []
  const tell =
    (path: readonly (string | number)[], severity: Diagnostic['severity'] = 'error') =>
    (message: string, code: Code): undefined => {
      const coordinate = ['tls', ...path].join('.').replaceAll(/\.(\d+)/g, '[$1]')
      diagnostics.push({ severity, code, place: placeOf(['tls', ...path]), coordinate, message })
    }
  const read = (file: string, kind: Parameters<typeof readPem>[1], path: readonly (string | number)[]) =>
    readPem(file, kind, { workspaceDir, refuse: tell(path) })

  const certificates: Certificate[] = []
  for (const [index, files] of pairsOf(tls).entries()) {
    const path = 'certificates' in tls ? ['certificates', index] : []
    const cert = read(files.cert, 'certificate', [...path, 'cert'])
    const key = read(files.key, 'privateKey', [...path, 'key'])
    if (cert === undefined || key === undefined) continue
    const unfit = unfitPair({ cert, key }, files)
    if (unfit !== undefined) {
      tell([...path, 'key'])(unfit, 'PORTICO-012')
      continue
    }
    const certificate = certificateOf({ cert, key })
    const doubt = doubtOf(certificate, { file: files.cert, before: certificates })
    if (doubt !== undefined) tell([...path, 'cert'], 'warning')(doubt, 'PORTICO-708')
    certificates.push(certificate)
  }
  const { minVersion, hsts: hstsMs, redirect } = tls
  const clients = tls.clients && {
    ca: read(tls.clients.ca, 'certificate', ['clients', 'ca']) ?? '',
    crl: tls.clients.crl === undefined ? undefined : read(tls.clients.crl, 'revocationList', ['clients', 'crl']),
    required: tls.clients.required,
  }
  return { tls: { certificates, minVersion, clients, hstsMs, redirect }, diagnostics }
}

const certificateOf = (texts: Pair): Certificate => {
  const { subjectAltName = '', validToDate, publicKey } = new X509Certificate(texts.cert)
  const names = [...subjectAltName.matchAll(/(?:^|, )DNS:([^,\s"]+)/g)].map(([, name = '']) => name.toLowerCase())
  return { ...texts, names, keyType: publicKey.asymmetricKeyType ?? '', expiresAt: validToDate.getTime() }
}

const soonMs = 7 * 86_400_000

/** What clients will not like about a certificate. */
const doubtOf = (
  { names, keyType, expiresAt }: Certificate,
  { file, before }: { readonly file: string; readonly before: readonly Certificate[] },
): string | undefined => {
  const leftMs = expiresAt - Date.now()
  if (leftMs <= 0) return `${file} has expired on ${dayOf(expiresAt)}: clients will refuse it.`
  if (leftMs < soonMs) return `${file} expires on ${dayOf(expiresAt)}.`
  if (names.length === 0) return `${file} bears no DNS name (subjectAltName): clients will refuse it by name.`
  const twice = names.find((name) => before.some((other) => other.keyType === keyType && other.names.includes(name)))
  return twice === undefined ? undefined : `${file} is for ${twice} as another is before it, which is the one shown.`
}

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10)
