import type { Socket } from 'node:net'
import { TimeLimit } from '../../../kernel/timer.ts'
import { BodySender } from './body-source.ts'
import { WireError } from './error.ts'
import type { Flight, Take } from './flight.ts'
import type { ResponseHead } from './head.ts'
import { AnswerParser, type AnswerSink } from './parser.ts'
import { type Address, onSession, openSocket } from './socket.ts'

/** Who owns a connection. */
export type ConnectionOwner = {
  readonly address: Address
  readonly connectTimeoutMs: number
  readonly readHead: (text: string) => ResponseHead
  session: Buffer | undefined
  onReady(connection: Connection): void
  /** It ended its exchange well, and may be used again. `keepAliveMs`: as the service says. */
  onFree(connection: Connection, keepAliveMs: number | undefined): void
  /** A connection that was used before closed without a byte of the answer to this request. */
  onStale(flight: Flight): void
  /** It is no more. `error` where it never was. */
  onGone(connection: Connection, error: WireError | undefined): void
}

/** What one read takes. Touched, and so held by the system, only as far as answers reach. */
const readBytes = 65_536

/** One kept-alive connection, with one exchange on it at a time, so that ending one harms no other. */
export class Connection implements AnswerSink {
  readonly #owner: ConnectionOwner
  readonly #socket: Socket
  readonly #parser: AnswerParser
  #buffer = Buffer.allocUnsafeSlow(readBytes)
  #flight: Flight | undefined
  #head: ResponseHead | undefined
  #sender: BodySender | undefined
  #ready = false
  #used = false
  #paused = false
  #error: Error | undefined
  /** Who reads since it speaks another protocol. */
  #take: Take | undefined
  /** When an idle connection is no longer used, in the owner's milliseconds. */
  idleUntil = 0
  readonly openedAt: number

