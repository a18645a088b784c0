import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { ServerTls } from '../compile/tls.ts'
import type { HostPort } from '../config/scalars.ts'
import { canonicalPath, loosestPath } from '../kernel/path.ts'
import { Problem } from '../kernel/problem.ts'
import { isAuthority } from './client.ts'
import { boundConnections } from './connections.ts'
import { continueWhenRead } from './continue.ts'
import type { Generation } from './generation.ts'
import { createHttp2Front, type NotTaken } from './http2.ts'
import { writeProblem, writeProblemTo } from './problem-reply.ts'
import { splitProtocols } from './protocol.ts'
import type { Spelt } from './routing.ts'
import { createSecurity, hstsOf } from './tls.ts'

/** The open port of a gateway. It outlives generations: each request goes to the one that is current. */
export type Listener = {
  readonly address: HostPort
  /** Takes no new connections, closes idle ones, and lets each answer close its own; resolves when the last is gone. */
  close(): Promise<void>
  /** Closes what is left: kept-alive connections whose requests are answered. */
  cut(): void
  /** How large the headers of a request may be in all, for connections from now on. */
  limitHeaders(bytes: number): void
  /**
   * New certificates, for connections from now on. Connections of clients that were verified by other authorities than
   * there are now end with the answers they wait for. Only for a port that was opened with TLS.
   */
  renew(tls: ServerTls): void
}

export type ListenerOptions = {
  readonly address: HostPort
  /** Plain HTTP where undefined. */
  readonly tls: ServerTls | undefined
  readonly maxHeaderBytes: number
  readonly current: () => Generation
}

/** Longer than the idle time of common load balancers, which must be the ones to close (RFC 9112 §9.5). */
const keepAliveMs = 76_000
const headersMs = 15_000
const requestMs = 300_000

/** Opens the port. Rejects when it cannot be had, with Node's own error. */
export const openListener = async ({ address, tls, maxHeaderBytes, current }: ListenerOptions): Promise<Listener> => {
  let retiring = false
  const security = tls === undefined ? undefined : createSecurity(tls, headersMs)
  const options = {
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: headersMs,
    requestTimeout: requestMs,
    keepAliveTimeout: keepAliveMs,
    insecureHTTPParser: false,
    noDelay: true,
    // Clients that would rather speak HTTP/2 and ask for it so, as curl does, are answered in HTTP/1.1 (RFC 9110 §7.8).
    shouldUpgradeCallback: ({ headers }: IncomingMessage) => headers.upgrade?.toLowerCase() !== 'h2c',
  }
  const secured = security && createSecureServer({ ...security.options, ...options })
  const server: Server = secured ?? createServer(options)
  const answer = (response: ServerResponse, problem: Problem): void => {
    const { tls: now } = current().plan
    writeProblem(response, problem, now && { headers: { 'strict-transport-security': hstsOf(now) } })
  }
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const generation = current()
    const problem = canonicalize(request, generation.takesRawPaths)
    if (problem === undefined) generation.handle(request, response)
    else answer(response, problem)
  }
  const refuse = (response: ServerResponse, why: NotTaken): void => writeProblem(response, notTaken[why])
  const take = (request: IncomingMessage, response: ServerResponse): void => {
    const problem = security?.isOutdated(request.socket) === true ? verifiedOtherwise : ambiguity(request)
    if (retiring || problem !== undefined) response.setHeader('connection', 'close')
    if (problem === undefined) handle(request, response)
    else answer(response, problem)
  }
  server.on('request', take)
  server.on('checkContinue', (request, response) => {
    continueWhenRead(request, response, !retiring)
    take(request, response)
  })
  const http2 = createHttp2Front({ maxHeaderBytes, idleMs: keepAliveMs, silenceMs: requestMs, handle, refuse })
  const takeHttp2 = (socket: Socket): void => http2.accept(socket)
  // With TLS clients say in the handshake what they speak; without, by their first bytes.
  if (secured !== undefined) security?.guard(secured, takeHttp2)
  const undecided =
    secured === undefined ? splitProtocols(server, { http2: takeHttp2, withinMs: headersMs }) : undefined
  boundConnections(server, { plan: () => current().plan, told: secured === undefined })
  server.on('upgrade', (request, socket: Socket, head) => {
    socket.on('error', () => socket.destroy())
    const outdated = security?.isOutdated(socket) === true
    const problem = outdated ? verifiedOtherwise : (ambiguity(request) ?? canonicalize(request, false))
    if (problem === undefined) current().upgrade(request, socket, head)
    else writeProblemTo(socket, problem)
  })
  server.on('clientError', (error: Error & { code?: string }, socket: Socket) => {
    // Before the handshake is through, there is no way to say anything.
    const isMet = !(socket instanceof TLSSocket) || socket.getFinished() !== undefined
    if (error.code === 'ECONNRESET' || !socket.writable || !isMet) socket.destroy()
    else writeProblemTo(socket, unparsable(error.code))
  })
  return {
    address: await listen(server, address),
    close: () =>
      new Promise((resolve) => {
        retiring = true
        server.close(() => resolve())
        server.closeIdleConnections()
        undecided?.close()
        http2.close()
      }),
    cut: () => {
      server.closeAllConnections()
      http2.cut()
    },
    limitHeaders(bytes) {
      // Node reads it for each connection; its types know it as an option alone.
      Object.assign(server, { maxHeaderSize: bytes })
      http2.limitHeaders(bytes)
    },
    renew(next) {
      security?.renew(next)
      http2.closeWhere((socket) => security?.isOutdated(socket) === true)
    },
  }
}

