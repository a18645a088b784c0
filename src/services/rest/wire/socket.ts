import { connect as connectPlain, isIP, type Socket } from 'node:net'
import {
  type checkServerIdentity,
  connect as connectTls,
  createSecureContext,
  type SecureContext,
  type TLSSocket,
} from 'node:tls'
import { identityCheck, type TlsSettings } from '../../tls.ts'

/** Where an origin is. */
export type Address = {
  readonly host: string
  readonly port: number
  readonly tls:
    | {
        readonly context: SecureContext
        readonly serverName: string | undefined
        readonly checkServerIdentity: typeof checkServerIdentity
      }
    | undefined
}

/** The address of an origin such as `https://[::1]:8443`. Throws where `ca` is no PEM. */
export const addressOf = ({ protocol, hostname, port }: URL, tls: TlsSettings = {}): Address => {
  const { serverName, pins, ...context } = tls
  const secure = protocol === 'https:'
  const host = hostname.replace(/^\[|\]$/g, '')
  const name = serverName ?? (isIP(host) === 0 ? host : undefined)
  return {
    host,
    port: port === '' ? (secure ? 443 : 80) : Number(port),
    // Authorities are read once, not for each connection.
    tls: secure
      ? { context: createSecureContext(context), serverName: name, checkServerIdentity: identityCheck(pins) }
      : undefined,
  }
}

/** Where a connection reads to, and who is told. */
export type Reading = {
  /** Asked before each read. */
  readonly buffer: () => Buffer
  readonly callback: (length: number) => boolean
}

/** How long a connection may be silent before the system asks whether the other end is still there. */
const keepAliveProbeMs = 60_000

/** Begins to open a socket that reads into one buffer of ours, without the machinery of a stream. */
export const openSocket = (
  { host, port, tls }: Address,
  reading: Reading,
  { session, protocol = 'http/1.1' }: { session?: Buffer | undefined; protocol?: 'http/1.1' | 'h2' } = {},
): Socket => {
  const options = {
    host,
    port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: keepAliveProbeMs,
    onread: reading,
  }
  if (tls === undefined) return connectPlain(options)
  return connectTls({
    ...options,
    rejectUnauthorized: true,
    ALPNProtocols: [protocol],
    secureContext: tls.context,
    checkServerIdentity: tls.checkServerIdentity,
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
    ...(session === undefined ? {} : { session }),
  })
}

/** Calls back with what resumes the TLS session of a verified connection, now and whenever the service sends it. */
export const onSession = (socket: Socket, keep: (session: Buffer) => void): void => {
  const secure = socket as TLSSocket
  let early: Buffer | undefined
  secure.on('session', (session) => {
    // TLS 1.2 gives it before the certificate is verified.
    if (secure.authorized) keep(session)
    else early = session
  })
  secure.once('secureConnect', () => {
    if (early !== undefined) keep(early)
  })
}
