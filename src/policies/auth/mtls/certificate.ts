import type { X509Certificate } from 'node:crypto'

/** The attributes of a name by their short names, `CN` and `O`; a list where a name has one several times. */
export type Attributes = Readonly<Record<string, string | readonly string[]>>

/** What a certificate says of its holder, taken apart once: rules compare whole values, never texts of names. */
export type Certificate = {
  readonly subject: Attributes
  readonly issuer: Attributes
  /** Of subjectAltName. */
  readonly dns: readonly string[]
  readonly uri: readonly string[]
  readonly email: readonly string[]
  /** SHA-256 of the whole certificate, in lower-case hexadecimal. */
  readonly fingerprint: string
  readonly serial: string
  /** In milliseconds since 1970. */
  readonly validFrom: number
  readonly validTo: number
  /** Whether it may be used by clients (RFC 5280 §4.2.1.12); one that does not say what it is for may. */
  readonly isForClients: boolean
}

const clientAuth = '1.3.6.1.5.5.7.3.2'
const anyUsage = '2.5.29.37.0'

export const readCertificate = (certificate: X509Certificate): Certificate => {
  const { subject, issuer } = certificate.toLegacyObject() as unknown as Pick<Certificate, 'subject' | 'issuer'>
  const names = namesOf(certificate.subjectAltName ?? '')
  const usages = certificate.keyUsage as readonly string[] | undefined
  const of = (kind: string): readonly string[] => names.flatMap(([name, value]) => (name === kind ? [value] : []))
  return {
    subject: { ...subject },
    issuer: { ...issuer },
    dns: of('DNS').map((name) => name.toLowerCase()),
    uri: of('URI'),
    email: of('email'),
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    serial: certificate.serialNumber,
    validFrom: certificate.validFromDate.getTime(),
    validTo: certificate.validToDate.getTime(),
    isForClients: usages === undefined || usages.includes(clientAuth) || usages.includes(anyUsage),
  }
}

/** `DNS:a, URI:"b, DNS:c"`: Node quotes as JSON what has commas or quotes of its own. None where a part is neither. */
const namesOf = (text: string): readonly (readonly [kind: string, value: string])[] => {
  const part = /([A-Za-z ]+):("(?:[^"\\]|\\.)*"|[^,"]*)(?:, |$)/y
  const names: [string, string][] = []
  while (part.lastIndex < text.length) {
    const [, kind = '', value = ''] = part.exec(text) ?? []
    if (kind === '') return []
    names.push([kind, value.startsWith('"') ? String(JSON.parse(value)) : value])
  }
  return names
}
