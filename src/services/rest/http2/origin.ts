import { TimeLimit } from '../../../kernel/timer.ts'
import { ClientConnection, type ConnectionOwner } from '../../http2/connection.ts'
import { ConnectionError } from '../../http2/error.ts'
import { WireError } from '../wire/error.ts'
import type { AnswerHandler, RestLink } from '../wire/flight.ts'
import type { OriginOptions } from '../wire/origin.ts'
import { originLines, requestHead, type WireRequest } from '../wire/request.ts'
import { type Address, addressOf, openSocket } from '../wire/socket.ts'
import { Http2Flight } from './flight.ts'

/** Connections to one origin: a server's bound on concurrent streams is for each. */
const mostConnections = 8
/** Where a server says no bound, a further connection is opened past so many. */
const mostStreams = 256
/** A connection by which nothing at all came for so long may lead nowhere, and gets no more requests. */
const doubtAfterMs = 1_000
const defaultConnectMs = 10_000
const defaultMaxAgeMs = 300_000

type Session = {
  readonly connection: ClientConnection
  readonly openedAt: number
  active: number
  ready: boolean
  /** Whether an answer came on it before. */
  used: boolean
}

/**
 * One origin's connections of HTTP/2, and the requests that wait for one. What a server says it did nothing with, by
 * GOAWAY or REFUSED_STREAM, is asked once more on another connection, as is what met a connection that had just closed.
 */
export class Http2Origin implements RestLink {
  readonly address: Address
  readonly #authority: string
  readonly #scheme: 'http' | 'https'
  readonly #connectTimeoutMs: number
  readonly #maxAgeMs: number
  readonly #now: () => number
  readonly #sessions = new Set<Session>()
  #waiting: Http2Flight[] = []
  #retired: PromiseWithResolvers<void> | undefined

  constructor(options: Pick<OriginOptions, 'origin' | 'host' | 'tls' | 'connectTimeoutMs' | 'maxAgeMs' | 'now'>) {
    const url = new URL(options.origin)
    const address = addressOf(url, options.tls)
    this.address = options.host === undefined ? address : { ...address, host: options.host }
    this.#authority = url.host
    this.#scheme = address.tls === undefined ? 'http' : 'https'
    this.#connectTimeoutMs = options.connectTimeoutMs ?? defaultConnectMs
    this.#maxAgeMs = options.maxAgeMs ?? defaultMaxAgeMs
    this.#now = options.now ?? (() => performance.now())
  }

  /** Sends a request as soon as there is a connection for it. One that may not be sent fails before this returns. */
  dispatch(request: WireRequest, handler: AnswerHandler): Http2Flight {
    const flight = new Http2Flight(request, handler, { scheme: this.#scheme, authority: this.#authority })
    try {
      // One rule of what may be sent, whatever carries it.
      requestHead(request, originLines(this.#authority))
      if (request.upgrade !== undefined) throw new WireError('invalid_request', 'HTTP/2 has no upgrades.')
    } catch (error) {
      flight.unsent(error as WireError)
      return flight
    }
    this.#send(flight)
    return flight
  }

  /** Connections now. */
  get size(): number {
    return this.#sessions.size
  }

  /** Takes nothing new; each connection closes when its last answer is there. */
  retire(): Promise<void> {
    this.#retired ??= Promise.withResolvers()
    for (const { connection } of this.#sessions) connection.close()
    if (this.#sessions.size === 0) this.#retired.resolve()
    return this.#retired.promise
  }

  #send(flight: Http2Flight): void {
    const session = this.#free()
    if (session !== undefined) return this.#begin(session, flight)
    this.#waiting.push(flight)
    flight.onLeave = () => {
      this.#waiting = this.#waiting.filter((one) => one !== flight)
    }
    if (![...this.#sessions].some(({ ready }) => !ready)) this.#open()
  }

  /** A connection with room, or the least busy where there are as many as may be: requests then wait in its own queue. */
  #free(): Session | undefined {
    let least: Session | undefined
    for (const session of this.#sessions) {
      const { connection, openedAt, active } = session
      if (!connection.open) continue
      if (this.#now() - openedAt >= this.#maxAgeMs) {
        connection.close()
        continue
      }
      if (active < Math.min(connection.maxStreams, mostStreams)) return session
      if (least === undefined || active < least.active) least = session
    }
    return this.#sessions.size >= mostConnections ? least : undefined
  }

  #begin(session: Session, flight: Http2Flight): void {
    const { used, connection } = session
    const { reads } = connection
    const sentAt = this.#now()
    session.active += 1
    if (session.active === 1) connection.ref()
    flight.send(connection, {
      onHeaded: () => {
        session.used = true
      },
      onOver: () => {
        session.active -= 1
        if (session.active === 0) connection.unref()
        if (this.#retired !== undefined) connection.close()
      },
      onAborted: () => {
        if (connection.reads === reads && this.#now() - sentAt > doubtAfterMs) connection.close()
      },
      mayRepeat: (unprocessed) => this.#retired === undefined && (unprocessed || used),
      repeat: () => this.#send(flight),
    })
  }

  #open(): void {
    let failure: WireError | undefined
    const owner: ConnectionOwner = {
      onReady: () => {
        limit.end()
        session.ready = true
        connection.unref()
        for (const flight of this.#waiting.splice(0)) this.#send(flight)
      },
      onGoaway: () => {
        if (!session.ready) connection.destroy()
      },
      onClose: (cause) => {
        limit.end()
        this.#sessions.delete(session)
        if (!session.ready) this.#unreached(failure ?? unreachable(cause))
        if (this.#sessions.size === 0) this.#retired?.resolve()
      },
    }
    const connection = new ClientConnection(owner, (reading) => this.#socket(reading))
    const session: Session = { connection, openedAt: this.#now(), active: 0, ready: false, used: false }
    this.#sessions.add(session)
    const onTime = (): void => {
      failure = new WireError('connect_timeout', 'The service took too long to be connected to.')
      connection.destroy()
    }
    const limit = new TimeLimit(this.#connectTimeoutMs, { onTime })
  }

  #socket(reading: Parameters<typeof openSocket>[1]): ReturnType<typeof openSocket> {
    const socket = openSocket(this.address, reading, { protocol: 'h2' })
    if (this.#scheme === 'https')
      socket.once('secureConnect', () => {
        // RFC 9113 §3.3.
        if ((socket as { alpnProtocol?: unknown }).alpnProtocol !== 'h2')
          socket.destroy(new ConnectionError(0, 'The service does not speak HTTP/2.'))
      })
    return socket
  }

  /** No connection came about: all who wait for it are told. */
  #unreached(error: WireError): void {
    for (const flight of this.#waiting.splice(0)) flight.unsent(error)
  }
}

/** A server that was reached and does not begin as HTTP/2 must (RFC 9113 §3.4) was sent nothing, either. */
const unreachable = (cause: Error | undefined): WireError =>
  new WireError('unreachable', cause?.message ?? 'The connection was closed before it was ready.', cause)
