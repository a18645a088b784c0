import type { ClientConnection } from '../../http2/connection.ts'
import type { StreamError } from '../../http2/error.ts'
import { type Fields, fieldOf } from '../../http2/fields.ts'
import type { ClientStream, StreamHandler } from '../../http2/stream.ts'
import type { BodySink, BodySource } from '../wire/body-source.ts'
import { WireError } from '../wire/error.ts'
import type { AnswerHandler, Sent } from '../wire/flight.ts'
import { ResponseHead } from '../wire/head.ts'
import type { WireRequest } from '../wire/request.ts'
import { type Origin, requestFields } from './head.ts'

/** Who gives flights their connections. */
type Crew = {
  /** An answer has begun. */
  onHeaded(): void
  onOver(): void
  /** Nobody waits for its answer any more. */
  onAborted(): void
  /** Whether it may be sent once more: the server says it did nothing with it, or the connection broke unheard. */
  mayRepeat(unprocessed: boolean): boolean
  repeat(): void
}

const noHead = Buffer.alloc(0)
const noBody = Buffer.alloc(0)

/** One request on a stream of its own, or waiting for a connection. */
export class Http2Flight implements Sent, StreamHandler, BodySink {
  readonly #request: WireRequest
  readonly #handler: AnswerHandler
  readonly #origin: Origin
  /** Called where it is given up before it has a connection. */
  onLeave: (() => void) | undefined
  #crew: Crew | undefined
  #stream: ClientStream | undefined
  #headed = false
  #repeated = false
  #over = false
  #paused = false
  /** Bytes that have come and are not credited yet. */
  #owed = 0
  #source: BodySource | undefined
  #given = 0
  #held = false

  constructor(request: WireRequest, handler: AnswerHandler, origin: Origin) {
    this.#request = request
    this.#handler = handler
    this.#origin = origin
  }

  get sent(): boolean {
    return this.#stream !== undefined
  }

  /** A connection is there. */
  send(connection: ClientConnection, crew: Crew): void {
    this.onLeave = undefined
    this.#crew = crew
    const { body, method } = this.#request
    const streamed = body !== null && typeof body !== 'string' && !(body instanceof Uint8Array)
    const whole = body === null || streamed ? noBody : typeof body === 'string' ? Buffer.from(body) : body
    const fields = requestFields(this.#request, this.#origin)
    connection.request({ head: noHead, fields, body: whole, more: streamed, bodiless: method === 'HEAD' }, this)
  }

  /** There is no connection for it, or it is none that may be sent. */
  unsent(error: WireError): void {
    this.#fail(error)
  }

  /** The body will not be complete. */
  fail(error: Error): void {
    this.#give(error instanceof WireError ? error : new WireError('broken', 'The request’s body broke off.', error))
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#stream?.consumed(this.#owed)
    this.#owed = 0
  }

  abort(): void {
    if (this.#over) return
    const stream = this.#stream
    this.onLeave?.()
    this.#crew?.onAborted()
    this.#end()
    stream?.cancel()
  }

  onStream(stream: ClientStream): void {
    this.#stream = stream
  }

  onHead(fields: Fields): void {
    this.#headed = true
    this.#crew?.onHeaded()
    this.#handler.onHead(headOf(fields))
  }

  onHints(fields: Fields): void {
    if (!this.#over) this.#handler.onHints?.(headOf(fields))
  }

  onData(bytes: Buffer, start: number, end: number): void {
    if (this.#over) return
    // The next read writes over it.
    this.#handler.onData(Buffer.from(bytes.subarray(start, end)))
    if (this.#paused) this.#owed += end - start
    else this.#stream?.consumed(end - start)
  }

  onEnd(trailers: Fields | undefined): void {
    if (this.#over) return
    this.#end()
    this.#handler.onEnd(trailers)
  }

  onFailed(error: StreamError): void {
    if (this.#over) return
    const crew = this.#crew
    if (this.#mayRepeat(error.unprocessed)) {
      this.#repeated = true
      this.#stream = undefined
      crew?.onOver()
      crew?.repeat()
      return
    }
    const untouched = error.unprocessed && this.#source === undefined
    this.#fail(new WireError(untouched ? 'unreachable' : 'broken', error.message, error))
  }

  /** The peer has all that was given of the body. */
  onTaken(): void {
    const { body } = this.#request
    if (this.#over) return
    if (this.#source === undefined) {
      this.#source = body as BodySource
      this.#source.start(this)
    } else if (this.#held) {
      this.#held = false
      this.#source.resume()
    }
  }

  write(chunk: Buffer): boolean {
    if (this.#over || this.#stream === undefined) return true
    this.#given += chunk.length
    if (this.#source?.length !== undefined && this.#given > this.#source.length) {
      this.#mismatch()
      return true
    }
    this.#held = !this.#stream.write(chunk)
    return !this.#held
  }

  end(): void {
    if (this.#over) return
    if (this.#source?.length !== undefined && this.#given !== this.#source.length) this.#mismatch()
    else this.#stream?.end()
  }

  #mismatch(): void {
    this.fail(new WireError('invalid_request', 'The body is not as long as it was said to be.'))
  }

  #give(error: WireError): void {
    const stream = this.#stream
    this.#fail(error)
    stream?.cancel()
  }

  #fail(error: WireError): void {
    if (this.#over) return
    this.#end()
    this.#handler.onError(error)
  }

  /** A body that has begun to pass is not there any more. */
  #mayRepeat(unprocessed: boolean): boolean {
    if (this.#repeated || this.#headed || this.#source !== undefined) return false
    return (unprocessed || this.#request.repeatable) && this.#crew?.mayRepeat(unprocessed) === true
  }

  #end(): void {
    this.#over = true
    this.#source?.stop()
    this.#crew?.onOver()
    this.#crew = undefined
    this.#stream = undefined
  }
}

/** An answer's head as those of HTTP/1.1 are: `:status` comes first. */
const headOf = (fields: Fields): ResponseHead => {
  const length = fieldOf(fields, 'content-length')
  return new ResponseHead(Number(fields[1]), fields.slice(2), {
    framing: length === undefined ? { kind: 'until_close' } : { kind: 'length', length: Number(length) },
    persistent: true,
    keepAliveMs: undefined,
  })
}
