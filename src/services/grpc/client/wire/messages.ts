import type { StreamError } from '../../../http2/error.ts'
import { type Fields, fieldOf } from '../../../http2/fields.ts'
import type { ClientStream } from '../../../http2/stream.ts'
import type { MetadataEntries } from '../exchange.ts'
import { GrpcFailure } from '../failure.ts'
import { Frames } from './frames.ts'
import type { WireReader } from './reader.ts'
import { brokenFailure, endingOf, entriesOf, failureOfStream, foreignFailure, noStatusFailure } from './response.ts'

/** Who takes the messages of a server stream. */
export type MessageTaker = {
  /** Whether one more message is asked for; where none is, no more than the stream's window comes. */
  readonly asking: boolean
  began(headers: MetadataEntries): void
  arrived(message: Buffer): void
  completed(trailers: MetadataEntries): void
  failed(failure: GrpcFailure): void
}

/**
 * Reads a server stream, whose server may send no faster than messages are asked for, and tells the taker once how it
 * ended. It ended well only where the service said so after a whole message.
 */
export class MessageReader implements WireReader {
  readonly #taker: MessageTaker
  readonly #frames: Frames
  #stream: ClientStream | undefined
  #head: Fields = []
  /** Bytes that came while no message was asked for. */
  #held = 0

  constructor(taker: MessageTaker, maxBytes: number) {
    this.#taker = taker
    this.#frames = new Frames(maxBytes, (message) => taker.arrived(message))
  }

  /** One more message is asked for. */
  resume(): void {
    const held = this.#held
    this.#held = 0
    if (held > 0) this.#stream?.consumed(held)
  }

  cancel(): void {
    this.#stream?.cancel()
  }

  onStream(stream: ClientStream): void {
    this.#stream = stream
  }

  onHead(fields: Fields): void {
    this.#head = fields
    const failure = foreignFailure(fields)
    if (failure !== undefined) this.#fail(failure)
    // Where there is nothing but a status, it stands in the headers, and what is beside it are trailers.
    else if (fieldOf(fields, 'grpc-status') === undefined) this.#taker.began(entriesOf(fields))
  }

  onData(bytes: Buffer, start: number, end: number): void {
    this.#held += end - start
    const failure = this.#frames.push(bytes, start, end)
    if (failure !== undefined) this.#fail(failure)
    else if (this.#taker.asking) this.resume()
  }

  onEnd(trailers: Fields | undefined): void {
    const ending = endingOf(trailers ?? this.#head) ?? noStatusFailure()
    if (ending instanceof GrpcFailure) this.#taker.failed(ending)
    else if (this.#frames.partial) this.#taker.failed(brokenFailure('Half a message.'))
    else this.#taker.completed(ending)
  }

  onFailed(error: StreamError): void {
    this.#taker.failed(failureOfStream(error))
  }

  #fail(failure: GrpcFailure): void {
    this.#stream?.cancel()
    this.#taker.failed(failure)
  }
}
