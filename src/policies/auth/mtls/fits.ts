import type { Attributes, Certificate } from './certificate.ts'
import type { MtlsProvider, Wanted } from './provider.ts'

/** Whether a certificate is one of those that a provider takes: all that is asked has to be so, each by a whole value. */
export const fits = (certificate: Certificate, { subject, issuer, names, fingerprints }: MtlsProvider): boolean =>
  has(certificate.subject, subject) &&
  has(certificate.issuer, issuer) &&
  hasOne(certificate.dns, names.dns) &&
  (names.uri === undefined || names.uri.some((wanted) => certificate.uri.some((uri) => isBelow(uri, wanted)))) &&
  hasOne(certificate.email, names.email) &&
  hasOne([certificate.fingerprint], fingerprints)

const has = (attributes: Attributes, wanted: Wanted): boolean =>
  Object.entries(wanted).every(([name, values]) =>
    hasOne(Object.hasOwn(attributes, name) ? [attributes[name] ?? []].flat() : [], values),
  )

const hasOne = (values: readonly string[], wanted: readonly string[] | undefined): boolean =>
  wanted === undefined || values.some((value) => wanted.includes(value))

/** `spiffe://acme.example/payments/*` is what lies below, a path of its own that is not taken apart any further. */
const isBelow = (uri: string, wanted: string): boolean =>
  wanted.endsWith('/*')
    ? uri.startsWith(wanted.slice(0, -1)) &&
      uri.length >= wanted.length &&
      !/\/\.{0,2}(?:\/|$)/.test(uri.slice(wanted.length - 2))
    : uri === wanted

/** Whose it is; undefined where that is not there, or there several times. */
export const subjectOf = (
  { subject, fingerprint, ...names }: Certificate,
  from: MtlsProvider['subjectFrom'],
): string | undefined => {
  if (from === 'fingerprint') return fingerprint
  const found = from === 'cn' ? [Object.hasOwn(subject, 'CN') ? (subject['CN'] ?? []) : []].flat() : names[from]
  return found.length === 1 && found[0] !== '' ? found[0] : undefined
}
