import type { Socket } from 'node:net'
import { startTimer } from '../../../kernel/timer.ts'
import type { OpenSocket, SocketEnding } from '../../../telemetry/observers.ts'
import type { WebSocketSettings } from './config.ts'
import { closeFrame, type Farewell, FrameError, FrameReader } from './frames.ts'

/** How long a side has to answer a Close of the gateway's own, and one of the other side. */
const goodbyeMs = 1_000
const answerMs = 5_000

const goingAway = (reason: string): Farewell => ({ code: 1001, reason })
/** Applications have the codes from 4000 on (§7.4.2): clients know this one as that of subscriptions. */
const expired: Farewell = { code: 4401, reason: 'The token has expired.' }
/** Of the registry that RFC 6455 §11.7 opened. */
const badGateway: Farewell = { code: 1014, reason: 'The service broke the connection off.' }

/** One end: its socket, the frames it sends, and whether the gateway has told it to go. */
type Side = { readonly socket: Socket; readonly frames: FrameReader; told: boolean }

/**
 * A WebSocket between a client and a service: bytes pass as they come, neither side is read faster than the other
 * reads, and Close frames of the gateway's own stand only where a frame has ended. Both sides have shaken hands.
 */
export class Tunnel {
  readonly #client: Side
  readonly #service: Side
  readonly #pingsCount: boolean
  readonly #idle: NodeJS.Timeout
  readonly #age: NodeJS.Timeout
  /** Told of the messages that pass. */
  passed: OpenSocket['passed'] | undefined
  #ending: SocketEnding | undefined
  #farewell: ReadonlyMap<Side, Farewell> | undefined
  #goodbye: NodeJS.Timeout | undefined

  /** `expiresInMs`: when the client's proof of who it is ends. */
  constructor(client: Socket, service: Socket, settings: WebSocketSettings, expiresInMs = Infinity) {
    const { maxFromClient, maxFromService, idleMs, ageMs } = settings
    this.#client = side(client, new FrameReader({ masked: true, mostOfMessage: maxFromClient }))
    this.#service = side(service, new FrameReader({ masked: false, mostOfMessage: maxFromService }))
    this.#pingsCount = settings.pingsCount
    this.#idle = startTimer(idleMs, () => this.close('idle', goingAway('Nothing was said for too long.'))).unref()
    const atEnd = (): void =>
      expiresInMs < ageMs
        ? this.close('expired', expired)
        : this.close('age', goingAway('It was open for long enough. Connect again.'))
    this.#age = startTimer(Math.min(ageMs, expiresInMs), atEnd).unref()
    client.on('data', (chunk: Buffer) => this.takeFromClient(chunk))
    this.#watch(this.#client, this.#service)
    this.#watch(this.#service, this.#client)
  }

  /** What the client has sent; true where it may be written over. */
  takeFromClient(chunk: Buffer): boolean {
    return this.#take(this.#client, this.#service, chunk)
  }

  takeFromService(chunk: Buffer): boolean {
    return this.#take(this.#service, this.#client, chunk)
  }

  /** Why it ended, once it has; a client may go without a word. */
  get ending(): SocketEnding {
    return this.#ending ?? 'client'
  }

  /** Tells both sides to go, each as soon as the frame on its way to it is over, and the service what the client is not told. */
  close(why: SocketEnding, toClient: Farewell, toService: Farewell = goingAway('The client is gone.')): void {
    if (this.#farewell !== undefined) return
    this.#ending ??= why
    this.#farewell = new Map([
      [this.#client, toClient],
      [this.#service, toService],
    ])
    this.#endIn(goodbyeMs)
    for (const one of [this.#client, this.#service]) {
      this.#tell(one)
      // What it answers must be read, however far the other lags.
      one.socket.resume()
    }
  }

  #take(from: Side, to: Side, chunk: Buffer): boolean {
    try {
      const before = from.frames.messages
      const messages = from.frames.read(chunk)
      if (messages || this.#pingsCount) this.#idle.refresh()
      const whole = from.frames.messages - before
      if (whole > 0) this.passed?.(from === this.#client ? 'client' : 'service', whole)
    } catch (thrown) {
      if (!(thrown instanceof FrameError)) throw thrown
      this.#broken(from, thrown.farewell)
      return true
    }
    if (!to.told) {
      const mayGoOn = to.socket.write(chunk)
      if (!mayGoOn && this.#farewell === undefined) from.socket.pause()
    }
    if (this.#farewell !== undefined) this.#tell(to)
    if (from.frames.closed) this.#onClosed(from, to)
    return to.socket.writableLength === 0
  }

  #broken(by: Side, farewell: Farewell): void {
    if (this.#farewell !== undefined) return this.#cut()
    const why = farewell.code === 1009 ? 'message too large' : 'invalid frames'
    if (by === this.#client) this.close(why, farewell)
    else this.close(why, badGateway, farewell)
  }

  /** A side says that it goes. The other has been told by it, and answers by itself. */
  #onClosed(from: Side, to: Side): void {
    this.#ending ??= from === this.#client ? 'client' : 'service'
    this.#endIn(answerMs)
    if (from.told || to.frames.closed) from.socket.end()
  }

  #tell(one: Side): void {
    const other = one === this.#client ? this.#service : this.#client
    const farewell = this.#farewell?.get(one)
    if (one.told || farewell === undefined || !one.socket.writable) return
    if (!other.frames.between || other.frames.closed) return
    one.told = true
    one.socket.write(closeFrame(farewell, one === this.#service))
    if (one.frames.closed) one.socket.end()
  }

  #watch(one: Side, other: Side): void {
    const { socket } = one
    socket.setNoDelay(true)
    socket.on('drain', () => other.socket.resume())
    socket.on('error', () => socket.destroy())
    socket.on('end', () => {
      this.#onGone(one)
      other.socket.end()
    })
    socket.once('close', () => {
      clearTimeout(this.#idle)
      clearTimeout(this.#age)
      this.#onGone(one)
      if (other.socket.destroyed) clearTimeout(this.#goodbye)
      else this.#endIn(goodbyeMs)
      other.socket.end()
    })
  }

  /** A side sends nothing more. A service that said no goodbye is answered for. */
  #onGone(one: Side): void {
    if (one === this.#client) this.#ending ??= 'client'
    else if (!one.frames.closed) this.close('service broke off', badGateway)
  }

  #endIn(ms: number): void {
    clearTimeout(this.#goodbye)
    this.#goodbye = setTimeout(() => this.#cut(), ms)
  }

  #cut(): void {
    this.#client.socket.destroy()
    this.#service.socket.destroy()
  }
}

const side = (socket: Socket, frames: FrameReader): Side => ({ socket, frames, told: false })