/**
 * Replaces the path by its canonical form, the one everything after works on. Where raw paths are taken, what only they
 * may be is put into its loosest form, to find by that whose it is. Refused is a path without such a form, and a Host
 * that is none (RFC 9112 §3.2): services that take it apart otherwise would see another one.
 */
const canonicalize = (request: Spelt, takesRawPaths: boolean): Problem | undefined => {
  const { url: target = '', headers } = request
  if (headers.host !== undefined && headers.host !== '' && !isAuthority(headers.host)) return noHost
  const canonical = canonicalPath(target)
  const path = canonical ?? (takesRawPaths ? loosestPath(target) : undefined)
  if (path === undefined) return noPath
  const mark = target.indexOf('?')
  if (mark >= 0 ? path.length !== mark || !target.startsWith(path) : path !== target) {
    if (takesRawPaths) request.spelt = { target, isAmbiguous: canonical === undefined }
    request.url = mark < 0 ? path : path + target.slice(mark)
  }
  return undefined
}

const noPath = new Problem('INVALID_ARGUMENT', 'The path of this request is not well-formed or not safe to pass on.')

const noHost = new Problem('INVALID_ARGUMENT', 'The Host of this request is none.')

/**
 * What Node's parser lets through, and two readers may read differently: more than one Host (RFC 9112 §3.2), of which
 * Node tells the first alone, and a coding in HTTP/1.0 (§6.1).
 */
const ambiguity = ({ rawHeaders, httpVersionMinor, headers }: IncomingMessage): Problem | undefined => {
  let hosts = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] as string
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1
  }
  if (hosts > 1) return twoHosts
  return httpVersionMinor === 0 && headers['transfer-encoding'] !== undefined ? unparsable(undefined) : undefined
}

/** Whoever gets this asks again by a new connection (RFC 9110 §15.5.20), whose certificate is looked at anew. */
const verifiedOtherwise = new Problem('UNAUTHENTICATED', 'Certificates are verified anew. Connect again.', {
  status: 421,
})

const twoHosts = new Problem('INVALID_ARGUMENT', 'The request has more than one Host.')

const unparsable = (code: string | undefined): Problem => {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new Problem('INVALID_ARGUMENT', 'The request headers are too large.', { status: 431 })
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new Problem('DEADLINE_EXCEEDED', 'The request took too long to arrive.', { status: 408 })
  return new Problem('INVALID_ARGUMENT', 'This is not a well-formed HTTP request.')
}

const notTaken: Readonly<Record<NotTaken, Problem>> = {
  headers: unparsable('HPE_HEADER_OVERFLOW'),
  host: twoHosts,
  method: new Problem('UNIMPLEMENTED', 'There is no such method.'),
}

/** Opens a port, and says which one it is where any would do. Rejects where it is taken. */
const listen = (server: Server, { host, port }: HostPort): Promise<HostPort> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      resolve({ host, port: (server.address() as AddressInfo).port })
    })
  })

export type SidePort = {
  readonly address: HostPort
  close(): Promise<void>
  /** Takes nothing new, and answers what it has begun. */
  leave(): void
}

/** A port beside that of clients, for operators: closing it waits for nobody. */
export const openSidePort = async (server: Server, wanted: HostPort): Promise<SidePort> => ({
  address: await listen(server, wanted),
  close: () =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    }),
  leave: () => void server.close(),
})
