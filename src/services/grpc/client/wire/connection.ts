import type { ClientHttp2Session } from 'node:http2'

// Servers of most languages end connections that ping more often than every five minutes.
const keepaliveMs = 310_000
const keepaliveWithinMs = 20_000

/** One HTTP/2 session with what is known of its load. An idle one does not hold the process. */
export class WireConnection {
  readonly session: ClientHttp2Session
  /** Calls under way. */
  active = 0
  /** What a server that goes away says of later streams: nothing of them was processed. */
  lastStreamId = Number.POSITIVE_INFINITY
  readonly #keepalive: NodeJS.Timeout

  constructor(session: ClientHttp2Session, gone: (connection: WireConnection) => void) {
    this.session = session
    session.unref()
    this.#keepalive = setInterval(() => this.#ping(), keepaliveMs).unref()
    // Calls that the server has accepted may end; new ones go elsewhere.
    session.on('goaway', (_code: number, lastStreamId: number) => {
      this.lastStreamId = lastStreamId
      gone(this)
    })
    session.once('close', () => {
      clearInterval(this.#keepalive)
      gone(this)
    })
  }

  /** Whether the server takes one call more at once. */
  get free(): boolean {
    return this.active < (this.session.remoteSettings.maxConcurrentStreams ?? Number.POSITIVE_INFINITY)
  }

  begin(): this {
    if (this.active === 0) this.session.ref()
    this.active += 1
    return this
  }

  end(): void {
    this.active -= 1
    if (this.active === 0 && !this.session.destroyed) this.session.unref()
  }

  /** Takes no more calls, and closes when the last one has ended. */
  close(): void {
    clearInterval(this.#keepalive)
    this.session.close()
  }

  #ping(): void {
    const timer = setTimeout(() => this.session.destroy(), keepaliveWithinMs).unref()
    const sent = this.session.ping((error: Error | null) => {
      clearTimeout(timer)
      if (error !== null) this.session.destroy()
    })
    if (!sent) clearTimeout(timer)
  }
}
