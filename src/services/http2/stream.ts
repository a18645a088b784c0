import { ConnectionError, errorCode, StreamError } from './error.ts'
import { type Fields, fieldOf } from './fields.ts'

/** Who is told what comes back on a stream. The last thing told is either `onEnd` or `onFailed`, unless it was cancelled. */
export type StreamHandler = {
  /** Told first, before anything was sent. */
  onStream(stream: ClientStream): void
  /** The answer's head. */
  onHead(fields: Fields): void
  /** Early Hints (103) before it; other interim answers are passed over. */
  onHints?(fields: Fields): void
  /** Bytes of the body, lent until this returns. Whoever has done with them says so by `consumed`. */
  onData(bytes: Buffer, start: number, end: number): void
  /** The answer is whole. */
  onEnd(trailers: Fields | undefined): void
  onFailed(error: StreamError): void
  /** All that was given of a body that comes piece by piece has been sent: more may follow. */
  onTaken?(): void
}

/** What a stream asks of its connection. */
export type StreamOwner = {
  reset(stream: ClientStream, code: number): void
  /** Lets the peer send so much more on a stream. */
  grant(stream: ClientStream, bytes: number): void
  /** There is more of its body, or its end. */
  send(stream: ClientStream): void
  /** It is over, whoever ended it. */
  left(stream: ClientStream): void
}

/** What the peer may send on one stream before it is consumed: what a slow reader costs at most. */
export const streamWindowBytes = 262_144

/** Interim answers before the final one. */
const mostInterim = 64

type Body = { readonly body: Buffer; readonly more?: boolean; readonly bodiless?: boolean }

/** One request and its answer (RFC 9113 §8.1). */
export class ClientStream {
  /** 0 until the peer takes one more stream. */
  id = 0
  /** What may still be sent, below zero where the peer took it back (RFC 9113 §6.9.2), and what of the body is left. */
  sendWindow = 0
  body: Buffer
  sent = 0
  /** Whether more of the body is to come than there is. */
  more: boolean
  /** Whether the peer was told that it has all. */
  ended = false
  over = false
  readonly #owner: StreamOwner
  readonly #handler: StreamHandler
  readonly #bodiless: boolean
  #headed = false
  #interim = 0
  #window = streamWindowBytes
  #consumed = 0
  #announced = -1
  #received = 0

  constructor(owner: StreamOwner, { body, more = false, bodiless = false }: Body, handler: StreamHandler) {
    this.#owner = owner
    this.#handler = handler
    this.body = body
    this.more = more
    this.#bodiless = bodiless
    handler.onStream(this)
  }

  /** Adds to a body that comes piece by piece. False where it waits for the peer: `onTaken` says when it has it. */
  write(chunk: Buffer): boolean {
    if (this.over) return true
    this.body = this.sent < this.body.length ? Buffer.concat([this.body.subarray(this.sent), chunk]) : chunk
    this.sent = 0
    if (this.id > 0) this.#owner.send(this)
    return this.sent === this.body.length
  }

  /** The body is whole. */
  end(): void {
    this.more = false
    if (this.id > 0 && !this.over) this.#owner.send(this)
  }

  taken(): void {
    this.#handler.onTaken?.()
  }

  /** Gives the answer up; the handler hears nothing more. */
  cancel(): void {
    if (this.over) return
    this.over = true
    this.#owner.reset(this, errorCode.cancel)
    this.#owner.left(this)
  }

  /** So many bytes were taken by whom they are for, so that as many may come. */
  consumed(bytes: number): void {
    this.#consumed += bytes
    if (this.#consumed < streamWindowBytes / 2 || this.over) return
    this.#owner.grant(this, this.#consumed)
    this.#window += this.#consumed
    this.#consumed = 0
  }

  onHeaders(fields: Fields, endStream: boolean): void {
    if (this.#headed) {
      if (!endStream || trailersAreWrong(fields)) this.#broke('Trailers that are none.')
      else this.#end(fields)
      return
    }
    if (headIsWrong(fields)) this.#broke('A head that is none.')
    else if ((fields[1] as string).startsWith('1')) {
      this.#interim += 1
      if (endStream) this.#broke('An interim answer, and none after it.')
      else if (this.#interim > mostInterim) this.#broke('Interim answers without end.')
      else if (fields[1] === '103') this.#handler.onHints?.(fields)
    } else {
      this.#headed = true
      this.#announced = this.#bodiless || fields[1] === '304' ? 0 : lengthOf(fields)
      this.#handler.onHead(fields)
      if (endStream && !this.over) this.#end(undefined)
    }
  }

  /** `length`: what it counts for flow control, padding included. Throws ConnectionError. */
  onData(
    bytes: Buffer,
    { start, end, length }: { readonly start: number; readonly end: number; readonly length: number },
  ): void {
    this.#window -= length
    if (this.#window < 0)
      throw new ConnectionError(errorCode.flowControlError, 'More came on a stream than it was allowed.')
    if (!this.#headed) {
      this.#broke('A body without a head.')
      return
    }
    this.#received += end - start
    if (length > end - start) this.consumed(length - end + start)
    if (end > start) this.#handler.onData(bytes, start, end)
  }

  onDataEnd(): void {
    if (!this.over) this.#end(undefined)
  }

  /** RST_STREAM, GOAWAY, or the end of the connection. A request that is answered was processed, whatever is said. */
  fail(
    message: string,
    { unprocessed = false, cause }: { unprocessed?: boolean; cause?: Error | undefined } = {},
  ): void {
    if (this.over) return
    this.over = true
    this.#owner.left(this)
    this.#handler.onFailed(new StreamError(message, { unprocessed: unprocessed && !this.#headed, cause }))
  }

  /** What came is no answer (RFC 9113 §8.1.1): the stream ends, the connection goes on. */
  broke(why: string): void {
    this.#broke(why)
  }

  #broke(why: string): void {
    if (this.over) return
    this.#owner.reset(this, errorCode.protocolError)
    this.fail(why)
  }

  #end(trailers: Fields | undefined): void {
    if (this.#announced >= 0 && this.#announced !== this.#received) {
      this.#broke('A body of another length than was announced.')
      return
    }
    this.over = true
    // Answered before all was sent, which the peer need not be sent any more (RFC 9113 §8.1).
    if (!this.ended) this.#owner.reset(this, errorCode.cancel)
    this.#owner.left(this)
    this.#handler.onEnd(trailers)
  }
}

const status = /^[1-5]\d\d$/

/** RFC 9113 §8.3.2: `:status` comes first, and no other pseudo-header field. */
const headIsWrong = (fields: Fields): boolean =>
  fields[0] !== ':status' || !status.test(fields[1] as string) || anyWrong(fields, 2)

const trailersAreWrong = (fields: Fields): boolean => anyWrong(fields, 0)

const anyWrong = (fields: Fields, from: number): boolean => {
  for (let at = from; at < fields.length; at += 2) {
    const name = fields[at] as string
    if (name.startsWith(':') || ofConnections.has(name)) return true
  }
  return false
}

/** RFC 9113 §8.2.2. */
const ofConnections: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

/** What `content-length` says; -1 where there is none, and what no body has where it is no number. */
const lengthOf = (fields: Fields): number => {
  const written = fieldOf(fields, 'content-length')
  if (written === undefined) return -1
  return /^\d{1,15}$/.test(written) ? Number(written) : Number.MAX_VALUE
}
