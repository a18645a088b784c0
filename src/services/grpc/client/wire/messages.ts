import { type ClientHttp2Stream, constants, type IncomingHttpHeaders, type IncomingHttpStatusHeader } from 'node:http2'
import type { MetadataEntries } from '../exchange.ts'
import { GrpcFailure } from '../failure.ts'
import type { WireReader } from './call.ts'
import { Frames } from './frames.ts'
import { brokenFailure, closedFailure, endingOf, entriesOf, foreignFailure } from './response.ts'

/** Who takes the messages of a server stream. */
export type MessageTaker = {
  /** Whether one more message is asked for; where none is, nothing more is read. */
  readonly asking: boolean
  began(headers: MetadataEntries): void
  arrived(message: Buffer): void
  completed(trailers: MetadataEntries): void
  failed(failure: GrpcFailure): void
}

/**
 * Reads a server stream off its HTTP/2 stream, no faster than messages are asked for, and tells the taker once how it
 * ended. It ended well only where the service said so after a whole message.
 */
export class MessageReader implements WireReader {
  readonly #stream: ClientHttp2Stream
  readonly #taker: MessageTaker
  readonly #frames: Frames
  #last: IncomingHttpHeaders | undefined
  #sentAll = false
  #told = false

  constructor(stream: ClientHttp2Stream, taker: MessageTaker, maxBytes: number) {
    this.#stream = stream
    this.#taker = taker
    this.#frames = new Frames(maxBytes, (message) => taker.arrived(message))
    stream.on('response', (headers) => this.#onResponse(headers))
    stream.on('data', (chunk: Buffer) => this.#onData(chunk))
    stream.on('trailers', (trailers) => this.#onTrailers(trailers))
    stream.on('end', () => this.#onEnd())
    stream.on('error', (error: Error) => this.#onClose(error))
    stream.on('close', () => this.#onClose(undefined))
  }

  /** Goes on where it was held back. */
  resume(): void {
    if (this.#stream.isPaused()) this.#stream.resume()
  }

  cancel(): void {
    if (this.#told) return
    this.#told = true
    this.#stream.close(constants.NGHTTP2_CANCEL)
  }

  #onResponse(headers: IncomingHttpHeaders & IncomingHttpStatusHeader): void {
    this.#last = headers
    const failure = foreignFailure(headers)
    if (failure !== undefined) this.#fail(failure)
    // Where there is nothing but a status, it stands in the headers, and what is beside it are trailers.
    else if (headers['grpc-status'] === undefined && !this.#told) this.#taker.began(entriesOf(headers))
  }

  #onData(chunk: Buffer): void {
    if (this.#told) return
    const failure = this.#frames.push(chunk)
    if (failure !== undefined) this.#fail(failure)
    else if (!this.#taker.asking && !this.#sentAll) this.#stream.pause()
  }

  /** Nothing more is sent: the rest is here, within the window, and is read before its connection may go. */
  #onTrailers(trailers: IncomingHttpHeaders): void {
    this.#last = trailers
    this.#sentAll = true
    this.resume()
  }

  #onEnd(): void {
    if (this.#told || this.#last === undefined) return
    const ending = endingOf(this.#last)
    if (ending === undefined) return
    if (ending instanceof GrpcFailure) this.#fail(ending)
    else if (this.#frames.partial) this.#fail(brokenFailure('Half a message.'))
    else {
      this.#told = true
      this.#taker.completed(ending)
    }
  }

  /** Where nothing else was told before, the stream ended without a status. */
  #onClose(cause: Error | undefined): void {
    if (!this.#told) this.#fail(closedFailure(this.#stream.rstCode, cause))
  }

  #fail(failure: GrpcFailure): void {
    if (this.#told) return
    this.#told = true
    if (!this.#stream.closed) this.#stream.close(constants.NGHTTP2_CANCEL)
    this.#taker.failed(failure)
  }
}
