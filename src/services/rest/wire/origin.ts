import type { TlsSettings } from '../../tls.ts'
import { Connection, type ConnectionOwner } from './connection.ts'
import { WireError } from './error.ts'
import { type AnswerHandler, Flight, type WaitingRoom } from './flight.ts'
import { createHeadReader } from './head.ts'
import { originLines, requestHead, type WireRequest } from './request.ts'
import { type Address, addressOf } from './socket.ts'

export type OriginOptions = {
  /** Scheme, host and port, such as `http://127.0.0.1:5001` or `https://[::1]`. */
  readonly origin: string
  /** The IP address to connect to, where the origin's own name is not to be looked up. */
  readonly host?: string
  readonly tls?: TlsSettings | undefined
  /** Connections at once. The slots of services bound calls; this keeps many services at one origin from taking every port. */
  readonly maxConnections?: number
  readonly connectTimeoutMs?: number
  /** How long an idle connection is kept where the service does not say. */
  readonly keepAliveMs?: number
  /** How long a connection is used before the next one asks anew where the origin is: addresses move. */
  readonly maxAgeMs?: number
  /** Monotonic milliseconds. */
  readonly now?: () => number
}

/** The service closes when its time is over, and says so one way through the network: we are a second earlier. */
const keepAliveMarginMs = 1_000
const longestKeepAliveMs = 600_000
const sweepEveryMs = 1_000

/**
 * One origin's kept-alive connections, and the requests that wait for one. HTTP/1.1 only, one exchange at a time on a
 * connection. Whoever asks owns the time: there are no time limits here but for connecting.
 */
export class Origin implements ConnectionOwner, WaitingRoom {
  readonly address: Address
  readonly connectTimeoutMs: number
  readonly readHead = createHeadReader()
  session: Buffer | undefined
  readonly #lines: string
  readonly #maxConnections: number
  readonly #keepAliveMs: number
  readonly #maxAgeMs: number
  readonly #now: () => number
  readonly #connections = new Set<Connection>()
  /** The one used last is used next, so that as few as will do stay in use. */
  readonly #idle: Connection[] = []
  readonly #waiting: Flight[] = []
  #opening = 0
  #sweeper: NodeJS.Timeout | undefined
  #closed: PromiseWithResolvers<void> | undefined
  #retired: PromiseWithResolvers<void> | undefined

  constructor(options: OriginOptions) {
    const url = new URL(options.origin)
    const address = addressOf(url, options.tls)
    this.address = options.host === undefined ? address : { ...address, host: options.host }
    this.#lines = originLines(url.host)
    this.#maxConnections = options.maxConnections ?? 2_048
    this.connectTimeoutMs = options.connectTimeoutMs ?? 10_000
    this.#keepAliveMs = options.keepAliveMs ?? 4_000
    this.#maxAgeMs = options.maxAgeMs ?? 300_000
    this.#now = options.now ?? (() => performance.now())
  }

