import { constants } from 'node:crypto'
import type { Server } from 'node:https'
import type { Socket } from 'node:net'
import {
  createSecureContext,
  type SecureContext,
  type SecureContextOptions,
  type TLSSocket,
  type TlsOptions,
} from 'node:tls'
import { isDeepStrictEqual } from 'node:util'
import type { Certificate, ServerTls } from '../compile/tls.ts'

/** Forward secrecy and authenticated encryption in TLS 1.2 (RFC 9325 §4.2); TLS 1.3 has nothing else. */
const ciphers = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':')

const verification = ({ clients }: ServerTls) => ({
  requestCert: clients !== undefined,
  // One that is not good is as good as none, where none will do: `auth` decides, and says why.
  rejectUnauthorized: clients?.required === true,
})

const contextOptions = (
  { minVersion, clients }: ServerTls,
  certificates: readonly Certificate[],
): SecureContextOptions => ({
  cert: certificates.map(({ cert }) => cert),
  key: certificates.map(({ key }) => key),
  minVersion,
  ciphers,
  ...(clients !== undefined && {
    ca: clients.ca,
    ...(clients.crl !== undefined && { crl: clients.crl }),
    // A resumed session would not be verified again, and outlive what has been revoked since; a renegotiated one
    // would go on as somebody else.
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
  }),
})

/** What tells browsers to come by https alone (RFC 6797 §6.1). */
export const hstsOf = ({ hstsMs }: ServerTls): string => `max-age=${Math.floor(hstsMs / 1_000)}`

/** TLS of a port, which can be renewed while it is open. */
export type Security = {
  /** What its server is made with. */
  readonly options: TlsOptions
  /** Meets clients by it, and lets each speak the protocol that was agreed on. */
  guard(server: Server, http2: (socket: Socket) => void): void
  /** Holds for connections from now on. */
  renew(tls: ServerTls): void
  /** Whether the peer of a connection was verified by what holds no more. */
  isOutdated(socket: Socket): boolean
}

/** `handshakeMs` is how long a client may take to agree on how to speak. */
export const createSecurity = (first: ServerTls, handshakeMs: number): Security => {
  let tls = first
  let contexts = contextsByName(tls)
  let guarded: Server | undefined
  const verifiedBy = new WeakMap<Socket, ServerTls['clients']>()
  return {
    options: {
      ...contextOptions(tls, tls.certificates.slice(0, 1)),
      ...verification(tls),
      ALPNProtocols: ['h2', 'http/1.1'],
      handshakeTimeout: handshakeMs,
      SNICallback(name, done) {
        const asked = name.toLowerCase()
        done(null, contexts.get(asked) ?? contexts.get(asked.replace(/^[^.]+/, '*')))
      },
    },
    guard(server, http2) {
      guarded = server
      const http1 = server.listeners('secureConnection')
      server.removeAllListeners('secureConnection')
      server.on('secureConnection', (socket: TLSSocket) => {
        verifiedBy.set(socket, tls.clients)
        if (socket.alpnProtocol === 'h2') http2(socket)
        else for (const take of http1) take.call(server, socket)
      })
    },
    renew(next) {
      // Whom the same authorities verified before is verified still.
      tls = isDeepStrictEqual(next.clients, tls.clients) ? { ...next, clients: tls.clients } : next
      contexts = contextsByName(tls)
      guarded?.setSecureContext(contextOptions(tls, tls.certificates.slice(0, 1)))
      // Node reads these for each connection; its types know them as options alone.
      Object.assign(guarded ?? {}, verification(tls))
    },
    isOutdated: (socket) => verifiedBy.get(socket) !== tls.clients,
  }
}

/** One context for each name, with a certificate of each kind of key there is for it. */
const contextsByName = (tls: ServerTls): ReadonlyMap<string, SecureContext> => {
  const certificates = new Map<string, Map<string, Certificate>>()
  for (const certificate of tls.certificates) {
    for (const name of certificate.names) {
      const kinds = certificates.get(name) ?? new Map<string, Certificate>()
      certificates.set(name, kinds)
      if (!kinds.has(certificate.keyType)) kinds.set(certificate.keyType, certificate)
    }
  }
  // Names that share their certificates share what is made of them.
  const made = new Map<string, SecureContext>()
  return new Map(
    [...certificates].map(([name, kinds]) => {
      const chosen = [...kinds.values()]
      const key = chosen.map((one) => tls.certificates.indexOf(one)).join()
      const context = made.get(key) ?? createSecureContext(contextOptions(tls, chosen))
      made.set(key, context)
      return [name, context]
    }),
  )
}
