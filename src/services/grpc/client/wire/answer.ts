import { type ClientHttp2Stream, constants, type IncomingHttpHeaders, type IncomingHttpStatusHeader } from 'node:http2'
import type { GrpcAnswer } from '../exchange.ts'
import { GrpcFailure, noMessage } from '../failure.ts'
import {
  brokenFailure,
  closedFailure,
  compressedFailure,
  endingOf,
  entriesOf,
  foreignFailure,
  oversizeFailure,
  prefixBytes,
} from './response.ts'

/** What becomes of a unary call. */
export type AnswerTaker = { answered(answer: GrpcAnswer): void; failed(failure: GrpcFailure): void }

/** The stream of a unary call knows its reader, so that the listeners below are made once and not for each call. */
type ReadStream = ClientHttp2Stream & { [reader]: AnswerReader }
const reader: unique symbol = Symbol('reader')

/** Reads the answer of a unary call off its stream (gRPC over HTTP/2), and tells the taker once how it ended. */
export class AnswerReader {
  readonly #stream: ClientHttp2Stream
  readonly #taker: AnswerTaker
  readonly #maxBytes: number
  #headers: IncomingHttpHeaders | undefined
  #trailers: IncomingHttpHeaders | undefined
  #first: Buffer | undefined
  #rest: Buffer[] | undefined
  #bytes = 0
  #told = false

  constructor(stream: ClientHttp2Stream, taker: AnswerTaker, maxBytes: number) {
    this.#stream = stream
    this.#taker = taker
    this.#maxBytes = maxBytes
    ;(stream as ReadStream)[reader] = this
    stream.on('response', onResponse)
    stream.on('data', onData)
    stream.on('trailers', onTrailers)
    stream.on('end', onEnd)
    stream.on('error', onError)
    stream.on('close', onClose)
  }

  /** Ends the call as nobody waits for it any more; the taker hears nothing. */
  cancel(): void {
    if (this.#told) return
    this.#told = true
    this.#stream.close(constants.NGHTTP2_CANCEL)
  }

  onResponse(headers: IncomingHttpHeaders & IncomingHttpStatusHeader): void {
    this.#headers = headers
    const failure = foreignFailure(headers)
    if (failure !== undefined) this.#fail(failure)
  }

  onData(chunk: Buffer): void {
    if (this.#told) return
    this.#bytes += chunk.length
    if (this.#first === undefined) this.#first = chunk
    else (this.#rest ??= []).push(chunk)
    if (this.#bytes < prefixBytes) return
    const length = this.#announced()
    if (length > this.#maxBytes) this.#fail(oversizeFailure(length))
    else if (this.#bytes > prefixBytes + length) this.#fail(brokenFailure('More than one message.'))
  }

  onTrailers(trailers: IncomingHttpHeaders): void {
    this.#trailers = trailers
  }

  onEnd(): void {
    if (this.#told) return
    const headers = this.#headers
    // Where there is nothing but a status, it stands in the headers.
    const last = this.#trailers ?? headers
    const ending = last === undefined ? undefined : endingOf(last)
    if (headers === undefined || ending === undefined) return
    if (ending instanceof GrpcFailure) {
      this.#fail(ending)
      return
    }
    const message = this.#message()
    if (message instanceof GrpcFailure) this.#fail(message)
    else if (message === undefined) this.#fail(noMessage(ending))
    else {
      this.#told = true
      this.#taker.answered({ message, headers: entriesOf(headers), trailers: ending })
    }
  }

  /** Where nothing else was told before, the stream ended without a status. */
  onClose(cause?: Error): void {
    if (this.#told) return
    this.#fail(closedFailure(this.#stream.rstCode, cause))
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
    if (this.#told) return
    this.#told = true
    if (!this.#stream.closed) this.#stream.close(constants.NGHTTP2_CANCEL)
    this.#taker.failed(failure)
  }
}

function onResponse(this: ReadStream, headers: IncomingHttpHeaders): void {
  this[reader].onResponse(headers)
}
function onData(this: ReadStream, chunk: Buffer): void {
  this[reader].onData(chunk)
}
function onTrailers(this: ReadStream, trailers: IncomingHttpHeaders): void {
  this[reader].onTrailers(trailers)
}
function onEnd(this: ReadStream): void {
  this[reader].onEnd()
}
function onError(this: ReadStream, error: Error): void {
  this[reader].onClose(error)
}
function onClose(this: ReadStream): void {
  this[reader].onClose()
}
