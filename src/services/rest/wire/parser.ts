import { ChunkedDecoder } from './chunked.ts'
import { malformed } from './error.ts'
import { createHeadReader, mostHeadBytes, type ResponseHead } from './head.ts'

/** Who is told of an answer. Each may put the parser to rest, by `stop`: then it reads no further. */
export type AnswerSink = {
  onHead(head: ResponseHead): void
  onHints?(head: ResponseHead): void
  /** Whether the chunk is done with when this returns. */
  onData(chunk: Buffer): boolean
  /** The answer is whole. `reusable`: nothing came after it, and more may. */
  onEnd(reusable: boolean, trailers?: readonly string[]): void
  /** The connection changes protocols, as was asked for. What has come of the new one is given with it. */
  onSwitch?(head: ResponseHead, rest: Buffer): void
}

type State = 'rest' | 'head' | 'length' | 'chunked' | 'until_close'

/** Smaller pieces are copied, so that who keeps one does not keep a whole buffer with it. */
const leastLentBytes = 16_384

/**
 * Reads answers from one connection, whatever pieces they come in (RFC 9112). Nothing of it waits: what a read
 * brought is told before `read` returns, in one piece. Throws WireError `malformed`.
 */
export class AnswerParser {
  readonly #sink: AnswerSink
  readonly #readHead: (text: string) => ResponseHead
  #state: State = 'rest'
  #bodiless = false
  #maySwitch = false
  #left = 0
  #decoder: ChunkedDecoder | undefined
  /** The part of a head that has come, and how much of interim ones before it. */
  #partial = ''
  #interim = 0
  /** Whether any of the answer has come. */
  begun = false
  /** Whether the sink kept a part of the buffer: it must not be read into again. */
  keptBuffer = false

  constructor(sink: AnswerSink, readHead = createHeadReader()) {
    this.#sink = sink
    this.#readHead = readHead
  }

  /** The next bytes are an answer to this method, which may ask for another protocol. */
  begin(method: string, maySwitch = false): void {
    this.#state = 'head'
    this.#maySwitch = maySwitch
    this.#bodiless = method === 'HEAD'
    this.#partial = ''
    this.#interim = 0
    this.begun = false
  }

  stop(): void {
    this.#state = 'rest'
    this.#partial = ''
    this.#decoder = undefined
  }

  /** Reads the first `length` bytes; the buffer is changed. */
  read(bytes: Buffer, length: number): void {
    this.keptBuffer = false
    this.begun = true
    let at = 0
    while (this.#state === 'head' && at < length) at = this.#takeHead(bytes, at, length)
    if (at >= length) return
    if (this.#state === 'length') {
      const end = Math.min(length, at + this.#left)
      this.#left -= end - at
      this.#give(bytes, at, end)
      if (this.#left === 0 && this.#state === 'length') this.#end(end === length)
    } else if (this.#state === 'chunked') this.#takeChunks(bytes, at, length)
    else if (this.#state === 'until_close') this.#give(bytes, at, length)
  }

  /** No more bytes will come. Gives whether the answer was whole by that: only one of unknown length is. */
  finish(): boolean {
    if (this.#state !== 'until_close') return false
    this.#end(false)
    return true
  }

  /** Gives where reading goes on: behind the head, or at the end where it is not all there. */
  #takeHead(bytes: Buffer, start: number, length: number): number {
    let text: string
    let next: number
    const end = this.#partial === '' ? bytes.indexOf('\r\n\r\n', start, 'latin1') : -1
    // What lies behind `length` is of an earlier read.
    if (end >= 0 && end + 4 <= length) {
      text = bytes.toString('latin1', start, end)
      next = end + 4
    } else {
      const before = this.#partial.length
      const all = this.#partial + bytes.toString('latin1', start, length)
      const at = all.indexOf('\r\n\r\n', Math.max(0, before - 3))
      if (at < 0) {
        this.#keep(all, before)
        return length
      }
      text = all.slice(0, at)
      next = start + at + 4 - before
    }
    if (this.#interim + text.length > mostHeadBytes) throw malformed('a head that is too long')
    this.#partial = ''
    const head = this.#readHead(text)
    if (head.status >= 200) this.#begin(head, next === length)
    else if (head.status === 101) {
      if (!this.#maySwitch) throw malformed('another protocol, which nobody asked for')
      this.stop()
      this.#sink.onSwitch?.(head, Buffer.from(bytes.subarray(next, length)))
      return length
    } else {
      this.#interim += text.length + 4
      if (head.status === 103) this.#sink.onHints?.(head)
    }
    return next
  }

  /** Keeps the beginning of a head, unless it shows already that it will never be one. */
  #keep(all: string, before: number): void {
    if (this.#interim + all.length > mostHeadBytes) throw malformed('a head that is too long')
    if (!all.startsWith('HTTP/1.') && !'HTTP/1.'.startsWith(all)) throw malformed('no status line of HTTP/1.1')
    if (/[^\r]\n|\r[^\n]/.test(before === 0 ? all : all.slice(before - 1)))
      throw malformed('a line that does not end in CRLF')
    this.#partial = all
  }

  #begin(head: ResponseHead, last: boolean): void {
    const { framing } = head
    const none =
      this.#bodiless ||
      head.status === 204 ||
      head.status === 304 ||
      (framing.kind === 'length' && framing.length === 0)
    if (!none) {
      this.#state = framing.kind
      if (framing.kind === 'length') this.#left = framing.length
      else if (framing.kind === 'chunked') this.#decoder = new ChunkedDecoder()
    }
    this.#sink.onHead(head)
    if (none && this.#state === 'head') this.#end(last)
  }

  #takeChunks(bytes: Buffer, start: number, length: number): void {
    const decoder = this.#decoder as ChunkedDecoder
    const end = decoder.decode(bytes, start, length)
    const { consumed, done } = decoder
    if (end > start) this.#give(bytes, start, end)
    if (done && this.#state === 'chunked') this.#end(consumed === length, decoder.trailers)
  }

  #give(bytes: Buffer, start: number, end: number): void {
    if (end - start >= leastLentBytes) {
      // Kept, unless it says otherwise: it may throw.
      this.keptBuffer = true
      this.keptBuffer = !this.#sink.onData(bytes.subarray(start, end))
    } else {
      const chunk = Buffer.allocUnsafe(end - start)
      bytes.copy(chunk, 0, start, end)
      this.#sink.onData(chunk)
    }
  }

  /** The last thing a read does: the sink may begin the next exchange. */
  #end(reusable: boolean, trailers?: readonly string[]): void {
    this.stop()
    this.#sink.onEnd(reusable, trailers)
  }
}
