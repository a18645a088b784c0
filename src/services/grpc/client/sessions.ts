import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2'
import { authorityOf } from '../../../kernel/authority.ts'
import { connectWords } from './connect-words.ts'
import { GrpcFailure } from './failure.ts'
import { grpcStatus } from './status.ts'
import { type Address, type ConnectSettings, openSocket } from './wire/connect.ts'

/** Sessions to one address: a server's limit of concurrent streams is for each. */
const mostSessions = 8

type Counted = { readonly session: ClientHttp2Session; streams: number }

/**
 * Sessions of node:http2 to one address, for calls that are passed on as they come: their bodies flow both ways at
 * once, each as fast as its reader. Opened on demand; several where the server bounds the streams of one.
 */
export class PassSessions {
  readonly #address: Address
  readonly #settings: ConnectSettings
  readonly #open: Counted[] = []
  #connecting: Promise<Counted> | undefined
  #closed = false

  constructor(address: Address, settings: ConnectSettings) {
    this.#address = address
    this.#settings = settings
  }

  /**
   * Begins a call: its head is sent, its body is the caller's to write. `headers` are lines of metadata. Rejects with
   * GrpcFailure where the call was never made.
   */
  async request(path: string, headers: readonly string[]): Promise<ClientHttp2Stream> {
    const one = this.#free() ?? (await this.#another())
    const head = [':method', 'POST', ':scheme', this.#scheme, ':authority', this.#authority, ':path', path]
    if (!isUsable(one.session)) throw unreached('The connection takes no more calls.')
    const stream = one.session.request([...head, 'te', 'trailers', ...headers], { endStream: false })
    one.streams += 1
    stream.once('close', () => {
      one.streams -= 1
    })
    return stream
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
  #free(): Counted | undefined {
    let least: Counted | undefined
    for (const one of this.#open) {
      if (!isUsable(one.session)) continue
      if (one.streams < (one.session.remoteSettings.maxConcurrentStreams ?? Number.POSITIVE_INFINITY)) return one
      if (least === undefined || one.streams < least.streams) least = one
    }
    return this.#open.length >= mostSessions ? least : undefined
  }

  #another(): Promise<Counted> {
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined
    })
    return this.#connecting
  }

  /** Calls in flight end first. */
  close(): void {
    this.#closed = true
    for (const { session } of this.#open.splice(0)) session.close()
  }

  #connect(): Promise<Counted> {
    const { connectMs = 10_000 } = this.#settings
    return new Promise((resolve, reject) => {
      if (this.#closed) return reject(unreached('The service is not used any more.'))
      const session = connect(`${this.#scheme}://${this.#authority}`, {
        createConnection: () => openSocket(this.#address, this.#settings.tls),
        settings: { enablePush: false },
      })
      const one: Counted = { session, streams: 0 }
      const fail = (cause?: Error): void => {
        clearTimeout(timer)
        session.destroy()
        reject(unreached(cause?.message ?? 'The connection was closed before it was ready.', cause))
      }
      const timer = setTimeout(() => fail(new Error(`No connection within ${connectMs} ms.`)), connectMs)
      session.on('error', fail)
      session.once('close', () => {
        fail()
        const at = this.#open.indexOf(one)
        if (at >= 0) this.#open.splice(at, 1)
      })
      session.once('remoteSettings', () => {
        clearTimeout(timer)
        if (this.#closed) return fail()
        this.#open.push(one)
        resolve(one)
      })
    })
  }
}

const isUsable = ({ closed, destroyed }: ClientHttp2Session): boolean => !closed && !destroyed

const unreached = (message: string, cause?: Error): GrpcFailure =>
  new GrpcFailure('unreached', grpcStatus.unavailable, connectWords(message), { cause })
