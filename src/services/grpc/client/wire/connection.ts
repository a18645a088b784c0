import { TimeLimit } from '../../../../kernel/timer.ts'
import type { ClientConnection } from '../../../http2/connection.ts'
import type { StreamHandler } from '../../../http2/stream.ts'
import { type Origin, type RequestHead, requestBlock, requestFields } from './request.ts'

// Servers of most languages end connections that ping more often than every five minutes.
const keepaliveMs = 310_000
const keepaliveWithinMs = 20_000

/** One HTTP/2 connection with what is known of its load. An idle one does not hold the process. */
export class WireConnection {
  /** Calls under way. */
  active = 0
  readonly #http2: ClientConnection
  readonly #origin: Origin
  readonly #keepalive: NodeJS.Timeout
  readonly #gone: (connection: WireConnection) => void
  /** The heads of requests by path, as they are sent. */
  readonly #blocks = new Map<string, Buffer>()

  /** `gone` is told when it takes no more calls. */
  constructor(http2: ClientConnection, origin: Origin, gone: (connection: WireConnection) => void) {
    this.#http2 = http2
    this.#origin = origin
    this.#gone = gone
    http2.unref()
    this.#keepalive = setInterval(() => this.#ping(), keepaliveMs).unref()
  }

  /** Whether the server takes one call more at once. */
  get free(): boolean {
    return this.active < this.#http2.maxStreams
  }

  /** Whether it takes calls. */
  get open(): boolean {
    return this.#http2.open
  }

  /** How often anything came. */
  get reads(): number {
    return this.#http2.reads
  }

  begin(): this {
    if (this.active === 0) this.#http2.ref()
    this.active += 1
    return this
  }

  end(): void {
    this.active -= 1
    if (this.active === 0) this.#http2.unref()
  }

  /** Sends a call of one message. Only while open. */
  send(head: RequestHead, body: Buffer, handler: StreamHandler): void {
    let block = this.#blocks.get(head.path)
    if (block === undefined) {
      block = requestBlock(head.path, this.#origin)
      this.#blocks.set(head.path, block)
    }
    this.#http2.request({ head: block, fields: requestFields(head), body }, handler)
  }

  /**
   * Takes no more calls, for it may lead nowhere. Those under way go on, and a ping finds out about them: pings for
   * each call that is late would have servers hang up on us.
   */
  doubt(): void {
    this.#gone(this)
    this.#http2.close()
  }

  /** Takes no more calls, and closes when the last one has ended. */
  close(): void {
    this.closed()
    this.#http2.close()
  }

  /** It is no more. */
  closed(): void {
    clearInterval(this.#keepalive)
  }

  #ping(): void {
    const limit = new TimeLimit(keepaliveWithinMs, { onTime: () => this.#http2.destroy() }).unref()
    this.#http2.ping(() => limit.end())
  }
}
