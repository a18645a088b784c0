import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { authorityOf } from '../../../../kernel/authority.ts'
import { TimeLimit } from '../../../../kernel/timer.ts'
import { ClientConnection, type ConnectionOwner, type Reading } from '../../../http2/connection.ts'
import { ConnectionError, protocolError } from '../../../http2/error.ts'
import { identityCheck, type TlsSettings } from '../../../tls.ts'
import { connectWords } from '../connect-words.ts'
import { GrpcFailure } from '../failure.ts'
import { grpcStatus } from '../status.ts'
import { WireConnection } from './connection.ts'
import type { Origin } from './request.ts'

/** One address of a service: where to connect, and the name it goes by. */
export type Address = {
  /** An IP address. */
  readonly host: string
  readonly port: number
  /** The host of the target as the workspace writes it, whose certificate is asked for. */
  readonly name: string
}

export type ConnectSettings = {
  readonly tls: TlsSettings | undefined
  /** How long it may take; 10 s by default. */
  readonly connectMs?: number | undefined
}

/**
 * Opens an HTTP/2 connection and waits for the server's settings: before them nothing is asked, so that a failure here
 * is one of a call that was never made. Rejects with GrpcFailure. `gone` is told of one that takes no more calls.
 */
export const openConnection = (
  address: Address,
  { tls, connectMs = 10_000 }: ConnectSettings,
  gone: (connection: WireConnection) => void,
): Promise<WireConnection> =>
  new Promise((resolve, reject) => {
    let ready: WireConnection | undefined
    const owner: ConnectionOwner = {
      onReady() {
        limit.end()
        ready = new WireConnection(http2, originOf(address, tls), gone)
        resolve(ready)
      },
      onGoaway() {
        if (ready === undefined) fail(unreached('The server goes away.'))
        else gone(ready)
      },
      onClose(cause) {
        if (ready === undefined) fail(connectFailure(cause))
        else {
          ready.closed()
          gone(ready)
        }
      },
    }
    const fail = (failure: GrpcFailure): void => {
      limit.end()
      reject(failure)
      http2.destroy()
    }
    const limit = new TimeLimit(connectMs, { onTime: () => fail(unreached(`No connection within ${connectMs} ms.`)) })
    const http2 = new ClientConnection(owner, (reading) => openSocket(address, tls, reading))
  })

const originOf = ({ name, port }: Address, tls: TlsSettings | undefined): Origin => ({
  authority: tls?.serverName ?? authorityOf(name, port),
  scheme: tls === undefined ? 'http' : 'https',
})

/** A socket to an address, over TLS where there are settings; what it reads goes to `onread`, or is read as of any. */
export const openSocket = ({ host, port, name }: Address, tls: TlsSettings | undefined, onread?: Reading): Socket => {
  const options = { host, port, noDelay: true, ...(onread === undefined ? {} : { onread }) }
  if (tls === undefined) return connectTcp(options)
  const { serverName = name, pins, ...context } = tls
  // TLS is always verified: against the system's authorities, or the service's own alone.
  const socket = connectTls({
    ...options,
    ALPNProtocols: ['h2'],
    // Without a server name, Node verifies the address itself (RFC 6066 §3 has no place for addresses).
    ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
    ...context,
    checkServerIdentity: identityCheck(pins),
  })
  socket.once('secureConnect', () => {
    // RFC 9113 §3.3.
    if (socket.alpnProtocol !== 'h2') socket.destroy(protocolError('The server does not speak HTTP/2.'))
  })
  return socket
}

const unreached = (message: string, cause?: unknown): GrpcFailure =>
  new GrpcFailure('unreached', grpcStatus.unavailable, connectWords(message), { cause })

/** A peer that was reached and does not begin as HTTP/2 must (RFC 9113 §3.4) is something else. */
const connectFailure = (cause: Error | undefined): GrpcFailure =>
  cause instanceof ConnectionError
    ? new GrpcFailure('foreign', grpcStatus.unavailable, cause.message, { cause })
    : unreached(cause?.message ?? 'The connection was closed before it was ready.', cause)
