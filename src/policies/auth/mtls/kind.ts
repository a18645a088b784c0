import { X509Certificate } from 'node:crypto'
import { z } from 'zod'
import { readPem } from '../../../config/pem.ts'
import { oneOrMore } from '../../../config/scalars.ts'
import type { Diagnostic } from '../../../kernel/diagnostic.ts'
import { defineProvider } from '../authenticator.ts'
import { wordClaims } from '../bearer.ts'
import { openCertificates } from './open.ts'
import { certificateHeaders, type MtlsProvider } from './provider.ts'

const word = z.string().min(1)
const attributes = z.record(
  z.string().regex(/^[A-Za-z][A-Za-z0-9]*$/, { error: 'Expected an attribute such as CN, O or OU.' }),
  oneOrMore(word),
)
const fingerprint = z
  .string()
  .transform((text) => text.replaceAll(':', '').toLowerCase())
  .refine((text) => /^[0-9a-f]{64}$/.test(text), { error: 'Expected a SHA-256 fingerprint in hexadecimal.' })

const config = z.strictObject({
  mtls: z.strictObject({
    subject: attributes
      .default({})
      .describe(
        'Attributes of the subject, `{ O: Acme, OU: [payments, orders] }`, each with its value or several of which one will do.',
      ),
    issuer: attributes.default({}).describe('Attributes of the authority, likewise.'),
    dns: oneOrMore(word.transform((name) => name.toLowerCase()))
      .optional()
      .describe('DNS names (subjectAltName), of which it has to bear one.'),
    uri: oneOrMore(word)
      .optional()
      .describe('URIs (subjectAltName), likewise; `spiffe://acme.example/payments/*` for all below.'),
    email: oneOrMore(word).optional().describe('E-mail addresses (subjectAltName), likewise.'),
    fingerprint: oneOrMore(fingerprint)
      .optional()
      .describe('SHA-256 fingerprints of the certificates that are taken, and no others.'),
    subjectFrom: z
      .enum(['cn', 'dns', 'uri', 'email', 'fingerprint'])
      .default('cn')
      .describe('What of a certificate is the caller’s subject; it has to be there once.'),
    ...wordClaims,
    forwarded: z
      .strictObject({
        header: z
          .enum(certificateHeaders)
          .describe('`client-cert` (RFC 9440), `x-forwarded-client-cert` (Envoy), or a header of an URL-encoded PEM.'),
        ca: z.string().describe('A PEM file of the authorities that such certificates come from.'),
      })
      .optional()
      .describe(
        'Where TLS ends at a proxy: the header in which `trustedProxies`, and nobody else, tell of certificates.',
      ),
  }),
})

/** Certificates by which clients are known (mTLS). */
export const mtls = defineProvider<typeof config, MtlsProvider>({
  config,
  async compile(name, { mtls: settings }, { workspaceDir, placeOf, clientCertificates, trustedProxies }) {
    const diagnostics: Diagnostic[] = []
    const refuse = (below: readonly string[], message: string, code: Diagnostic['code'] = 'PORTICO-013'): void => {
      const path = ['auth', name, 'mtls', ...below]
      diagnostics.push({ severity: 'error', code, place: placeOf(path), coordinate: path.join('.'), message })
    }
    const { dns, uri, email, fingerprint: fingerprints, forwarded, ...rest } = settings
    if (!clientCertificates && forwarded === undefined)
      refuse(
        [],
        'No client is asked for a certificate: give `tls` its `clients`, or say by `forwarded` which header of trusted proxies has it.',
      )
    if (forwarded !== undefined && trustedProxies.length === 0)
      refuse(['forwarded'], 'Anybody can send this header: name the proxies whose word it is by `trustedProxies`.')
    const pem =
      forwarded &&
      readPem(forwarded.ca, 'certificate', {
        workspaceDir,
        refuse: (message, code) => refuse(['forwarded', 'ca'], message, code),
      })
    const authorities = pem === undefined ? [] : certificatesOf(pem)
    const provider: MtlsProvider = {
      kind: 'mtls',
      name,
      ...rest,
      names: { dns, uri, email },
      fingerprints,
      forwarded: forwarded && { header: forwarded.header, from: trustedProxies, authorities },
    }
    return {
      provider: diagnostics.length > 0 ? undefined : provider,
      diagnostics,
      files: forwarded === undefined ? [] : [forwarded.ca],
    }
  },
  scheme: () => ({ type: 'mutualTLS' }),
  holders: ({ rolesClaim, groupsClaim }) => ({
    never: [
      'scopes',
      ...(isOfCertificate(rolesClaim) ? [] : (['roles'] as const)),
      ...(isOfCertificate(groupsClaim) ? [] : (['groups'] as const)),
    ],
  }),
  open: openCertificates,
})

/** Whether a certificate may have such a claim. */
const isOfCertificate = (claim: string): boolean =>
  /^(?:(?:subject|issuer)\.\w+|dns|uri|email|fingerprint|serial)$/.test(claim)

const certificatesOf = (pem: string): readonly X509Certificate[] =>
  (pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []).map((one) => new X509Certificate(one))
