import type { StreamError } from '../../../http2/error.ts'
import type { Fields } from '../../../http2/fields.ts'
import type { ClientStream } from '../../../http2/stream.ts'
import type { GrpcAnswer } from '../exchange.ts'
import { GrpcFailure, noMessage } from '../failure.ts'
import type { WireReader } from './reader.ts'
import {
  brokenFailure,
  compressedFailure,
  endingOf,
  entriesOf,
  failureOfStream,
  foreignFailure,
  noStatusFailure,
  oversizeFailure,
  prefixBytes,
} from './response.ts'

/** What becomes of a unary call. */
export type AnswerTaker = { answered(answer: GrpcAnswer): void; failed(failure: GrpcFailure): void }

/** Reads the answer of a unary call (gRPC over HTTP/2), and tells the taker once how it ended. */
export class AnswerReader implements WireReader {
  readonly #taker: AnswerTaker
  readonly #maxBytes: number
  #stream: ClientStream | undefined
  #headers: Fields = []
  #first: Buffer | undefined
  #rest: Buffer[] | undefined
  #bytes = 0

  constructor(taker: AnswerTaker, maxBytes: number) {
    this.#taker = taker
    this.#maxBytes = maxBytes
  }

  cancel(): void {
    this.#stream?.cancel()
  }

  onStream(stream: ClientStream): void {
    this.#stream = stream
  }

  onHead(fields: Fields): void {
    this.#headers = fields
    const failure = foreignFailure(fields)
    if (failure !== undefined) this.#fail(failure)
  }

  onData(bytes: Buffer, start: number, end: number): void {
    const size = end - start
    const chunk = Buffer.allocUnsafe(size)
    bytes.copy(chunk, 0, start, end)
    this.#bytes += size
    if (this.#first === undefined) this.#first = chunk
    else (this.#rest ??= []).push(chunk)
    this.#stream?.consumed(size)
    if (this.#bytes < prefixBytes) return
    const length = this.#announced()
    if (length > this.#maxBytes) this.#fail(oversizeFailure(length))
    else if (this.#bytes > prefixBytes + length) this.#fail(brokenFailure('More than one message.'))
  }

  onEnd(trailers: Fields | undefined): void {
    // Where there is nothing but a status, it stands in the headers.
    const ending = endingOf(trailers ?? this.#headers) ?? noStatusFailure()
    const message = ending instanceof GrpcFailure ? ending : (this.#message() ?? noMessage(ending))
    if (ending instanceof GrpcFailure) this.#taker.failed(ending)
    else if (message instanceof GrpcFailure) this.#taker.failed(message)
    else this.#taker.answered({ message, headers: entriesOf(this.#headers), trailers: ending })
  }

  onFailed(error: StreamError): void {
    this.#taker.failed(failureOfStream(error))
  }

  #announced(): number {
    const first = this.#first
    return first !== undefined && first.length >= prefixBytes ? first.readUInt32BE(1) : this.#joined().readUInt32BE(1)
  }

  #joined(): Buffer {
    const first = this.#first ?? Buffer.alloc(0)
    if (this.#rest === undefined) return first
    const joined = Buffer.concat([first, ...this.#rest], this.#bytes)
    this.#first = joined
    this.#rest = undefined
    return joined
  }

  #message(): Buffer | GrpcFailure | undefined {
    if (this.#bytes === 0) return undefined
    const bytes = this.#joined()
    if (bytes.length < prefixBytes || bytes.length < prefixBytes + bytes.readUInt32BE(1))
      return brokenFailure('Half a message.')
    return bytes[0] === 0 ? bytes.subarray(prefixBytes) : compressedFailure()
  }

  #fail(failure: GrpcFailure): void {
    this.#stream?.cancel()
    this.#taker.failed(failure)
  }
}
