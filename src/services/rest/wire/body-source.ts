import type { Socket } from 'node:net'
import { WireError } from './error.ts'

/** A request body that comes piece by piece, and can be held back. */
export type BodySource = {
  /** Bytes in all; undefined where only the end will tell: then it is sent in chunks. */
  readonly length: number | undefined
  /** Called once, when the head is on its way. */
  start(sink: BodySink): void
  /** The sink, which said no, takes more again. */
  resume(): void
  /** Nobody takes any more of it. May come at any time, and after the end. */
  stop(): void
}

export type BodySink = {
  /** False where the source must wait for `resume`. */
  write(chunk: Buffer): boolean
  end(): void
  /** Gives up the whole exchange: the body will not be complete. */
  fail(error: Error): void
}

/** Takes one streamed body to a socket, framed by its length or in chunks, and sees that it keeps its word. */
export class BodySender implements BodySink {
  readonly #source: BodySource
  readonly #socket: Socket
  readonly #fail: (error: Error) => void
  #sent = 0
  #held = false
  #over = false

  constructor(source: BodySource, socket: Socket, fail: (error: Error) => void) {
    this.#source = source
    this.#socket = socket
    this.#fail = fail
  }

  /** Whether all of the body has been handed over. */
  get complete(): boolean {
    return this.#over
  }

  write(chunk: Buffer): boolean {
    if (this.#over || chunk.length === 0) return true
    this.#sent += chunk.length
    const { length } = this.#source
    if (length === undefined) this.#writeChunk(chunk)
    else if (this.#sent > length) this.fail(mismatch())
    else this.#socket.write(chunk)
    this.#held = this.#socket.writableNeedDrain
    return !this.#held
  }

  end(): void {
    if (this.#over) return
    if (this.#source.length === undefined) this.#socket.write('0\r\n\r\n', 'latin1')
    else if (this.#sent !== this.#source.length) return this.fail(mismatch())
    this.#over = true
  }

  fail(error: Error): void {
    if (!this.#over) this.#fail(error)
  }

  onDrain(): void {
    if (!this.#held || this.#over) return
    this.#held = false
    this.#source.resume()
  }

  /** Takes no more of the source. */
  stop(): void {
    this.#over = true
    this.#source.stop()
  }

  #writeChunk(chunk: Buffer): void {
    this.#socket.cork()
    this.#socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1')
    this.#socket.write(chunk)
    this.#socket.write('\r\n', 'latin1')
    this.#socket.uncork()
  }
}

const mismatch = (): WireError => new WireError('invalid_request', 'The body is not as long as it was said to be.')
