import { malformed } from './error.ts'
import { parseTrailers } from './head.ts'

/** Bounds of what a chunked body says beside its data. */
const mostExtensionBytes = 16_384
const mostTrailerBytes = 16_384
/** 13 hexadecimal digits hold every length a number is exact for, but for a factor of two. */
const mostDigits = 13

const cr = 0x0d
const lf = 0x0a

type State = 'size' | 'extension' | 'size_lf' | 'data' | 'data_cr' | 'data_lf' | 'trailer' | 'done'

/**
 * Takes the framing out of a chunked body (RFC 9112 §7.1), in place: what one read brought of the data lies together
 * afterwards, in one piece, however many chunks it came in.
 */
export class ChunkedDecoder {
  #state: State = 'size'
  #size = 0
  #digits = 0
  #left = 0
  #extensions = 0
  #trailer = ''
  /** What came behind the last chunk; undefined for nothing. */
  trailers: readonly string[] | undefined

  get done(): boolean {
    return this.#state === 'done'
  }

  /**
   * Decodes `bytes` from `start` to `end`. Gives where the data that now begins at `start` ends, and leaves in
   * `consumed` where reading stopped: at `end`, or behind the last chunk. Throws WireError `malformed`.
   */
  decode(bytes: Buffer, start: number, end: number): number {
    let at = start
    let written = start
    while (at < end && this.#state !== 'done') {
      if (this.#state === 'data') {
        const next = Math.min(end, at + this.#left)
        if (written !== at) bytes.copyWithin(written, at, next)
        written += next - at
        this.#left -= next - at
        at = next
        if (this.#left === 0) this.#state = 'data_cr'
      } else if (this.#state === 'trailer') at = this.#readTrailer(bytes, at, end)
      else this.#step(bytes[at++] as number)
    }
    this.consumed = at
    return written
  }

  consumed = 0

  #step(byte: number): void {
    if (this.#state === 'size') this.#readSize(byte)
    else if (this.#state === 'extension') this.#skipExtension(byte)
    else if (this.#state === 'data_cr') this.#expect(byte, cr, 'data_lf')
    else if (this.#state === 'data_lf') this.#expect(byte, lf, 'size')
    else {
      this.#expect(byte, lf, this.#size === 0 ? 'trailer' : 'data')
      this.#left = this.#size
      this.#size = 0
      this.#digits = 0
    }
  }

  #readSize(byte: number): void {
    const digit = hexDigit(byte)
    if (digit >= 0) {
      this.#digits += 1
      if (this.#digits > mostDigits) throw malformed('a chunk that is too long')
      this.#size = this.#size * 16 + digit
    } else if (this.#digits === 0) throw malformed('a chunk size that is none')
    else if (byte === cr) this.#state = 'size_lf'
    else if (byte === 0x3b) this.#state = 'extension'
    else throw malformed('a chunk size that is none')
  }

  /** Extensions are for the two ends of a connection, and this end knows none: skipped. */
  #skipExtension(byte: number): void {
    this.#extensions += 1
    if (this.#extensions > mostExtensionBytes) throw malformed('too many chunk extensions')
    if (byte === cr) this.#state = 'size_lf'
    else if ((byte < 0x20 && byte !== 0x09) || byte === 0x7f) throw malformed('a chunk extension that is none')
  }

  #expect(byte: number, wanted: number, next: State): void {
    if (byte !== wanted) throw malformed('a chunk that does not end where it should')
    this.#state = next
  }

  /** Lines up to an empty one. Kept as text, for the few answers that have any. */
  #readTrailer(bytes: Buffer, start: number, end: number): number {
    const before = this.#trailer.length
    const text = this.#trailer + bytes.toString('latin1', start, Math.min(end, start + mostTrailerBytes + 4))
    const empty = text.startsWith('\r\n') ? 0 : text.indexOf('\r\n\r\n', Math.max(0, before - 3))
    if (empty < 0 && text.length > mostTrailerBytes) throw malformed('a trailer that is too long')
    if (empty < 0) {
      this.#trailer = text
      return end
    }
    if (empty > 0) this.trailers = parseTrailers(text.slice(0, empty))
    this.#state = 'done'
    return start + empty + (empty === 0 ? 2 : 4) - before
  }
}

const hexDigit = (byte: number): number => {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}
