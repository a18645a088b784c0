import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { LRUCache } from 'lru-cache'
import { inRanges } from '../../../kernel/address-ranges.ts'
import type { Identity } from '../../../kernel/caller.ts'
import { Problem } from '../../../kernel/problem.ts'
import { type Authenticator, type AuthenticatorTools, type Bearer, refusals } from '../authenticator.ts'
import { wordsReader } from '../bearer.ts'
import { type Certificate, readCertificate } from './certificate.ts'
import { fits, subjectOf } from './fits.ts'
import { certificateIn } from './forwarded.ts'
import type { Forwarded, MtlsProvider } from './provider.ts'

/** No scheme is registered for it (RFC 9110 §16.4.1), and a 401 has to have one. */
const challenge = 'ClientCertificate realm="portico"'

const refusal = refusals('certificate', challenge)

const unknown = refusal('unknown credential', 'It is not one that is accepted here.')
const nameless = refusal('ambiguous', 'It does not say once whose it is.')
const expired = refusal('expired', 'It has expired.')
const early = refusal('not yet valid', 'It is not valid yet.')
const misused = refusal('usage', 'It is not for clients.')
const malformed = refusal('malformed', 'It is malformed.')
const stranger = refusal('unknown issuer', 'Its authority is not one that is accepted here.')
const revoked = refusal('revoked', 'It was revoked.')

/** What TLS found wrong (X509_V_ERR_…); anything else is a chain that leads nowhere. */
const verdicts: Readonly<Record<string, Problem>> = {
  CERT_HAS_EXPIRED: expired,
  CERT_NOT_YET_VALID: early,
  CERT_REVOKED: revoked,
  INVALID_PURPOSE: misused,
  CRL_HAS_EXPIRED: refusal('revoked', 'Whether it was revoked is not known.'),
}

type Judged = { readonly identity: Identity; readonly certificate: Certificate } | { readonly problem: Problem }

/** Certificates remembered of headers: each costs the check of a signature. */
const remembered = {
  max: 1_000,
  maxSize: 8_388_608,
  sizeCalculation: (_: unknown, key: string): number => key.length + 1,
}

/** A connection has one certificate for life, since renegotiation is off: it is judged by the first request, and dated by each. */
export const openCertificates = (
  provider: MtlsProvider,
  { clock }: Pick<AuthenticatorTools, 'clock'>,
): Authenticator => {
  const ofConnections = new WeakMap<object, Judged>()
  const ofHeaders = new LRUCache<string, Judged>(remembered)
  const words = wordsReader(provider)
  const { forwarded } = provider
  const isProxy = forwarded && inRanges(forwarded.from)

  const judge = (certificate: Certificate): Judged => {
    if (!certificate.isForClients) return { problem: misused }
    if (!fits(certificate, provider)) return { problem: unknown }
    const subject = subjectOf(certificate, provider.subjectFrom)
    if (subject === undefined) return { problem: nameless }
    const { validFrom: _from, validTo, isForClients: _usage, ...told } = certificate
    const claims = Object.freeze({ sub: subject, ...told })
    const expiresAt = Math.floor(validTo / 1_000)
    const identity = { provider: provider.name, subject, scopes: new Set<string>(), claims, expiresAt }
    return { identity: { ...identity, ...words(claims) }, certificate }
  }
  const connected = (bearer: Bearer): Judged | undefined => {
    const connection = connectionOf(bearer)
    const known = ofConnections.get(connection)
    if (known !== undefined) return known
    const shown = shownBy(bearer.raw.socket)
    if (shown === undefined) return undefined
    const judged = 'problem' in shown ? shown : judge(shown)
    ofConnections.set(connection, judged)
    return judged
  }
  const told = (from: Forwarded, header: string): Judged => {
    const known = ofHeaders.get(header)
    if (known !== undefined) return known
    const certificate = certificateIn(from.header, header)
    const issued =
      certificate && from.authorities.some((ca) => certificate.checkIssued(ca) && certificate.verify(ca.publicKey))
    const judged =
      certificate === undefined
        ? { problem: malformed }
        : issued
          ? judge(readCertificate(certificate))
          : { problem: stranger }
    ofHeaders.set(header, judged)
    return judged
  }
  const judgedOf = (bearer: Bearer): Judged | undefined => {
    if (forwarded === undefined || isProxy?.(bearer.raw.socket.remoteAddress ?? '') !== true) return connected(bearer)
    // The connection's own certificate is the proxy's.
    const header = bearer.headers[forwarded.header]
    return header === undefined ? undefined : told(forwarded, String(header))
  }
  return {
    challenge,
    find(bearer) {
      const judged = judgedOf(bearer)
      if (judged === undefined) return undefined
      if ('problem' in judged) {
        // Other rules may take a certificate that is good.
        if (judged.problem === unknown) return unknown
        throw judged.problem
      }
      const now = clock.date()
      if (now >= judged.certificate.validTo) throw expired
      if (now < judged.certificate.validFrom) throw early
      return judged.identity
    },
  }
}

/** The streams of an HTTP/2 connection have a socket object each. */
const connectionOf = ({ raw }: Bearer): object =>
  (raw as { readonly stream?: { readonly session?: object } }).stream?.session ?? raw.socket

/** What a client showed in the handshake; undefined where that was nothing. */
const shownBy = (socket: Socket): Certificate | { readonly problem: Problem } | undefined => {
  const { authorized, authorizationError } = socket as Partial<TLSSocket>
  // Bound by the call: of HTTP/2 the socket is a proxy.
  const certificate = (socket as Partial<TLSSocket>).getPeerX509Certificate?.()
  if (certificate === undefined) return undefined
  if (authorized === true) return readCertificate(certificate)
  return {
    problem:
      verdicts[String((authorizationError as { code?: string } | undefined)?.code ?? authorizationError)] ?? stranger,
  }
}
