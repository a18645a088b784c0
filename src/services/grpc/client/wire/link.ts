import { systemClock } from '../../../../kernel/clock.ts'
import { GrpcFailure } from '../failure.ts'
import { grpcStatus } from '../status.ts'
import { type Address, type ConnectSettings, openConnection } from './connect.ts'
import type { WireConnection } from './connection.ts'

/** Sessions to one address: a server's limit of concurrent streams is for each. */
const mostConnections = 8
// A service that comes back is found again within seconds, and one that stays away is not hammered.
const firstBackoffMs = 200
const mostBackoffMs = 5_000
/** Where an attempt fails sooner, a call may well wait for another: nobody listens there, and says so. */
const soonMs = 250
/** Between two attempts that calls wait for. */
const restMs = 100

export type LinkSettings = ConnectSettings & {
  readonly random?: (() => number) | undefined
  /** Monotonic milliseconds. */
  readonly now?: (() => number) | undefined
}

/**
 * The sessions to one address: opened on demand, several where the server bounds the streams of one, replaced when
 * they break. After a failure it goes on trying by itself, ever more slowly, and calls fail at once meanwhile. Where it
 * was refused, a call tries anew: a service that was restarted answers the first one that comes.
 */
export class WireLink {
  readonly #address: Address
  readonly #settings: LinkSettings
  readonly #open: WireConnection[] = []
  #connecting: Promise<WireConnection> | undefined
  #failure: GrpcFailure | undefined
  #backoffMs = firstBackoffMs
  /** From when on a call may try anew. */
  #triedAgainFrom = 0
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(address: Address, settings: LinkSettings) {
    this.#address = address
    this.#settings = settings
  }

  get connected(): boolean {
    return this.#open.length > 0
  }

  /** Whether it is not connected, and the last attempt to connect failed. */
  get failing(): boolean {
    return this.#failure !== undefined && this.#open.length === 0
  }

  /** A connection with one call begun on it: now, or when it is open. Throws or rejects with GrpcFailure. */
  take(): WireConnection | Promise<WireConnection> {
    let least: WireConnection | undefined
    for (const connection of this.#open) {
      if (connection.free) return connection.begin()
      if (least === undefined || connection.active < least.active) least = connection
    }
    // A full house: the call waits for a stream of the least busy, in HTTP/2's own queue.
    if (least !== undefined && this.#open.length >= mostConnections) return least.begin()
    if (this.#failure !== undefined) {
      if (least !== undefined) return least.begin()
      if (this.#now() < this.#triedAgainFrom) throw this.#failure
    }
    // Others wait for the same connection, which may be full by then.
    return this.connect().then(
      () => this.take(),
      (failure: unknown) => {
        if (this.#open.length > 0) return this.take()
        throw failure
      },
    )
  }

  /** Opens one more connection; those who ask meanwhile wait for the same. Rejects with GrpcFailure. */
  connect(): Promise<WireConnection> {
    this.#connecting ??= this.#attempt().finally(() => {
      this.#connecting = undefined
    })
    return this.#connecting
  }

  /** Calls in flight end first. */
  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    for (const connection of this.#open.splice(0)) connection.close()
  }

  async #attempt(): Promise<WireConnection> {
    clearTimeout(this.#timer)
    const begunAt = this.#now()
    try {
      const connection = await openConnection(this.#address, this.#settings, (gone) => this.#gone(gone))
      if (this.#closed) {
        connection.close()
        throw new GrpcFailure('unreached', grpcStatus.unavailable, 'The service is not used any more.')
      }
      this.#open.push(connection)
      this.#failure = undefined
      this.#backoffMs = firstBackoffMs
      return connection
    } catch (thrown) {
      this.#failed(thrown as GrpcFailure, begunAt)
      throw thrown
    }
  }

  #failed(failure: GrpcFailure, begunAt: number): void {
    if (this.#closed) return
    this.#failure = failure
    // A fifth of chance keeps gateways from coming back all at once.
    const { random = Math.random } = this.#settings
    const chance = 0.8 + random() * 0.4
    const now = this.#now()
    this.#triedAgainFrom = now - begunAt < soonMs ? now + restMs * chance : Number.POSITIVE_INFINITY
    this.#timer = setTimeout(() => void this.connect().catch(ignored), this.#backoffMs * chance).unref()
    this.#backoffMs = Math.min(this.#backoffMs * 1.6, mostBackoffMs)
  }

  #now(): number {
    return this.#settings.now?.() ?? systemClock.now()
  }

  #gone(connection: WireConnection): void {
    const at = this.#open.indexOf(connection)
    if (at >= 0) this.#open.splice(at, 1)
  }
}

const ignored = (): void => undefined