  /**
   * Sends a request as soon as there is a connection for it. A request that may not be sent fails at once, before
   * this returns; everything else is told later.
   */
  dispatch(request: WireRequest, handler: AnswerHandler): Flight {
    let flight: Flight
    try {
      flight = new Flight(this, requestHead(request, this.#lines), { request, handler })
      if (this.#closed !== undefined) throw new WireError('closed', 'The connections to the service are closed.')
    } catch (error) {
      flight = new Flight(this, '', { request, handler })
      flight.end()
      handler.onError(error as WireError)
      return flight
    }
    const idle = this.#takeIdle()
    if (idle === undefined) {
      this.#waiting.push(flight)
      this.#open()
    } else idle.send(flight)
    return flight
  }

  /** Connections now: busy, idle and about to be opened. */
  get size(): number {
    return this.#connections.size
  }

  /**
   * Keeps no connection any more: each closes when its exchange has ended and nothing waits. Resolves when the last
   * one has.
   */
  retire(): Promise<void> {
    this.#retired ??= Promise.withResolvers()
    for (const idle of this.#idle.splice(0)) idle.close()
    if (this.#connections.size === 0) this.#retired.resolve()
    return this.#retired.promise
  }

  /** Ends everything: what is under way and what waits fails with `closed`. Resolves when the last socket has closed. */
  close(): Promise<void> {
    if (this.#closed !== undefined) return this.#closed.promise
    this.#closed = Promise.withResolvers()
    clearInterval(this.#sweeper)
    const error = new WireError('closed', 'The connections to the service are closed.')
    for (const flight of this.#waiting.splice(0)) end(flight, error)
    for (const connection of this.#connections) connection.fail(error)
    if (this.#connections.size === 0) this.#closed.resolve()
    return this.#closed.promise
  }

  leave(flight: Flight): void {
    const at = this.#waiting.indexOf(flight)
    if (at >= 0) this.#waiting.splice(at, 1)
  }

  onReady(connection: Connection): void {
    this.#opening -= 1
    this.#next(connection, this.#keepAliveMs)
  }

  onFree(connection: Connection, keepAliveMs: number | undefined): void {
    const kept = Math.min(keepAliveMs ?? Infinity, longestKeepAliveMs) - keepAliveMarginMs
    const idleMs = keepAliveMs === undefined ? this.#keepAliveMs : kept
    if (idleMs <= 0 || this.#closed !== undefined) connection.close()
    else this.#next(connection, idleMs)
  }

  /** What else is idle has most likely been closed with it; a request gets no second chance, so it gets a sound connection. */
  onStale(flight: Flight): void {
    for (const idle of this.#idle.splice(0)) idle.close()
    flight.repeat()
    this.#waiting.unshift(flight)
    this.#open()
  }

  onGone(connection: Connection, error: WireError | undefined): void {
    this.#connections.delete(connection)
    const at = this.#idle.indexOf(connection)
    if (at >= 0) this.#idle.splice(at, 1)
    if (error !== undefined) {
      this.#opening -= 1
      // One that cannot be opened fails one request, unless those still about to be opened are enough for all.
      if (this.#waiting.length > this.#opening) end(this.#waiting.shift() as Flight, error)
    }
    if (this.#closed === undefined) this.#open()
    if (this.#connections.size > 0) return
    this.#closed?.resolve()
    this.#retired?.resolve()
  }

  /** Gives a free connection its next request, or rest. */
  #next(connection: Connection, idleMs: number): void {
    const now = this.#now()
    if (now - connection.openedAt >= this.#maxAgeMs) return connection.close()
    const flight = this.#waiting.shift()
    if (flight !== undefined) return connection.send(flight)
    if (this.#retired !== undefined) return connection.close()
    connection.idleUntil = now + idleMs
    connection.rest()
    this.#idle.push(connection)
    this.#sweeper ??= setInterval(() => this.#sweep(), sweepEveryMs).unref()
  }

  #takeIdle(): Connection | undefined {
    if (this.#idle.length === 0) return undefined
    const now = this.#now()
    for (;;) {
      const connection = this.#idle.pop()
      if (connection === undefined) return undefined
      if (now < connection.idleUntil) {
        connection.wake()
        return connection
      }
      connection.close()
    }
  }

  /** Opens connections for those who wait, as many as the bound allows. */
  #open(): void {
    while (this.#opening < this.#waiting.length && this.#connections.size < this.#maxConnections) {
      this.#opening += 1
      this.#connections.add(new Connection(this, this.#now()))
    }
  }

  #sweep(): void {
    const now = this.#now()
    const over = this.#idle.filter(({ idleUntil }) => idleUntil <= now)
    for (const connection of over) {
      this.#idle.splice(this.#idle.indexOf(connection), 1)
      connection.close()
    }
    if (this.#idle.length > 0) return
    clearInterval(this.#sweeper)
    this.#sweeper = undefined
  }
}

const end = (flight: Flight, error: WireError): void => {
  flight.end()
  flight.handler.onError(error)
}
