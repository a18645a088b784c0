import { X509Certificate } from 'node:crypto'
import type { CertificateHeader } from './provider.ts'

/** The certificate that a trusted proxy's header holds; undefined where it is malformed, or there are several. */
export const certificateIn = (header: CertificateHeader, value: string): X509Certificate | undefined => {
  try {
    const text = formats[header](value)
    return text === undefined ? undefined : new X509Certificate(text)
  } catch {
    return undefined
  }
}

/** RFC 9440 §2: a byte sequence of a structured field, which is DER in base64. */
const byteSequence = (value: string): Buffer | undefined => {
  const [, base64] = /^:([A-Za-z0-9+/]+={0,2}):$/.exec(value.trim()) ?? []
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64')
}

const begin = '-----BEGIN CERTIFICATE-----'

/** As nginx's `$ssl_client_escaped_cert` has it: one, the client's own. */
const escapedPem = (value: string): string | undefined => {
  const pem = decodeURIComponent(value)
  return pem.startsWith(begin) && pem.indexOf(begin, 1) < 0 ? pem : undefined
}

/** Envoy's elements are of proxies on the way: of more than one nobody can say which the client's is. */
const envoyElement = (value: string): string | undefined => {
  const pair = /([A-Za-z]+)=("(?:[^"\\]|\\.)*"|[^;,"]*)(?:;|$)/y
  let found: string | undefined
  while (pair.lastIndex < value.length) {
    const [, name, text = ''] = pair.exec(value) ?? []
    if (name === undefined) return undefined
    if (name.toLowerCase() !== 'cert') continue
    if (found !== undefined) return undefined
    found = text.startsWith('"') ? text.slice(1, -1) : text
  }
  return found === undefined ? undefined : escapedPem(found)
}

const formats: Readonly<Record<CertificateHeader, (value: string) => string | Buffer | undefined>> = {
  'client-cert': byteSequence,
  'x-forwarded-client-cert': envoyElement,
  'x-ssl-client-cert': escapedPem,
  'ssl-client-cert': escapedPem,
}
