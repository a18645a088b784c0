import { type ClientHttp2Stream, constants, type IncomingHttpHeaders, type IncomingHttpStatusHeader } from 'node:http2'
import type { GrpcAnswer, MetadataEntries } from '../exchange.ts'
import { GrpcFailure, noMessage } from '../failure.ts'
import { ofTheProtocol } from '../metadata.ts'
import { grpcStatus } from '../status.ts'

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
    const { ':status': status, 'content-type': type } = headers
    if (status !== 200 || type === undefined || !grpcType.test(type))
      this.#fail(new GrpcFailure('foreign', grpcStatus.unavailable, `HTTP status ${status}, content type ${type}`))
  }

  onData(chunk: Buffer): void {
    if (this.#told) return
    this.#bytes += chunk.length
    if (this.#first === undefined) this.#first = chunk
    else (this.#rest ??= []).push(chunk)
    if (this.#bytes < prefixBytes) return
    const length = this.#announced()
    if (length > this.#maxBytes) {
      const words = `A message of ${length} bytes`
      this.#fail(new GrpcFailure('oversize', grpcStatus.resourceExhausted, words))
    } else if (this.#bytes > prefixBytes + length) this.#fail(broken('More than one message.'))
  }

  onTrailers(trailers: IncomingHttpHeaders): void {
    this.#trailers = trailers
  }

  onEnd(): void {
    if (this.#told) return
    const headers = this.#headers
    // Where there is nothing but a status, it stands in the headers.
    const last = this.#trailers ?? headers
    const written = last?.['grpc-status']
    if (headers === undefined || last === undefined || typeof written !== 'string') return
    const trailers = entriesOf(last)
    const code = statusNumber.test(written) ? Number(written) : grpcStatus.unknown
    if (code !== grpcStatus.ok) {
      this.#fail(new GrpcFailure('status', code, messageText(last['grpc-message']), { trailers }))
      return
    }
    const message = this.#message()
    if (message instanceof GrpcFailure) this.#fail(message)
    else if (message === undefined) this.#fail(noMessage(trailers))
    else {
      this.#told = true
      this.#taker.answered({ message, headers: entriesOf(headers), trailers })
    }
  }

  /** Where nothing else was told before, the stream ended without a status. */
  onClose(cause?: Error): void {
    if (this.#told) return
    const { rstCode } = this.#stream
    const words = cause?.message ?? `The stream was closed with code ${rstCode} and without a status.`
    // RFC 9113 §8.7: nothing of such a stream was processed.
    if (rstCode === constants.NGHTTP2_REFUSED_STREAM)
      this.#fail(new GrpcFailure('unreached', grpcStatus.unavailable, words, { cause }))
    else this.#fail(broken(words, cause))
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
      return broken('Half a message.')
    // `identity` is all that is asked for.
    return bytes[0] === 0 ? bytes.subarray(prefixBytes) : broken('A compressed message, which was not asked for.')
  }

  #fail(failure: GrpcFailure): void {
    if (this.#told) return
    this.#told = true
    if (!this.#stream.closed) this.#stream.close(constants.NGHTTP2_CANCEL)
    this.#taker.failed(failure)
  }
}

const broken = (message: string, cause?: unknown): GrpcFailure =>
  new GrpcFailure('broken', grpcStatus.internal, message, { cause })

/** A flag of compression and the length. */
const prefixBytes = 5
/** Not gRPC-Web, which frames its trailers otherwise. */
const grpcType = /^application\/grpc(?:$|[+;])/
const statusNumber = /^\d{1,3}$/

/** `grpc-message` is percent-encoded UTF-8; what is not so encoded is kept as it is. */
const messageText = (written: string | readonly string[] | undefined): string => {
  const text = typeof written === 'string' ? written : ''
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const none: MetadataEntries = []

const entriesOf = (headers: IncomingHttpHeaders): MetadataEntries => {
  let entries: (readonly [string, string])[] | undefined
  for (const name in headers) {
    if (name.startsWith(':') || ofTheProtocol.has(name)) continue
    const value = headers[name]
    if (value === undefined) continue
    entries ??= []
    for (const one of typeof value === 'string' ? partsOf(name, value) : value) entries.push([name, one])
  }
  return entries ?? none
}

/** Binary values that came several times are joined by commas, of which base64 has none. */
const partsOf = (name: string, value: string): readonly string[] =>
  name.endsWith('-bin') && value.includes(',') ? value.split(/, */) : [value]

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
