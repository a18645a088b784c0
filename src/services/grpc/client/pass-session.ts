import { type ClientHttp2Session, type ClientHttp2Stream, constants } from 'node:http2'
import type { Socket } from 'node:net'
import { TimeLimit } from '../../../kernel/timer.ts'

// Servers of most languages end connections that ping more often than every five minutes, or without a call.
const keepaliveMs = 310_000
const keepaliveWithinMs = 20_000

/** A stream of a session, and what is known of its fate. */
export type PassStream = {
  readonly stream: ClientHttp2Stream
  /** Whether the service says that it did nothing with the call (RFC 9113 §6.8, §8.7), so that it may be made again. */
  readonly unprocessed: () => boolean
  /** The call was late. A session by which nothing came meanwhile may lead nowhere: it takes no further calls. */
  readonly late: () => void
}

/** A session of node:http2 that takes calls, with what is known of its load. */
export class PassSession {
  /** Calls under way. */
  streams = 0
  readonly #session: ClientHttp2Session
  readonly #socket: Socket
  readonly #keepalive: NodeJS.Timeout
  /** The last stream that the service takes care of. */
  #lastId = Number.POSITIVE_INFINITY
  #doubted = false

  /** `session` is ready and stands on `socket`. */
  constructor(session: ClientHttp2Session, socket: Socket) {
    this.#session = session
    this.#socket = socket
    this.#keepalive = setInterval(() => this.#ping(), keepaliveMs).unref()
    session.on('goaway', (_code, lastId) => {
      this.#lastId = lastId ?? 0
    })
    session.once('close', () => clearInterval(this.#keepalive))
  }

  /** Whether it takes calls. */
  get open(): boolean {
    return !this.#doubted && !this.#session.closed && !this.#session.destroyed
  }

  /** Whether the server takes one call more at once. */
  get free(): boolean {
    return this.streams < (this.#session.remoteSettings.maxConcurrentStreams ?? Number.POSITIVE_INFINITY)
  }

  /** Begins a call. Only while open. */
  begin(head: readonly string[]): PassStream {
    const stream = this.#session.request([...head], { endStream: false })
    const readBefore = this.#socket.bytesRead
    this.streams += 1
    stream.once('close', () => {
      this.streams -= 1
    })
    return {
      stream,
      unprocessed: () =>
        stream.rstCode === constants.NGHTTP2_REFUSED_STREAM || stream.id === undefined || stream.id > this.#lastId,
      late: () => {
        if (this.#socket.bytesRead !== readBefore) return
        this.#doubted = true
        this.close()
      },
    }
  }

  /** Calls in flight end first. */
  close(): void {
    this.#session.close()
  }

  #ping(): void {
    if (this.streams === 0) return
    const limit = new TimeLimit(keepaliveWithinMs, { onTime: () => this.#session.destroy() }).unref()
    this.#session.ping(() => limit.end())
  }
}
