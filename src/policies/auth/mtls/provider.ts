import type { X509Certificate } from 'node:crypto'

/** Headers in which proxies hand on certificates. No client's own ever reaches a service. */
export const certificateHeaders = [
  'client-cert',
  'x-forwarded-client-cert',
  'x-ssl-client-cert',
  'ssl-client-cert',
] as const

export type CertificateHeader = (typeof certificateHeaders)[number]

/** Values of which one has to be there. */
export type Wanted = Readonly<Record<string, readonly string[]>>

/** Certificates of clients as the plan knows them. */
export type MtlsProvider = {
  readonly kind: 'mtls'
  readonly name: string
  readonly subject: Wanted
  readonly issuer: Wanted
  /** Undefined where any will do, or none. */
  readonly names: { readonly [kind in 'dns' | 'uri' | 'email']: readonly string[] | undefined }
  /** SHA-256, in lower-case hexadecimal. */
  readonly fingerprints: readonly string[] | undefined
  readonly subjectFrom: 'cn' | 'dns' | 'uri' | 'email' | 'fingerprint'
  readonly rolesClaim: string
  readonly groupsClaim: string
  readonly forwarded: Forwarded | undefined
}

/** Certificates that proxies have verified and tell of in a header. */
export type Forwarded = {
  readonly header: CertificateHeader
  /** Ranges of the proxies. */
  readonly from: readonly string[]
  readonly authorities: readonly X509Certificate[]
}
