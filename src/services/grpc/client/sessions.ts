import { connect } from 'node:http2'
import { authorityOf } from '../../../kernel/authority.ts'
import { TimeLimit } from '../../../kernel/timer.ts'
import { connectWords } from './connect-words.ts'
import { GrpcFailure } from './failure.ts'
import { PassSession, type PassStream } from './pass-session.ts'
import { grpcStatus } from './status.ts'
import { type Address, type ConnectSettings, openSocket } from './wire/connect.ts'

/** Sessions to one address: a server's limit of concurrent streams is for each. */
const mostSessions = 8

/**
 * Sessions of node:http2 to one address, for calls that are passed on as they come: their bodies flow both ways at
 * once, each as fast as its reader. Opened on demand; several where the server bounds the streams of one.
 */
export class PassSessions {
  readonly #address: Address
  readonly #settings: ConnectSettings
  readonly #open: PassSession[] = []
  #connecting: Promise<PassSession> | undefined
  #closed = false

  constructor(address: Address, settings: ConnectSettings) {
    this.#address = address
    this.#settings = settings
  }

  /**
   * Begins a call: its head is sent, its body is the caller's to write. `headers` are lines of metadata. Rejects with
   * GrpcFailure where the call was never made.
   */
  async request(path: string, headers: readonly string[]): Promise<PassStream> {
    const one = this.#free() ?? (await this.#another())
    if (!one.open) throw unreached('The connection takes no more calls.')
    const head = [':method', 'POST', ':scheme', this.#scheme, ':authority', this.#authority, ':path', path]
    return one.begin([...head, 'te', 'trailers', ...headers])
  }

  /** Who is asked, as requests name it. */
  get #authority(): string {
    const { name, port } = this.#address
    return this.#settings.tls?.serverName ?? authorityOf(name, port)
  }

  get #scheme(): 'http' | 'https' {
    return this.#settings.tls === undefined ? 'http' : 'https'
  }

  /** A session with room, or the least busy where there are as many as may be: calls then wait in HTTP/2's own queue. */
  #free(): PassSession | undefined {
    let least: PassSession | undefined
    for (const one of this.#open) {
      if (!one.open) continue
      if (one.free) return one
      if (least === undefined || one.streams < least.streams) least = one
    }
    return this.#open.length >= mostSessions ? least : undefined
  }

  #another(): Promise<PassSession> {
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined
    })
    return this.#connecting
  }

  /** Calls in flight end first. */
  close(): void {
    this.#closed = true
    for (const one of this.#open.splice(0)) one.close()
  }

  #connect(): Promise<PassSession> {
    const { connectMs = 10_000 } = this.#settings
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(unreached('The service is not used any more.'))
      const socket = openSocket(this.#address, this.#settings.tls)
      const session = connect(`${this.#scheme}://${this.#authority}`, {
        createConnection: () => socket,
        settings: { enablePush: false },
      })
      let one: PassSession | undefined
      const fail = (cause?: Error): void => {
        limit.end()
        session.destroy()
        reject(unreached(cause?.message ?? 'The connection was closed before it was ready.', cause))
      }
      const limit = new TimeLimit(connectMs, { onTime: () => fail(new Error(`No connection within ${connectMs} ms.`)) })
      // What ends a connection over TLS once it is open, node:http2 may leave with the socket.
      socket.on('error', fail)
      session.on('error', fail)
      session.once('close', () => {
        fail()
        const at = one === undefined ? -1 : this.#open.indexOf(one)
        if (at >= 0) this.#open.splice(at, 1)
      })
      session.once('remoteSettings', () => {
        limit.end()
        if (this.#closed) return fail()
        one = new PassSession(session, socket)
        this.#open.push(one)
        resolve(one)
      })
    })
  }
}

const unreached = (message: string, cause?: Error): GrpcFailure =>
  new GrpcFailure('unreached', grpcStatus.unavailable, connectWords(message), { cause })