  constructor(owner: ConnectionOwner, openedAt: number) {
    this.#owner = owner
    this.openedAt = openedAt
    this.#parser = new AnswerParser(this, owner.readHead)
    const reading = { buffer: () => this.#buffer, callback: (length: number) => this.#onRead(length) }
    this.#socket = openSocket(owner.address, reading, { session: owner.session })
    this.#listen()
  }

  #listen(): void {
    const socket = this.#socket
    const { tls } = this.#owner.address
    const onTime = (): void => {
      this.#error = new WireError('connect_timeout', 'The service took too long to be connected to.')
      socket.destroy()
    }
    const limit = new TimeLimit(this.#owner.connectTimeoutMs, { onTime })
    socket.once(tls === undefined ? 'connect' : 'secureConnect', () => {
      limit.end()
      this.#ready = true
      this.#owner.onReady(this)
    })
    socket.on('drain', () => this.#sender?.onDrain())
    socket.on('end', () => this.#onClosing())
    socket.on('error', (error) => {
      this.#error ??= error
      this.#onClosing()
    })
    socket.once('close', () => {
      limit.end()
      if (this.#take !== undefined) return
      this.#onClosing()
      this.#owner.onGone(this, this.#ready ? undefined : unreachable(this.#error))
    })
    if (tls !== undefined) onSession(socket, (session) => (this.#owner.session = session))
  }

  /** Sends a request; the connection is free. */
  send(flight: Flight): void {
    const socket = this.#socket
    this.#flight = flight
    flight.connection = this
    const { method, body } = flight.request
    this.#parser.begin(method, flight.request.upgrade !== undefined && flight.handler.onSwitch !== undefined)
    if (body === null) socket.write(flight.head, 'latin1')
    else if (typeof body === 'string' || body instanceof Uint8Array) {
      // Both in one system call.
      socket.cork()
      socket.write(flight.head, 'latin1')
      if (typeof body === 'string') socket.write(body, 'utf8')
      else socket.write(body)
      socket.uncork()
    } else {
      socket.write(flight.head, 'latin1')
      this.#sender = new BodySender(body, socket, (error) => {
        this.#fail(error instanceof WireError ? error : new WireError('broken', 'The request’s body broke off.', error))
      })
      body.start(this.#sender)
    }
  }

  /** An idle connection does not keep the process alive. */
  rest(): void {
    this.#socket.unref()
  }

  wake(): void {
    this.#socket.ref()
  }

  pause(): void {
    this.#paused = true
    this.#socket.pause()
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#socket.resume()
  }

  /** Gives up the exchange of a flight, and the connection with it. */
  drop(flight: Flight): void {
    if (this.#flight === flight) this.close()
  }

  /** Destroys the connection; the handler of an exchange on it is not told. */
  close(): void {
    this.#leave()
    this.#socket.destroy()
  }

  /** Fails the exchange on it, and destroys the connection. */
  fail(error: WireError): void {
    this.#fail(error)
  }

  onHead(head: ResponseHead): void {
    this.#head = head
    this.#flight?.handler.onHead(head)
  }

  onHints(head: ResponseHead): void {
    this.#flight?.handler.onHints?.(head)
  }

  onData(chunk: Buffer): boolean {
    return this.#flight?.handler.onData(chunk) ?? true
  }

  onEnd(reusable: boolean, trailers?: readonly string[]): void {
    const flight = this.#flight
    if (flight === undefined) return
    const head = this.#head as ResponseHead
    // Answered early: what is still to be sent would stand before the next request.
    const allSent = this.#socket.writableLength === 0 && this.#sender?.complete !== false
    this.#used = true
    this.#leave()
    this.resume()
    try {
      flight.handler.onEnd(trailers)
    } catch (error) {
      flight.handler.onError(untaken(error))
    }
    if (reusable && head.persistent && allSent) this.#owner.onFree(this, head.keepAliveMs)
    else this.#socket.destroy()
  }

  onSwitch(head: ResponseHead, rest: Buffer): void {
    const flight = this.#flight
    if (flight === undefined) return
    this.#leave()
    this.#take = flight.handler.onSwitch?.(head, this.#socket)
    this.#owner.onGone(this, undefined)
    if (rest.length > 0) this.#take?.(rest)
  }

  /** Always true: reading is stopped by `pause` alone. */
  #onRead(length: number): true {
    if (this.#take !== undefined) {
      if (!this.#take(this.#buffer.subarray(0, length))) this.#buffer = Buffer.allocUnsafeSlow(readBytes)
      return true
    }
    if (this.#flight === undefined) {
      // An answer to nothing: whoever asked next would take it for theirs.
      this.#socket.destroy()
      return true
    }
    try {
      this.#parser.read(this.#buffer, length)
    } catch (error) {
      this.#fail(error instanceof WireError ? error : untaken(error))
    }
    if (this.#parser.keptBuffer) this.#buffer = Buffer.allocUnsafeSlow(readBytes)
    return true
  }

  /** The socket ends, well or not. */
  #onClosing(): void {
    if (this.#take !== undefined) return
    const flight = this.#flight
    if (flight !== undefined && (this.#error !== undefined || !this.#parser.finish())) {
      if (this.#used && !this.#parser.begun && flight.request.repeatable && !flight.repeated) {
        this.#leave()
        this.#owner.onStale(flight)
      } else this.#fail(new WireError('broken', 'The connection ended before the answer was complete.', this.#error))
    }
    this.#socket.destroy()
  }

  #fail(error: WireError): void {
    const flight = this.#flight
    this.#leave()
    this.#socket.destroy()
    flight?.handler.onError(error)
  }

  /** Lets go of the exchange and all that belongs to it. */
  #leave(): void {
    this.#flight?.end()
    this.#flight = undefined
    this.#head = undefined
    this.#parser.stop()
    this.#sender?.stop()
    this.#sender = undefined
  }
}

const untaken = (error: unknown): WireError => new WireError('broken', 'The answer could not be taken.', error)

const unreachable = (error: Error | undefined): WireError =>
  error instanceof WireError ? error : new WireError('unreachable', 'The service could not be connected to.', error)
