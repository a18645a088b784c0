import { type ClientHttp2Session, connect } from 'node:http2'
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { TlsSettings } from '../../../tls.ts'
import { GrpcFailure } from '../failure.ts'
import { grpcStatus } from '../status.ts'

/** One address of a service: where to connect, and the name it goes by. */
export type Address = {
  /** An IP address. */
  readonly host: string
  readonly port: number
  /** The host of the target as the workspace writes it, whose certificate is asked for. */
  readonly name: string
}

/** As it stands in a URL: IPv6 addresses in brackets. */
export const authorityOf = (host: string, port: number): string => `${host.includes(':') ? `[${host}]` : host}:${port}`

const connectWithinMs = 10_000
/** What a stream that nobody reads keeps here at most; answers of a usual size need no more. */
const windowBytes = 262_144
const connectionWindowBytes = 4_194_304

/**
 * Opens an HTTP/2 session and waits for the server's settings: before them nothing is sent, so that a failure here
 * is one of a call that was never made. Rejects with GrpcFailure.
 */
export const openSession = (address: Address, tls: TlsSettings | undefined): Promise<ClientHttp2Session> =>
  new Promise((resolve, reject) => {
    const { host, port, name } = address
    const socket = tls === undefined ? connectTcp(port, host) : secureSocket(address, tls)
    const scheme = tls === undefined ? 'http' : 'https'
    const session = connect(`${scheme}://${authorityOf(name, port)}`, {
      createConnection: () => socket,
      settings: { enablePush: false, initialWindowSize: windowBytes },
      // Answers are bounded one by one, and calls by the service's slots.
      maxSessionMemory: Number.MAX_SAFE_INTEGER,
    })
    let settled = false
    const settle = (): void => {
      settled = true
      clearTimeout(timer)
      session.off('error', onError).off('close', onClose).off('remoteSettings', onSettings)
      // What happens to a session later is seen by its streams and its end.
      session.on('error', ignored)
    }
    const fail = (failure: GrpcFailure): void => {
      if (settled) return
      settle()
      reject(failure)
      session.destroy()
      socket.destroy()
    }
    const onError = (cause: Error & { code?: string }): void => fail(connectFailure(cause, socket))
    const onClose = (): void => fail(unreached('The connection was closed before it was ready.'))
    const onSettings = (): void => {
      settle()
      session.setLocalWindowSize(connectionWindowBytes)
      resolve(session)
    }
    const timer = setTimeout(() => fail(unreached(`No connection within ${connectWithinMs} ms.`)), connectWithinMs)
    // A server that refuses our certificate says so after the handshake (RFC 8446 §4.6.2), to a session of Node's
    // that does not pass it on.
    socket.on('error', (cause) => {
      onError(cause)
      session.destroy()
    })
    session.once('error', onError).once('close', onClose).once('remoteSettings', onSettings)
  })

/** TLS is always verified: against the system's authorities, or the service's own alone. */
const secureSocket = ({ host, port, name }: Address, { ca, cert, key, serverName }: TlsSettings): Socket => {
  const verified = serverName ?? name
  return connectTls({
    host,
    port,
    ALPNProtocols: ['h2'],
    // Without a server name, Node verifies the address itself (RFC 6066 §3 has no place for addresses).
    ...(isIP(verified) === 0 ? { servername: verified } : {}),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  })
}

const unreached = (message: string, cause?: unknown): GrpcFailure =>
  new GrpcFailure('unreached', grpcStatus.unavailable, message, { cause })

/** A peer that was reached and does not begin as HTTP/2 must (RFC 9113 §3.4) is something else. */
const connectFailure = (cause: Error & { code?: string }, socket: Socket): GrpcFailure =>
  !socket.connecting && (cause.code === 'ERR_HTTP2_ERROR' || cause.code === 'ERR_HTTP2_SESSION_ERROR')
    ? new GrpcFailure('foreign', grpcStatus.unavailable, cause.message, { cause })
    : unreached(cause.message, cause)

const ignored = (): void => undefined
